//! `[[trunk]]`: providers and PBXs, and what is known of each.

use rotaline_sip as sip;
use rotaline_switch::{MAX_TRUNKS, NumberForm, Trunk, UserPhone, Vouches};

use super::{Faults, raw};

/// All of them, in their order.
pub(super) fn all(raw: &[raw::Trunk], faults: &mut Faults<'_>) -> Vec<Trunk> {
    if raw.len() > MAX_TRUNKS - 1 {
        let problem = format!("{} are too many", raw.len());
        faults.add("trunk", &problem, &format!("at most {}", MAX_TRUNKS - 1));
    }
    let numbered = (1..).zip(raw);
    numbered
        .map(|(number, raw)| one(&format!("trunk.{number}"), raw, faults))
        .collect()
}

/// Where its calls come from.
pub(super) fn networks(trunk: &Trunk) -> Vec<sip::Network> {
    let mut networks = trunk.networks.clone();
    // An address alone is a network.
    let address = trunk.address.map(|it| it.ip().to_string());
    let address = address.and_then(|it| it.parse::<sip::Network>().ok());
    networks.extend(address);
    networks
}

fn one(key: &str, raw: &raw::Trunk, faults: &mut Faults<'_>) -> Trunk {
    let address = (!raw.address.is_empty()).then(|| raw.address.parse().ok());
    if address == Some(None) {
        let problem = format!("{:?} is not an address and port", raw.address);
        faults.add(&format!("{key}.address"), &problem, "e.g. 192.0.2.10:5060");
    }
    if address.is_none() && raw.networks.is_empty() {
        let remedy =
            "say where it takes numbers (address), or where its calls come from (networks)";
        faults.add(key, "is nowhere", remedy);
    }
    let vouches = [
        ("nobody", Vouches::Nobody),
        ("asserted", Vouches::Asserted),
        ("everybody", Vouches::Everybody),
    ];
    let numbers = [
        ("+44", NumberForm::Plus),
        ("0", NumberForm::National),
        ("0044", NumberForm::Abroad),
    ];
    Trunk {
        address: address.flatten(),
        networks: super::networks(&format!("{key}.networks"), &raw.networks, faults),
        vouches: word(&format!("{key}.vouches"), &raw.vouches, &vouches, faults),
        numbers: word(&format!("{key}.numbers"), &raw.numbers, &numbers, faults),
        user_phone: match raw.user_phone {
            Some(false) => UserPhone::Unsaid,
            Some(true) | None => UserPhone::Said,
        },
        asserted: match raw.asserted {
            Some(true) => sip::Asserted::Header,
            Some(false) | None => sip::Asserted::Nowhere,
        },
    }
}

/// One of several words; none: the default.
fn word<T: Copy + Default>(
    key: &str,
    text: &str,
    words: &[(&str, T)],
    faults: &mut Faults<'_>,
) -> T {
    if text.is_empty() {
        return T::default();
    }
    let found = words.iter().find(|(word, _)| *word == text);
    if found.is_none() {
        let choices: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
        let remedy = format!("use one of {}", choices.join(", "));
        faults.add(key, &format!("{text:?} is unknown"), &remedy);
    }
    found.map_or_else(T::default, |(_, value)| *value)
}
