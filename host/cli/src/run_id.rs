//! The name of a run: a UUID of version 7 (RFC 9562), so that names sort by time and never meet.

use std::time::{SystemTime, UNIX_EPOCH};

/// A new one.
pub(crate) fn new() -> String {
    let mut bytes = [0; 16];
    // Without randomness the time alone still tells runs of one machine apart well enough to be shown.
    let _ = getrandom::fill(&mut bytes);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    form(now.as_millis(), bytes)
}

/// 48 bits of milliseconds, the version, the variant, and 74 random bits.
fn form(milliseconds: u128, random: [u8; 16]) -> String {
    let mut bytes = random;
    bytes[..6].copy_from_slice(&milliseconds.to_be_bytes()[10..]);
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_the_form_of_rfc_9562() {
        // The example of RFC 9562, appendix A.6.
        let random = [0, 0, 0, 0, 0, 0, 0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
        assert_eq!(form(0x017f_22e2_79b0, random), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
        assert_ne!(new(), new());
    }
}
