//! Which numbers may be rung for people, and how many.

use super::*;

fn number(text: &str) -> PhoneNumber {
    PhoneNumber::parse(text).unwrap()
}

fn prefix(text: &str) -> Prefix {
    Prefix::parse(text).unwrap()
}

#[test]
fn premium_personal_and_foreign_numbers_are_not_rung() {
    let rules = DialOutRules::default();
    let limits = DialOutLimits::new(&rules, None);
    for good in [
        "01632 960101",
        "020 7946 0001",
        "0300 1231234",
        "07700 900123",
        "0800 1111111",
    ] {
        assert_eq!(limits.check(&number(good)), Ok(()), "{good}");
    }
    for bad in [
        "0906 1234567",
        "0871 1234567",
        "070 12345678",
        "0760 1234567",
        "+1 900 5550100",
    ] {
        assert_eq!(limits.check(&number(bad)), Err(NotPlaced::Prefix), "{bad}");
    }
}

#[test]
fn calls_at_once_and_an_hour_are_bounded_for_each_organisation() {
    let organisation = |id: &str| OrganisationId::parse(id).unwrap();
    let (one, other) = (organisation("one"), organisation("other"));
    let (to, mut out) = (number("01632 960101"), DialOut::default());
    let rules = DialOutRules::default();
    let limits = DialOutLimits::new(&rules, None);
    for _ in 0..60 {
        assert_eq!(out.place(&one, limits, &to, Mono::ZERO), Ok(()));
    }
    let refused = out.place(&one, limits, &to, Mono::ZERO);
    assert_eq!(refused, Err(NotPlaced::AtOnce(60)));
    assert_eq!(out.place(&other, limits, &to, Mono::ZERO), Ok(()));
    let mut placed = 60;
    let refused = loop {
        out.over(&one);
        match out.place(&one, limits, &to, Mono::ZERO) {
            Ok(()) => placed += 1,
            Err(refused) => break refused,
        }
    };
    assert_eq!((placed, refused), (600, NotPlaced::AnHour(600)));
    assert_eq!(out.place(&one, limits, &to, Mono::ZERO + HOUR), Ok(()));
}

#[test]
fn an_organisation_s_own_values_hold_in_place_of_the_deployment_s_and_no_others() {
    let (rules, own) = (
        DialOutRules::default(),
        OwnDialOut {
            prefixes: Some(vec![prefix("01632"), prefix("07"), prefix("+353")]),
            at_once: Some(1),
            ..OwnDialOut::default()
        },
    );
    let limits = DialOutLimits::new(&rules, Some(&own));
    let shown = "+441632, +447, +353, but not +4470, +4476";
    assert_eq!(limits.to_string(), shown);
    for (text, rung) in [
        ("01632 960101", true),
        ("+353 1 555 0101", true),
        ("020 7946 0001", false),
        ("070 12345678", false),
    ] {
        assert_eq!(limits.check(&number(text)).is_ok(), rung, "{text}");
    }
    let (id, to) = (
        OrganisationId::parse("one").unwrap(),
        number("01632 960101"),
    );
    let mut out = DialOut::default();
    assert_eq!(out.place(&id, limits, &to, Mono::ZERO), Ok(()));
    let refused = out.place(&id, limits, &to, Mono::ZERO);
    assert_eq!(refused, Err(NotPlaced::AtOnce(1)));
    // The plan is edited while the call is up.
    let limits = DialOutLimits::new(&rules, None);
    assert_eq!(out.place(&id, limits, &to, Mono::ZERO), Ok(()));
}

#[test]
fn a_prefix_is_digits_however_it_is_dialled() {
    for (text, whole) in [("+441", "+441"), ("01", "+441"), ("00 44 1", "+441")] {
        assert_eq!(prefix(text).to_string(), whole, "{text}");
    }
    for (text, bad) in [
        ("", BadPrefix::Empty),
        (" ", BadPrefix::Empty),
        ("+", BadPrefix::Empty),
        ("00", BadPrefix::Empty),
        ("44", BadPrefix::NoDigits),
        ("+44x", BadPrefix::NoDigits),
        ("+044", BadPrefix::NoDigits),
        ("0٤", BadPrefix::NoDigits),
        ("+1234567890123456", BadPrefix::TooLong),
    ] {
        assert_eq!(Prefix::parse(text), Err(bad), "{text:?}");
    }
}
