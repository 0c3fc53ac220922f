//! A network of addresses, as operators write it: `192.0.2.0/24`, `2001:db8::/32`, or one address.
//!
//! RFC 4632 section 3.1 and RFC 4291 section 2.3. No names, and no ranges that are no prefix.

use std::net::IpAddr;
use std::str::FromStr;

use thiserror::Error;

/// Addresses that begin alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    prefix_bits: u32,
}

/// Why a text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NetworkError {
    /// What is before the slash is no IPv4 or IPv6 address, or an IPv4 address in IPv6's clothes.
    #[error("no IPv4 or IPv6 address")]
    Address,
    /// What is behind the slash is no length of a prefix.
    #[error("the prefix is not a number from 0 to {most}")]
    Prefix {
        /// The longest.
        most: u32,
    },
    /// The address has bits beyond the prefix: is it the network or the one host that is meant?
    #[error("{first}/{prefix_bits} is the network that this address is in")]
    Host {
        /// The network's first address.
        first: IpAddr,
        /// The length of the prefix.
        prefix_bits: u32,
    },
}

impl Network {
    /// Whether an address is in it; an IPv4 address is itself in IPv6's clothes too, as a socket of
    /// both families gives it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4()
            && first_of(address, self.prefix_bits) == self.first
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError::Address)?;
        if address.to_canonical() != address {
            return Err(NetworkError::Address);
        }
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match prefix {
            None => most,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                let bits = digits.parse().ok().filter(|bits| *bits <= most);
                bits.ok_or(NetworkError::Prefix { most })?
            }
            Some(_) => return Err(NetworkError::Prefix { most }),
        };
        let first = first_of(address, prefix_bits);
        if first == address {
            Ok(Self { first, prefix_bits })
        } else {
            Err(NetworkError::Host { first, prefix_bits })
        }
    }
}

/// The address with all bits beyond the prefix off.
fn first_of(address: IpAddr, prefix_bits: u32) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let beyond = u32::MAX.checked_shr(prefix_bits).unwrap_or(0);
            IpAddr::V4((address.to_bits() & !beyond).into())
        }
        IpAddr::V6(address) => {
            let beyond = u128::MAX.checked_shr(prefix_bits).unwrap_or(0);
            IpAddr::V6((address.to_bits() & !beyond).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(network: &str, address: &str) -> bool {
        let network: Network = network.parse().unwrap();
        network.contains(address.parse().unwrap())
    }

    #[test]
    fn a_network_holds_its_own_addresses_and_no_others() {
        assert!(holds("192.0.2.0/24", "192.0.2.0"));
        assert!(holds("192.0.2.0/24", "192.0.2.255"));
        assert!(!holds("192.0.2.0/24", "192.0.3.0"));
        assert!(!holds("192.0.2.0/24", "192.0.1.255"));
        assert!(holds("192.0.2.128/25", "192.0.2.200"));
        assert!(!holds("192.0.2.128/25", "192.0.2.127"));
        assert!(holds("192.0.2.7", "192.0.2.7"));
        assert!(!holds("192.0.2.7", "192.0.2.6"));
        assert!(holds("2001:db8::/33", "2001:db8:7fff::1"));
        assert!(!holds("2001:db8::/33", "2001:db8:8000::1"));
        assert!(holds("2001:db8::1", "2001:db8::1"));
    }

    #[test]
    fn everything_of_a_family_is_a_network_and_families_are_apart() {
        assert!(holds("0.0.0.0/0", "203.0.113.9"));
        assert!(!holds("0.0.0.0/0", "2001:db8::1"));
        assert!(holds("::/0", "2001:db8::1"));
        assert!(!holds("::/0", "203.0.113.9"));
        assert!(holds("192.0.2.0/24", "::ffff:192.0.2.9"));
        assert!(!holds("::/0", "::ffff:192.0.2.9"));
    }

    #[test]
    fn what_is_no_network_is_refused_with_its_reason() {
        let fault = |text: &str| text.parse::<Network>().unwrap_err();
        for text in [
            "",
            "provider.example",
            "192.0.2",
            "192.0.2.0:5060",
            "::ffff:192.0.2.1",
        ] {
            assert_eq!(fault(text), NetworkError::Address, "{text}");
        }
        for text in [
            "192.0.2.0/33",
            "192.0.2.0/",
            "192.0.2.0/+8",
            "192.0.2.0/24/1",
        ] {
            assert_eq!(fault(text), NetworkError::Prefix { most: 32 }, "{text}");
        }
        assert_eq!(fault("2001:db8::/129"), NetworkError::Prefix { most: 128 });
        let said = fault("192.0.2.5/24").to_string();
        assert!(said.starts_with("192.0.2.0/24 "), "{said}");
    }
}
