//! Words in JavaScript, found without parsing it.
//!
//! The engine knows the place of a call or of a property, but of a loop, of an `await` or of a bare name only the function
//! that it stands in. Where in that function is found here, well enough to point at: comments, texts, templates, regular
//! expressions and functions inside are passed over.

/// A word of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word<'t> {
    pub(crate) at: usize,
    pub(crate) text: &'t str,
}

/// The loops of the block that begins at `from`, each by its first word.
pub(crate) fn loops(text: &str, from: usize) -> Vec<usize> {
    let is_loop = |word: &Word<'_>| ["for", "while", "do"].contains(&word.text);
    words(text, from).into_iter().filter(is_loop).map(|word| word.at).collect()
}

/// Where a word stands in the block that begins at `from`.
pub(crate) fn places(text: &str, from: usize, wanted: &str) -> Vec<usize> {
    words(text, from).into_iter().filter(|word| word.text == wanted).map(|word| word.at).collect()
}

/// The words of the block that begins at `from`, of the rest of the text if no block does.
fn words(text: &str, from: usize) -> Vec<Word<'_>> {
    let block = text.get(from..).is_some_and(|rest| rest.starts_with('{'));
    let mut scan = Scan { text, at: from, block, open: Vec::new(), before: Before::Nothing, words: Vec::new() };
    scan.run();
    scan.words
}

/// What is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    /// A block or an object.
    Brace,
    /// The body of a `do`.
    Do,
    /// The body of a function.
    Function,
    /// A parenthesis behind `for`, `if` and their like.
    Head,
    /// Another one, or a bracket.
    Other,
    /// `${` in a template.
    Hole,
}

/// What stood before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before<'t> {
    Nothing,
    Word(&'t str),
    /// The end of a value: a text, a number, a bracket.
    Value,
    /// A parenthesis that was closed; whether it was a head.
    Closed(bool),
    Arrow,
    /// The end of the body of a `do`.
    DoBody,
    Other,
}

/// Words that no value ends with, so that a regular expression may follow.
const BEFORE_VALUE: [&str; 14] = [
    "return",
    "typeof",
    "case",
    "in",
    "of",
    "delete",
    "void",
    "throw",
    "new",
    "instanceof",
    "await",
    "yield",
    "else",
    "do",
];
const HEADS: [&str; 7] = ["for", "while", "if", "switch", "catch", "with", "await"];

struct Scan<'t> {
    text: &'t str,
    at: usize,
    /// Whether the scan began with a block, which may be the body of a function.
    block: bool,
    open: Vec<Open>,
    before: Before<'t>,
    words: Vec<Word<'t>>,
}

