//! Signatures in DER, taken apart and put together with any numbers.

/// r and s of a DER signature, as they stand there.
pub(crate) fn numbers(der: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let r = &der[4..4 + usize::from(der[3])];
    let s = &der[6 + r.len()..];
    (r.to_vec(), s.to_vec())
}

pub(crate) fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let number = |n: &[u8]| [&[2, u8::try_from(n.len()).unwrap()], n].concat();
    let both = [number(r), number(s)].concat();
    [vec![0x30, u8::try_from(both.len()).unwrap()], both].concat()
}

/// n - s, as a DER integer.
pub(crate) fn minus(n: &[u8], s: &[u8]) -> Vec<u8> {
    let s = [vec![0; 33 - s.len()], s.to_vec()].concat();
    let mut borrow = 0;
    let mut out: Vec<u8> = n
        .iter()
        .zip(&s)
        .rev()
        .map(|(a, b)| {
            let difference = i16::from(*a) - i16::from(*b) - borrow;
            borrow = i16::from(difference < 0);
            u8::try_from(difference.rem_euclid(256)).unwrap()
        })
        .collect();
    out.reverse();
    let zeros = out.windows(2).take_while(|pair| pair[0] == 0 && pair[1] < 0x80).count();
    out.split_off(zeros)
}
