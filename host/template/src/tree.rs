//! From pieces to a tree whose every name is resolved.
//!
//! Owns the meaning of names: which belong to the scope, which to a loop, what `../` reaches. The block structure
//! itself comes from the `handlebars` crate, which parses the normalised text; its public syntax tree is walked
//! here, within the nesting that `scan` has already bounded. Does not know contexts.

use std::collections::HashMap;
use std::ops::Range;

use handlebars::template::{HelperTemplate, Template as Parsed, TemplateElement};
use serde_json::Value;

use crate::lex::{Base, Operand, RawPath};
use crate::path::{Path, Step};
use crate::scan::{Piece, Scanned};
use crate::tag::{BlockKind, OpenTag, ValueTag};
use crate::{Problem, Variable};

/// One node of the tree.
#[derive(Debug)]
pub(crate) enum Node {
    Text(Vec<Range<usize>>),
    Hole(Hole),
    Block(Box<Block<Vec<Node>>>),
}

/// A place that a value goes to.
#[derive(Debug, Clone)]
pub(crate) struct Hole {
    pub(crate) source: Source,
    /// As its author wrote it, for messages.
    pub(crate) shown: String,
    pub(crate) optional: bool,
    pub(crate) raw: bool,
    pub(crate) span: Range<usize>,
}

/// A block, with branches of any form.
#[derive(Debug, Clone)]
pub(crate) struct Block<T> {
    pub(crate) kind: BlockKind,
    pub(crate) source: Source,
    pub(crate) shown: String,
    pub(crate) span: Range<usize>,
    pub(crate) then: T,
    pub(crate) otherwise: T,
}

/// Where a value comes from. `up` counts the blocks (`each`, `with`) to leave, from the innermost outwards.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Literal(Value),
    Root(Path),
    This {
        up: usize,
        steps: Vec<Step>,
    },
    Index {
        up: usize,
    },
    Key {
        up: usize,
    },
    First {
        up: usize,
    },
    Last {
        up: usize,
    },
    /// The second name of `as |item index|`: a place in a list, a key in an object.
    Position {
        up: usize,
    },
}

/// A block that changes what names mean.
struct Local {
    looping: bool,
    names: Vec<String>,
    /// The list of the scope that it goes through.
    list: Option<Path>,
}

/// What a name stands for, as far as it is known without values.
#[derive(Clone)]
enum Known {
    /// A value of the scope.
    Scope(Path),
    /// A value of an element: the path of its list, then the steps from the element.
    Element(Path),
}

impl Known {
    fn holds(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Scope(one), Self::Scope(other)) | (Self::Element(one), Self::Element(other)) => one.holds(other),
            _ => false,
        }
    }
}

/// Variables, each path once.
#[derive(Default)]
struct Variables {
    list: Vec<Variable>,
    known: HashMap<Path, usize>,
}

struct Builder {
    pieces: Vec<Option<Piece>>,
    locals: Vec<Local>,
    /// What is known to have a value where we stand: conditions of the blocks around.
    guards: Vec<Known>,
    variables: Variables,
    elements: Variables,
    blocks: Vec<Range<usize>>,
    problems: Vec<Problem>,
}

/// The tree, and what is known of it.
pub(crate) struct Built {
    pub(crate) nodes: Vec<Node>,
    /// The names that the scope must know.
    pub(crate) variables: Vec<Variable>,
    /// What is used of the elements of lists of the scope.
    pub(crate) elements: Vec<Variable>,
    /// The opening tags of the blocks.
    pub(crate) blocks: Vec<Range<usize>>,
}

/// Builds the tree, and the list of all names that the scope must know.
pub(crate) fn build(scanned: Scanned) -> Result<Built, Vec<Problem>> {
    let parsed = Parsed::compile(&scanned.normalised).map_err(|error| vec![misread(&scanned, &error)])?;
    let mut builder = Builder {
        pieces: scanned.pieces.into_iter().map(Some).collect(),
        locals: Vec::new(),
        guards: Vec::new(),
        variables: Variables::default(),
        elements: Variables::default(),
        blocks: Vec::new(),
        problems: Vec::new(),
    };
    let nodes = builder.nodes(&parsed);
    let Builder { variables, elements, blocks, problems, .. } = builder;
    if problems.is_empty() {
        Ok(Built { nodes, variables: variables.list, elements: elements.list, blocks })
    } else {
        Err(problems)
    }
}

