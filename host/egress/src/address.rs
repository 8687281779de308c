//! Which addresses are public, and what the others are.
//!
//! Owns the tables (IANA's special-purpose address registries, RFC 6890 and its updates; the metadata addresses of the
//! clouds). An address that carries another one inside is judged by both. IPv6 is closed by default: only global unicast
//! (2000::/3) can be public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether `ip` belongs to the public internet.
pub fn is_public(ip: IpAddr) -> bool {
    refusal(ip, false).is_none()
}

/// Why `ip` may not be reached, in words; `None` if it may.
///
/// `allow_private` is the operator's word that a connection may reach this machine and private networks. It opens
/// loopback, private, link-local, unique-local and carrier-grade addresses, plain or in an IPv4-mapped or NAT64 form;
/// metadata addresses and the rest stay refused.
pub fn refusal(ip: IpAddr, allow_private: bool) -> Option<&'static str> {
    let (what, kind) = match ip {
        IpAddr::V4(ip) => v4(ip)?,
        IpAddr::V6(ip) => {
            if allow_private && let Some(inner) = translated(ip) {
                return refusal(IpAddr::V4(inner), true);
            }
            v6(ip)?
        }
    };
    (kind == Kind::Never || !allow_private).then_some(what)
}

/// Whether the operator could open `ip` with `allow_private`.
pub(crate) fn could_be_allowed(ip: IpAddr) -> bool {
    refusal(ip, true).is_none()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Reachable on the operator's word.
    Near,
    Never,
}

type Judged = (&'static str, Kind);

const METADATA: &str = "a cloud's metadata address, which hands out credentials";

/// Addresses at which clouds answer any program on a machine with credentials or configuration.
fn metadata(ip: IpAddr) -> Option<Judged> {
    const V4: &[Ipv4Addr] = &[
        Ipv4Addr::new(169, 254, 169, 254), // AWS, Azure, Google, Oracle, DigitalOcean, OpenStack
        Ipv4Addr::new(169, 254, 169, 253), // AWS, the resolver of a VPC
        Ipv4Addr::new(169, 254, 170, 2),   // AWS ECS, credentials of a task
        Ipv4Addr::new(169, 254, 170, 23),  // AWS EKS, credentials of a pod
        Ipv4Addr::new(169, 254, 0, 23),    // Tencent
        Ipv4Addr::new(169, 254, 42, 42),   // Scaleway
        Ipv4Addr::new(100, 100, 100, 200), // Alibaba
        Ipv4Addr::new(192, 0, 0, 192),     // Oracle, classic
        Ipv4Addr::new(168, 63, 129, 16),   // Azure's wire server; looks public
    ];
    const V6: &[Ipv6Addr] = &[
        Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),   // AWS
        Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x253),   // AWS, the resolver
        Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),    // AWS EKS
        Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),    // Google
        Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),     // Scaleway
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe), // OpenStack
    ];
    let found = match ip {
        IpAddr::V4(ip) => V4.contains(&ip),
        IpAddr::V6(ip) => V6.contains(&ip),
    };
    found.then_some((METADATA, Kind::Never))
}

fn v4(ip: Ipv4Addr) -> Option<Judged> {
    if let Some(judged) = metadata(IpAddr::V4(ip)) {
        return Some(judged);
    }
    let [a, b, c, d] = ip.octets();
    Some(match (a, b, c, d) {
        (0, 0, 0, 0) => ("the unspecified address, which means this machine", Kind::Never),
        (0, ..) => ("a reserved address", Kind::Never),
        (127, ..) => ("a loopback address, which is this machine", Kind::Near),
        (10, ..) | (172, 16..=31, ..) | (192, 168, ..) => ("an address of a private network", Kind::Near),
        (169, 254, ..) => ("a link-local address", Kind::Near),
        (100, 64..=127, ..) => ("an address of a carrier's inner network", Kind::Near),
        (192, 0, 0, _) => ("a reserved address", Kind::Never),
        (192, 0, 2, _) | (198, 51, 100, _) | (203, 0, 113, _) => ("an address for documentation", Kind::Never),
        (198, 18..=19, ..) => ("an address for benchmarks", Kind::Never),
        (192, 88, 99, _) => ("an address of a 6to4 relay", Kind::Never),
        (224..=239, ..) => ("a multicast address", Kind::Never),
        (255, 255, 255, 255) => ("the broadcast address", Kind::Never),
        (240.., ..) => ("a reserved address", Kind::Never),
        _ => return None,
    })
}

