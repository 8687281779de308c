//! A text with its escapes undone, and the way back from a place in it to the place in the text.
//!
//! Owns the decoding of JSON's escapes, of percent signs and of HTML's character references, however they are mixed and
//! in whichever case they are written. It must be total over bytes: what is no escape stays as it is. It must stay small
//! for whatever a server sends: places are found by decoding again from the mark before them, since a list of all
//! escapes would be many times as large as a text that is made of them.

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
    /// `&amp;`, `&#65;`, `&#x41;`.
    Html,
}

pub(crate) const ALL: [Escapes; 4] = [Escapes::Json, Escapes::Percent, Escapes::Form, Escapes::Html];

/// Whether a text may be escaped at all: without any of these bytes it is as it stands, whichever escapes are undone. Pieces are looked
/// at as a whole, many bytes at once.
pub(crate) fn may_escape(text: &[u8]) -> bool {
    let escaping = |byte: &u8| (*byte == b'\\') | (*byte == b'%') | (*byte == b'+') | (*byte == b'&');
    text.chunks(64).any(|piece| piece.iter().fold(false, |found, byte| found | escaping(byte)))
}

/// How many bytes of a view lie between two marks, at least: what decoding again costs at most, against a mark's size.
const STEP: usize = 256;
/// The most digits that a character reference is read with: enough for all characters, and for some zeros before them.
const MOST_DIGITS: usize = 10;

/// A decoded text.
pub(crate) struct View<'t> {
    pub(crate) bytes: Vec<u8>,
    text: &'t [u8],
    escapes: Escapes,
    /// Places where a piece begins: in the view, and in the text.
    marks: Vec<(usize, usize)>,
}