/// A complaint of the crate, moved to the author's text. The scan has checked all that it can complain about.
fn misread(scanned: &Scanned, error: &handlebars::TemplateError) -> Problem {
    let column = error.pos().map_or(0, |(_, column)| column.saturating_sub(1));
    let tag = scanned.places.partition_point(|(at, _)| *at <= column).saturating_sub(1);
    let span = scanned.places.get(tag).map_or(0..0, |(_, span)| span.clone());
    Problem::new("the blocks of this template do not fit together here", span)
}

impl Builder {
    fn nodes(&mut self, parsed: &Parsed) -> Vec<Node> {
        parsed.elements.iter().filter_map(|element| self.node(element)).collect()
    }

    fn node(&mut self, element: &TemplateElement) -> Option<Node> {
        match element {
            TemplateElement::Expression(leaf) => match self.piece(leaf.name.as_name())? {
                Piece::Text(ranges) => Some(Node::Text(ranges)),
                Piece::Value(tag) => self.hole(tag).map(Node::Hole),
                Piece::Open(_) => None,
            },
            TemplateElement::HelperBlock(block) => {
                match self.piece(block.params.first().and_then(|param| param.as_name()))? {
                    Piece::Open(tag) => self.block(tag, block),
                    Piece::Text(_) | Piece::Value(_) => None,
                }
            }
            _ => None,
        }
    }

    /// The piece that a name of the normalised text stands for. Each is taken once.
    fn piece(&mut self, name: Option<&str>) -> Option<Piece> {
        let number: usize = name?.strip_prefix('i')?.parse().ok()?;
        self.pieces.get_mut(number)?.take()
    }

    fn hole(&mut self, tag: ValueTag) -> Option<Hole> {
        let source = self.source(tag.operand, &tag.shown, &tag.span, tag.optional)?;
        Some(Hole { source, shown: tag.shown, optional: tag.optional, raw: tag.raw, span: tag.span })
    }

    fn block(&mut self, tag: OpenTag, parsed: &HelperTemplate) -> Option<Node> {
        let OpenTag { kind, operand, shown, names, span } = tag;
        let source = self.source(operand, &shown, &span, true)?;
        self.blocks.push(span.clone());
        let (guards, locals) = (self.guards.len(), self.locals.len());
        let guard = self.known(&source);
        self.guards.extend(guard.clone().filter(|_| kind != BlockKind::Unless));
        if let BlockKind::Each | BlockKind::With = kind {
            let looping = kind == BlockKind::Each;
            let list = match &source {
                Source::Root(path) if looping => Some(path.clone()),
                _ => None,
            };
            self.locals.push(Local { looping, names, list });
        }
        let then = parsed.template.as_ref().map(|branch| self.nodes(branch)).unwrap_or_default();
        self.guards.truncate(guards);
        self.locals.truncate(locals);
        self.guards.extend(guard.filter(|_| kind == BlockKind::Unless));
        let otherwise = parsed.inverse.as_ref().map(|branch| self.nodes(branch)).unwrap_or_default();
        self.guards.truncate(guards);
        Some(Node::Block(Box::new(Block { kind, source, shown, span, then, otherwise })))
    }

