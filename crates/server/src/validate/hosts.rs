//! Which hosts are public: those that anybody may be made to call without calling somebody's own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ::url::{Host, Url};

/// To which hosts webhooks may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hosts {
    /// To public ones, over TLS.
    Public,
    /// To any, also over plain HTTP.
    Any,
}

impl Hosts {
    /// As the settings say.
    pub(crate) const fn new(allow_private: bool) -> Self {
        if allow_private {
            Hosts::Any
        } else {
            Hosts::Public
        }
    }

    /// Whether these have an address.
    pub(crate) fn have(self, address: IpAddr) -> bool {
        self == Hosts::Any || is_public(address)
    }

    /// Whether they have what a URL names, as far as it can be told without looking the name up.
    pub(crate) fn have_host_of(self, url: &Url) -> bool {
        if url.port() == Some(0) {
            return false;
        }
        match url.host() {
            Some(Host::Domain(name)) => {
                is_name(name) && (self == Hosts::Any || !is_local_name(name))
            }
            Some(Host::Ipv4(address)) => self.have(address.into()),
            Some(Host::Ipv6(address)) => self.have(address.into()),
            None => false,
        }
    }
}

/// Whether a name could be that of a host: no part of it is empty.
fn is_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.split('.').all(|part| !part.is_empty())
}

/// `localhost`, or a name below it (RFC 6761).
fn is_local_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// Whether an address is that of a host on the internet, by the registries of special addresses (RFC 6890): an address with another
/// purpose, or that stands for an address of version 4, is not.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Networks of version 4 with another purpose: first address, length of the prefix.
const SPECIAL_V4: [(Ipv4Addr, u32); 15] = [
    // This host, on this network.
    (Ipv4Addr::UNSPECIFIED, 8),
    // Private.
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    // Shared by a carrier's customers.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    // Loopback.
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // On the link; where clouds keep what their machines may know.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    // Private.
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    // Protocols.
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    // Documentation.
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    // Relays from version 6.
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    // Private.
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    // Measuring devices.
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    // Documentation.
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast.
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    // Reserved, and broadcast.
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let is_in = |(network, length): &(Ipv4Addr, u32)| {
        let differing = address.to_bits() ^ network.to_bits();
        differing.leading_zeros() >= *length
    };
    !SPECIAL_V4.iter().any(is_in)
}

/// Networks of version 6 with another purpose within `2000::/3`, where all others are.
const SPECIAL_V6: [(Ipv6Addr, u32); 4] = [
    // Protocols, Teredo (which stands for version 4), measuring, documentation of identifiers and others.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    // Documentation.
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    // 6to4, which stands for version 4.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    // Documentation.
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Outside of `2000::/3` nothing is public: loopback, mapped and translated version 4, unique local, link-local, multicast.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let is_in = |network: Ipv6Addr, length: u32| {
        let differing = address.to_bits() ^ network.to_bits();
        differing.leading_zeros() >= length
    };
    is_in(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3)
        && !SPECIAL_V6
            .iter()
            .any(|(network, length)| is_in(*network, *length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_internet_are_public_and_no_others() {
        let public = |text: &str| is_public(text.parse().expect("an address"));
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2001:200::1",
            "2a00:1450:4001::1",
            "3ffe::1",
        ] {
            assert!(public(text), "{text}");
        }
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!public(text), "{text}");
        }
    }

    #[test]
    fn a_host_is_looked_at_as_browsers_read_it() {
        let have = |hosts: Hosts, text: &str| hosts.have_host_of(&Url::parse(text).expect("a URL"));
        for text in [
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost:8443/",
            "https://127.1/",
            "https://0x7f.0.0.1/",
            "https://2130706433/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://10.0.0.1./",
        ] {
            assert!(!have(Hosts::Public, text), "{text}");
            assert!(have(Hosts::Any, text), "{text}");
        }
        for nowhere in [
            "https://localhost../",
            "https://a..example.com/",
            "https://example.com:0/",
        ] {
            assert!(!have(Hosts::Any, nowhere), "{nowhere}");
        }
        for text in [
            "https://example.com/",
            "https://localhost.example/",
            "https://1.1.1.1/",
            "https://[2606:4700::1]/",
        ] {
            assert!(have(Hosts::Public, text), "{text}");
        }
    }
}