impl<'t> View<'t> {
    /// Undoes the escapes; `None` if the text has none, or if it would be the same as for [`Escapes::Percent`].
    pub(crate) fn of(text: &'t [u8], escapes: Escapes) -> Option<View<'t>> {
        let needed = match escapes {
            Escapes::Json => b'\\',
            Escapes::Percent => b'%',
            Escapes::Form => b'+',
            Escapes::Html => b'&',
        };
        if !text.contains(&needed) {
            return None;
        }
        let mut bytes = Vec::with_capacity(text.len());
        let mut marks = Vec::new();
        let mut at = 0;
        let mut undone = false;
        while at < text.len() {
            if bytes.len() >= marks.len() * STEP {
                marks.push((bytes.len(), at));
            }
            let mut plain = [0; 4];
            let (taken, given) = piece(&text[at..], escapes, &mut plain);
            undone |= given.is_some();
            bytes.extend_from_slice(given.unwrap_or(&text[at..at + taken]));
            at += taken;
        }
        undone.then_some(View { bytes, text, escapes, marks })
    }

    /// The place in the text of a place in the view; an escape is covered whole.
    pub(crate) fn place(&self, range: Range<usize>) -> Range<usize> {
        let start = if range.start < self.bytes.len() { self.piece_at(range.start).start } else { self.text.len() };
        let end = range.end.checked_sub(1).map_or(0, |last| self.piece_at(last).end);
        start..end
    }

    /// The piece of the text that stands for a byte of the view.
    fn piece_at(&self, byte: usize) -> Range<usize> {
        let before = self.marks.partition_point(|(view, _)| *view <= byte);
        let (mut view, mut at) = before.checked_sub(1).map_or((0, 0), |last| self.marks[last]);
        while at < self.text.len() {
            let mut plain = [0; 4];
            let (taken, given) = piece(&self.text[at..], self.escapes, &mut plain);
            view += given.map_or(taken, <[u8]>::len);
            if view > byte {
                return at..at + taken;
            }
            at += taken;
        }
        at..at
    }
}

/// How long the first piece of a text is, and what it stands for if it is an escape. Any other piece is one byte.
fn piece<'p>(text: &[u8], escapes: Escapes, plain: &'p mut [u8; 4]) -> (usize, Option<&'p [u8]>) {
    let (taken, given) = match (escapes, text.first()) {
        (Escapes::Json, Some(b'\\')) => json(text, plain),
        (Escapes::Percent | Escapes::Form, Some(b'%')) => percent(text, plain),
        (Escapes::Form, Some(b'+')) => (1, b" ".as_slice()),
        (Escapes::Html, Some(b'&')) => html(text, plain),
        _ => (0, b"".as_slice()),
    };
    if taken == 0 { (1, None) } else { (taken, Some(given)) }
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

/// The characters that have to be escaped in HTML by their names, and any by its number.
fn html<'p>(text: &[u8], plain: &'p mut [u8; 4]) -> (usize, &'p [u8]) {
    const NAMED: [(&[u8], u8); 5] =
        [(b"&amp;", b'&'), (b"&lt;", b'<'), (b"&gt;", b'>'), (b"&quot;", b'"'), (b"&apos;", b'\'')];
    if let Some((name, byte)) = NAMED.iter().find(|(name, _)| text.starts_with(name)) {
        plain[0] = *byte;
        return (name.len(), &plain[..1]);
    }
    let (radix, start) = match text.get(1..3) {
        Some(b"#x" | b"#X") => (16, 3),
        Some([b'#', _]) => (10, 2),
        _ => return (0, b""),
    };
    let mut number = 0_u32;
    let digits = text[start..].iter().map_while(|byte| char::from(*byte).to_digit(radix)).take(MOST_DIGITS);
    let mut end = start;
    for digit in digits {
        number = number.saturating_mul(radix).saturating_add(digit);
        end += 1;
    }
    match char::from_u32(number).filter(|_| end > start && text.get(end) == Some(&b';')) {
        Some(char) => (end + 1, char.encode_utf8(plain).as_bytes()),
        None => (0, b""),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        assert_eq!(
            decoded("&amp;&lt;&gt;&quot;&apos;&#39;&#039;&#x27;&#X1f600;&#233;", Escapes::Html).unwrap(),
            "&<>\"\x27\x27\x27\x27😀é"
        );
        let none = "&amp &;&#;&#x;&#xg;&#1114112;&#xd800;&#99999999999;&#00000000039;&#";
        assert_eq!(decoded(none, Escapes::Html), None);
        assert_eq!(decoded(&format!("{none}&amp;amp;"), Escapes::Html).unwrap(), format!("{none}&amp;"));
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

    /// The simple way: every escape with its places, found by going through all of them.
    fn simple_place(text: &[u8], escapes: Escapes, range: Range<usize>) -> Range<usize> {
        let (mut at, mut view, mut start, mut end) = (0, 0, text.len(), 0);
        while at < text.len() {
            let mut plain = [0; 4];
            let (taken, given) = piece(&text[at..], escapes, &mut plain);
            let length = given.map_or(taken, <[u8]>::len);
            if (view..view + length).contains(&range.start) {
                start = at;
            }
            if range.end > view && range.end <= view + length {
                end = at + taken;
            }
            at += taken;
            view += length;
        }
        start..end
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn marks_lead_to_the_same_places_as_a_list_of_all_escapes(
            pieces in prop::collection::vec(
                prop::sample::select(vec!["a", "bcde", "é", "+", "%41", "%c3%a9", "%", r"\n", r"\u00e9", r"\ud83d\ude00", "\\", "&amp;", "&#233;", "&#x1F600;", "&", ";"]),
                0..600,
            ),
            ranges in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 20),
        ) {
            let text = pieces.concat();
            for view in ALL.into_iter().filter_map(|escapes| View::of(text.as_bytes(), escapes)) {
                for (one, other) in &ranges {
                    let (one, other) = (one.index(view.bytes.len() + 1), other.index(view.bytes.len() + 1));
                    let range = one.min(other)..one.max(other);
                    prop_assert_eq!(view.place(range.clone()), simple_place(text.as_bytes(), view.escapes, range));
                }
            }
        }
    }

    #[test]
    fn a_text_of_escapes_alone_takes_little_more_than_itself() {
        for (text, escapes) in
            [("+", Escapes::Form), ("+a", Escapes::Form), (r"\n", Escapes::Json), ("&lt;", Escapes::Html)]
        {
            let text = text.repeat(1 << 16);
            let view = View::of(text.as_bytes(), escapes).unwrap();
            assert!(view.marks.len() * size_of::<(usize, usize)>() <= text.len() / 8);
        }
    }
}
