//! A text with its escapes undone, and the way back from a place in it to the place in the text.
//!
//! Owns the decoding of JSON's escapes and of percent signs, however they are mixed and in whichever case they are
//! written. It must be total over bytes: what is no escape stays as it is.

use std::ops::Range;

/// The ways in which a text may be escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escapes {
    /// `\n`, `\/`, `\u0041`, also in pairs of surrogates.
    Json,
    /// `%41`.
    Percent,
    /// `%41`, and `+` for a space.
    Form,
}

pub(crate) const ALL: [Escapes; 3] = [Escapes::Json, Escapes::Percent, Escapes::Form];

/// A decoded text.
pub(crate) struct View {
    pub(crate) bytes: Vec<u8>,
    /// The escapes in the order of their places.
    undone: Vec<Undone>,
}

struct Undone {
    view: Range<usize>,
    text: Range<usize>,
}

impl View {
    /// Undoes the escapes; `None` if the text has none, or if it would be the same as for [`Escapes::Percent`].
    pub(crate) fn of(text: &[u8], escapes: Escapes) -> Option<View> {
        let mark = if escapes == Escapes::Json { b'\\' } else { b'%' };
        if escapes == Escapes::Form && !text.contains(&b'+') {
            return None;
        }
        let mut bytes = Vec::with_capacity(text.len());
        let mut undone = Vec::new();
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            let rest = &text[at..];
            let mut plain = [0; 4];
            let (taken, given) = match escapes {
                Escapes::Json if byte == mark => json(rest, &mut plain),
                _ if byte == mark => percent(rest, &mut plain),
                Escapes::Form if byte == b'+' => (1, b" ".as_slice()),
                _ => (0, b"".as_slice()),
            };
            if taken == 0 {
                bytes.push(byte);
                at += 1;
                continue;
            }
            undone.push(Undone { view: bytes.len()..bytes.len() + given.len(), text: at..at + taken });
            bytes.extend_from_slice(given);
            at += taken;
        }
        (!undone.is_empty()).then_some(View { bytes, undone })
    }

    /// The place in the text of a place in the view; an escape is covered whole.
    pub(crate) fn place(&self, range: Range<usize>) -> Range<usize> {
        let before = self.undone.partition_point(|undone| undone.view.start <= range.start);
        let start = match before.checked_sub(1).map(|last| &self.undone[last]) {
            None => range.start,
            Some(last) if range.start < last.view.end => last.text.start,
            Some(last) => last.text.end + (range.start - last.view.end),
        };
        let before = self.undone.partition_point(|undone| undone.view.start < range.end);
        let end = match before.checked_sub(1).map(|last| &self.undone[last]) {
            None => range.end,
            Some(last) if range.end <= last.view.end => last.text.end,
            Some(last) => last.text.end + (range.end - last.view.end),
        };
        start..end
    }
}

/// How long the escape is, and what it stands for; zero if it is none.
fn json<'p>(text: &[u8], plain: &'p mut [u8; 4]) -> (usize, &'p [u8]) {
    let byte = match text.get(1) {
        Some(b'u') => return unicode(text, plain),
        Some(b'b') => 8,
        Some(b't') => b'\t',
        Some(b'n') => b'\n',
        Some(b'f') => 12,
        Some(b'r') => b'\r',
        Some(byte @ (b'"' | b'\\' | b'/')) => *byte,
        _ => return (0, b""),
    };
    plain[0] = byte;
    (2, &plain[..1])
}

fn unicode<'p>(text: &[u8], plain: &'p mut [u8; 4]) -> (usize, &'p [u8]) {
    let Some(unit) = unit(text) else { return (0, b"") };
    if let Some(char) = char::from_u32(unit) {
        return (6, char.encode_utf8(plain).as_bytes());
    }
    let low = text.get(6..).and_then(unit_at).filter(|low| (0xDC00..0xE000).contains(low));
    match low.filter(|_| unit < 0xDC00).and_then(|low| char::from_u32(0x10000 + ((unit - 0xD800) << 10) + low - 0xDC00))
    {
        Some(char) => (12, char.encode_utf8(plain).as_bytes()),
        None => (0, b""),
    }
}

fn unit_at(text: &[u8]) -> Option<u32> {
    text.starts_with(b"\\u").then(|| unit(text))?
}

/// The four hexadecimal digits of `\uXXXX`.
fn unit(text: &[u8]) -> Option<u32> {
    text.get(2..6)?.iter().try_fold(0, |unit, byte| Some(unit * 16 + char::from(*byte).to_digit(16)?))
}

fn percent<'p>(text: &[u8], plain: &'p mut [u8; 4]) -> (usize, &'p [u8]) {
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let Some(byte) = digit(1).zip(digit(2)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) else {
        return (0, b"");
    };
    plain[0] = byte;
    (3, &plain[..1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str, escapes: Escapes) -> Option<String> {
        View::of(text.as_bytes(), escapes).map(|view| String::from_utf8_lossy(&view.bytes).into_owned())
    }

    #[test]
    fn escapes_are_undone_and_the_rest_stays() {
        assert_eq!(
            decoded(r#"a\u0041\n\/\"\\n\x\u12\ud83d\uDE00\ud83d"#, Escapes::Json).unwrap(),
            "aA\n/\"\\n\\x\\u12😀\\ud83d"
        );
        assert_eq!(decoded("%41%c3%A9+%4%", Escapes::Percent).unwrap(), "Aé+%4%");
        assert_eq!(decoded("%41+b", Escapes::Form).unwrap(), "A b");
        assert_eq!(decoded("plain + %", Escapes::Percent), None);
        assert_eq!(decoded("%41", Escapes::Form), None);
    }

    #[test]
    fn places_lead_back_to_whole_escapes() {
        let text = r"ab\u00e9cd\n";
        let view = View::of(text.as_bytes(), Escapes::Json).unwrap();
        assert_eq!(&view.bytes, "abécd\n".as_bytes());
        for (range, wanted) in
            [(0..1, "a"), (1..4, r"b\u00e9"), (2..4, r"\u00e9"), (3..5, r"\u00e9c"), (4..7, r"cd\n"), (6..7, r"\n")]
        {
            assert_eq!(&text[view.place(range.clone())], wanted, "{range:?}");
        }
    }
}