fn v6(ip: Ipv6Addr) -> Option<Judged> {
    if let Some(judged) = metadata(IpAddr::V6(ip)) {
        return Some(judged);
    }
    let s = ip.segments();
    Some(match s {
        [0, 0, 0, 0, 0, 0, 0, 0] => ("the unspecified address, which means this machine", Kind::Never),
        [0, 0, 0, 0, 0, 0, 0, 1] => ("a loopback address, which is this machine", Kind::Near),
        [0, 0, 0, 0, 0, 0xffff, ..] => ("an IPv4 address written as IPv6", Kind::Never),
        [0, 0, 0, 0, 0, 0, ..] => ("an IPv4 address in an old IPv6 form", Kind::Never),
        [0x64, 0xff9b, 0, 0, 0, 0, ..] | [0x64, 0xff9b, 1, ..] => ("an address of a NAT64 translator", Kind::Never),
        [0xfc00..=0xfdff, ..] => ("an address of a private network (unique-local)", Kind::Near),
        [0xfe80..=0xfebf, ..] => ("a link-local address", Kind::Near),
        [0xff00..=0xffff, ..] => ("a multicast address", Kind::Never),
        [0x2001, 0, ..] => ("an address of a Teredo tunnel", Kind::Never),
        [0x2001, 2, 0, ..] => ("an address for benchmarks", Kind::Never),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => ("an address for documentation", Kind::Never),
        [0x2001, 0..=0x1ff, ..] => ("a reserved address", Kind::Never),
        [0x2002, ..] => ("an address of a 6to4 tunnel", Kind::Never),
        [0x2000..=0x3fff, ..] => return None,
        _ => ("a reserved address", Kind::Never),
    })
}

/// The IPv4 address that a network reaches through `ip`: IPv4-mapped (`::ffff:0:0/96`) and NAT64 (`64:ff9b::/96`, and
/// `64:ff9b:1::/48`, whose usual /96 form ends in the IPv4 address as well).
fn translated(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., a, b] = ip.segments();
    matches!(ip.segments(), [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] | [0x64, 0xff9b, 1, ..])
        .then(|| Ipv4Addr::from((u32::from(a) << 16) | u32::from(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn public_addresses_pass() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2003::1",
            "2a00:1450::1",
            "3ffe::1",
            "3fff:1000::1",
        ] {
            assert_eq!(refusal(ip(text), false), None, "{text}");
            assert_eq!(refusal(ip(text), true), None, "{text}");
        }
    }

    #[test]
    fn near_addresses_need_the_operators_word() {
        for text in [
            "127.0.0.1",
            "127.255.255.255",
            "10.0.0.0",
            "10.255.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "192.168.0.0",
            "192.168.255.255",
            "169.254.0.1",
            "169.254.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "::1",
            "fc00::",
            "fdff::1",
            "fe80::1",
            "febf::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::1.1.1.1",
            "64:ff9b:1::10.0.0.1",
            "::ffff:8.8.8.8",
        ] {
            assert!(refusal(ip(text), false).is_some(), "{text}");
            assert_eq!(refusal(ip(text), true), None, "{text}");
        }
    }

    #[test]
    fn the_rest_is_refused_always() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "192.0.0.1",
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.255",
            "198.18.0.0",
            "198.19.255.255",
            "192.88.99.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.254",
            "255.255.255.255",
            "::",
            "::7f00:1",
            "::10.0.0.1",
            "::8.8.8.8",
            "::ffff:0:0",
            "ff02::1",
            "2001::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:1ff::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:808:808::",
            "3fff::1",
            "3fff:fff::1",
            "fec0::1",
            "5f00::1",
            "4000::1",
            "100::1",
            "64:ff9b:2::1",
            "::ffff:0:7f00:1",
            // metadata, plain and dressed up
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "fd00:ec2::254",
            "fd20:ce::254",
            "::ffff:169.254.169.254",
            "::ffff:100.100.100.200",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::a9fe:a9fe",
            "::169.254.169.254",
            "fe80::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(refusal(ip(text), false).is_some(), "{text}");
            assert!(refusal(ip(text), true).is_some(), "{text} with allow_private");
            assert!(!is_public(ip(text)));
        }
    }
}