impl<'t> Scan<'t> {
    fn run(&mut self) {
        while let Some(c) = self.rest().chars().next() {
            self.step(c);
            if self.block && self.open.is_empty() {
                return;
            }
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn step(&mut self, c: char) {
        let rest = self.rest();
        if rest.starts_with("//") {
            self.at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            self.at += rest.find("*/").map_or(rest.len(), |end| end + 2);
        } else if c == '"' || c == '\'' {
            self.past(c);
        } else if c == '`' {
            self.at += 1;
            self.template();
        } else if c == '/' && self.value_may_follow() {
            self.regular_expression();
        } else if is_word(c) {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            self.word(&rest[..end]);
        } else if rest.starts_with("=>") {
            self.at += 2;
            self.before = Before::Arrow;
        } else {
            self.at += c.len_utf8();
            self.mark(c);
        }
    }

    fn word(&mut self, text: &'t str) {
        let at = self.at;
        self.at += text.len();
        let member = self.text[..at].ends_with('.') && !self.text[..at].ends_with("...");
        let of_do = text == "while" && self.before == Before::DoBody;
        // The body that the scan began with is the only one whose words count.
        let inside = self.open.iter().skip(usize::from(self.block)).any(|open| *open == Open::Function);
        if !inside && !member && !of_do {
            self.words.push(Word { at, text });
        }
        self.before = if member { Before::Value } else { Before::Word(text) };
    }

    fn mark(&mut self, c: char) {
        match c {
            '{' => {
                let open = match self.before {
                    Before::Arrow | Before::Closed(false) => Open::Function,
                    Before::Word("do") => Open::Do,
                    _ => Open::Brace,
                };
                self.open.push(open);
                self.before = Before::Other;
            }
            '(' => {
                let head = matches!(self.before, Before::Word(word) if HEADS.contains(&word));
                self.open.push(if head { Open::Head } else { Open::Other });
                self.before = Before::Other;
            }
            '[' => {
                self.open.push(Open::Other);
                self.before = Before::Other;
            }
            '}' | ')' | ']' => match self.open.pop() {
                Some(Open::Hole) => self.template(),
                Some(Open::Do) => self.before = Before::DoBody,
                Some(Open::Head) => self.before = Before::Closed(true),
                Some(Open::Other) if c == ')' => self.before = Before::Closed(false),
                Some(Open::Other) => self.before = Before::Value,
                _ => self.before = Before::Other,
            },
            c if c.is_whitespace() => {}
            _ => self.before = Before::Other,
        }
    }

    /// Past a text in quotes.
    fn past(&mut self, quote: char) {
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            if c == '\\' {
                chars.next();
            } else if c == quote || c == '\n' {
                self.at += at + 1;
                self.before = Before::Value;
                return;
            }
        }
        self.at = self.text.len();
    }

    /// Past the text of a template, to its end or to what is put into it.
    fn template(&mut self) {
        let mut chars = self.rest().char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => drop(chars.next()),
                '`' => {
                    self.at += at + 1;
                    self.before = Before::Value;
                    return;
                }
                '$' if chars.peek().is_some_and(|(_, next)| *next == '{') => {
                    self.at += at + 2;
                    self.open.push(Open::Hole);
                    self.before = Before::Other;
                    return;
                }
                _ => {}
            }
        }
        self.at = self.text.len();
    }

    fn regular_expression(&mut self) {
        let (mut class, mut chars) = (false, self.rest().char_indices().skip(1));
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => drop(chars.next()),
                '[' => class = true,
                ']' => class = false,
                '/' if !class => {
                    self.at += at + 1;
                    self.before = Before::Value;
                    return;
                }
                // It was a division after all.
                '\n' => break,
                _ => {}
            }
        }
        self.at += 1;
        self.before = Before::Other;
    }

    fn value_may_follow(&self) -> bool {
        match self.before {
            Before::Word(word) => BEFORE_VALUE.contains(&word),
            Before::Value | Before::Closed(false) => false,
            _ => true,
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let from = text.find('{').unwrap();
        loops(text, from).into_iter().map(|at| text[at..].split(['\n', '{']).next().unwrap().trim()).collect()
    }

    #[test]
    fn loops_are_found_where_they_are_code() {
        let text = "function f(for_) {
            // while (1)
            /* for (;;) */ const s = 'do' + \"for\" + `while ${`${ [1].map(() => { for (;;) ; }) } do`} for`;
            const r = /while \\/ [/do]/.test(x) / 2 / for_;
            if (a) { while (x) { y() } }
            do { z.for = 1; o.while() } while (true);
            for (const a of b) c(function () { while (1) ; }, () => { do { } while (1) });
            return { for: 1, m() { for (;;) ; } }
        }
        while (outside) ;";
        assert_eq!(found(text), ["while (x)", "do", "for (const a of b) c(function ()", "for: 1, m()"]);
        assert_eq!(found("x => { for await (const a of b) ; }"), ["for await (const a of b) ; }"]);
        assert_eq!(loops("for (;;) ;", 0), [0]);
    }

    #[test]
    fn names_are_found_as_whole_words() {
        let text = "{ missing_; a.missing; 'missing'; b(missing); () => { missing } }";
        assert_eq!(places(text, 0, "missing"), [text.find("(missing").unwrap() + 1]);
        for broken in ["{ '", "{ `${", "{ /a", "{ /*", "{ ${", "}", "{ \\", ""] {
            assert_eq!(places(broken, 0, "x"), [0; 0], "{broken}");
        }
    }
}