    fn source(&mut self, operand: Operand, shown: &str, span: &Range<usize>, optional: bool) -> Option<Source> {
        let resolved = match operand {
            Operand::Literal(value) => Ok(Source::Literal(value)),
            Operand::Path(path) => self.path(path, shown, span),
        };
        match resolved {
            Ok(source) => {
                if let Some(known) = self.known(&source) {
                    self.variable(known, span, optional);
                }
                Some(source)
            }
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    fn path(&self, path: RawPath, shown: &str, span: &Range<usize>) -> Result<Source, Problem> {
        let RawPath { up, base, mut steps } = path;
        let problem = |message: String, hint: &str| Err(Problem::new(message, span.clone()).with_hint(hint));
        if up > self.locals.len() {
            let hint = "each ../ leaves one {{#each}} or {{#with}} block";
            return problem(format!("{shown} leaves more blocks than there are around it"), hint);
        }
        match base {
            Base::Root => match steps.first() {
                Some(Step::Key(name)) if up == 0 => {
                    let root = name.clone();
                    steps.remove(0);
                    Ok(Source::Root(Path { root, steps }))
                }
                _ => problem(format!("{shown} names no value"), "write @root.name"),
            },
            Base::Name(root) => {
                if let Some(source) = self.block_name(&root, &steps).filter(|_| up == 0) {
                    return source.ok_or(()).or_else(|()| {
                        problem(
                            format!("{shown} has nothing inside"),
                            "it is a number or a key: write it without steps",
                        )
                    });
                }
                if up == self.locals.len() {
                    return Ok(Source::Root(Path { root, steps }));
                }
                steps.insert(0, Step::Key(root));
                Ok(Source::This { up, steps })
            }
            Base::This if up == self.locals.len() => match steps.first() {
                Some(Step::Key(name)) => {
                    let root = name.clone();
                    steps.remove(0);
                    Ok(Source::Root(Path { root, steps }))
                }
                _ => problem(
                    format!("{shown} has a meaning only inside {{{{#each}}}} or {{{{#with}}}}"),
                    "name the value, as in {{email}}",
                ),
            },
            Base::This => Ok(Source::This { up, steps }),
            Base::Index | Base::Key | Base::First | Base::Last => {
                let inner = self.locals.iter().rev().skip(up).position(|local| local.looping);
                let Some(inner) = inner else {
                    return problem(format!("{shown} has a meaning only inside {{{{#each}}}}"), "remove it");
                };
                if !steps.is_empty() {
                    return problem(format!("{shown} has nothing inside"), "write it without what follows the @ word");
                }
                let up = up + inner;
                Ok(match base {
                    Base::Index => Source::Index { up },
                    Base::Key => Source::Key { up },
                    Base::First => Source::First { up },
                    _ => Source::Last { up },
                })
            }
        }
    }

    /// A name given by `as |item index|`. `Some(None)`: it is a position, but steps follow.
    fn block_name(&self, name: &str, steps: &[Step]) -> Option<Option<Source>> {
        self.locals.iter().rev().enumerate().find_map(|(up, local)| {
            Some(match local.names.iter().position(|n| n == name)? {
                0 => Some(Source::This { up, steps: steps.to_vec() }),
                _ => steps.is_empty().then_some(Source::Position { up }),
            })
        })
    }

    fn known(&self, source: &Source) -> Option<Known> {
        match source {
            Source::Root(path) => Some(Known::Scope(path.clone())),
            Source::This { up, steps } => {
                let mut path = self.locals.iter().rev().nth(*up)?.list.clone()?;
                path.steps.extend(steps.iter().cloned());
                Some(Known::Element(path))
            }
            _ => None,
        }
    }

    fn variable(&mut self, known: Known, span: &Range<usize>, optional: bool) {
        let optional = optional || self.guards.iter().any(|guard| guard.holds(&known));
        match known {
            Known::Scope(path) => self.variables.add(path, span, optional),
            Known::Element(path) => self.elements.add(path, span, optional),
        }
    }
}

impl Variables {
    fn add(&mut self, path: Path, span: &Range<usize>, optional: bool) {
        match self.known.get(&path) {
            Some(at) => {
                let known = &mut self.list[*at];
                if known.optional && !optional {
                    known.optional = false;
                    known.span = span.clone();
                }
            }
            None => {
                self.known.insert(path.clone(), self.list.len());
                self.list.push(Variable { path, span: span.clone(), optional });
            }
        }
    }
}
