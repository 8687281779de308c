//! Two texts side by side, line by line, for whoever reads a failed test.

/// The lines of two texts: `  ` in both, `- ` only wanted, `+ ` only found. Empty if they are the same.
pub fn diff(wanted: &str, found: &str) -> String {
    if wanted == found {
        return String::new();
    }
    let (a, b): (Vec<&str>, Vec<&str>) = (wanted.split('\n').collect(), found.split('\n').collect());
    // The longest common part of what follows, by the lines' numbers; goldens are short.
    let mut common = vec![vec![0_usize; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            let skip = common[i + 1][j].max(common[i][j + 1]);
            common[i][j] = if a[i] == b[j] { common[i + 1][j + 1] + 1 } else { skip };
        }
    }
    let (mut i, mut j, mut shown) = (0, 0, String::new());
    while i < a.len() || j < b.len() {
        let (mark, line) = if i < a.len() && j < b.len() && a[i] == b[j] {
            (i, j) = (i + 1, j + 1);
            (' ', a[i - 1])
        } else if j == b.len() || i < a.len() && common[i + 1][j] >= common[i][j + 1] {
            i += 1;
            ('-', a[i - 1])
        } else {
            j += 1;
            ('+', b[j - 1])
        };
        shown.push_str(&format!("    {mark} {line}\n"));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::diff;

    #[test]
    fn what_differs_is_marked() {
        assert_eq!(diff("a\nb\nc", "a\nx\nc\nd"), "      a\n    - b\n    + x\n      c\n    + d\n");
        assert_eq!(diff("a\n", "a"), "      a\n    - \n");
        assert_eq!(diff("same", "same"), "");
    }
}
