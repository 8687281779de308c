//! The inside of a tag that begins a block: `each users as |user index|`, after `#` or `else`.

use crate::Problem;
use crate::tag::{BlockKind, HELPERS, OpenTag, TagKind};
use crate::tag_reader::Reader;

impl Reader<'_> {
    /// After `#` or `else`: the name of a block, its operand, and `as |item index|`.
    pub(crate) fn block_start(&mut self) -> Result<TagKind, Problem> {
        self.lex.skip_space();
        let start = self.lex.pos;
        let name = self.lex.word();
        let at = if name.is_empty() { self.start..self.lex.pos } else { start..self.lex.pos };
        let Some(kind) = BlockKind::named(name) else {
            return Err(Problem::new(format!("there is no block \"{name}\""), at).with_hint(HELPERS));
        };
        self.lex.skip_space();
        if self.at_end() && !self.lex.rest().is_empty() {
            return Err(Problem::new(format!("{name} needs a value"), at)
                .with_hint(format!("write {{{{#{name} x}}}} .. {{{{/{name}}}}}")));
        }
        let (operand, shown) = self.operand()?;
        self.lex.skip_space();
        let names = self.block_names(kind)?;
        self.refuse_more(name)?;
        Ok(TagKind::Open(OpenTag { kind, operand, shown, names, span: self.so_far() }))
    }

    fn block_names(&mut self, kind: BlockKind) -> Result<Vec<String>, Problem> {
        let start = self.lex.pos;
        if self.lex.word() != "as" || !self.lex.rest().trim_start().starts_with('|') {
            self.lex.pos = start;
            return Ok(Vec::new());
        }
        self.lex.skip_space();
        self.lex.eat("|");
        let mut names: Vec<String> = Vec::new();
        loop {
            self.lex.skip_space();
            let word = self.lex.word();
            if word.is_empty() {
                break;
            }
            names.push(word.to_owned());
        }
        let closed = self.lex.eat("|");
        let most = match kind {
            BlockKind::Each => 2,
            BlockKind::With => 1,
            BlockKind::If | BlockKind::Unless => 0,
        };
        if !closed || names.is_empty() || names.len() > most {
            let at = start..self.lex.pos;
            return Err(Problem::new(format!("{} cannot give names like this", kind.name()), at)
                .with_hint("write {{#each users as |user index|}} or {{#with user as |u|}}"));
        }
        Ok(names)
    }
}
