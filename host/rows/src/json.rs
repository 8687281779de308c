//! Rows of JSON: the elements of a list, or an object a line.
//!
//! A file is cut into elements here, by strings and brackets alone, and each is read by itself: so one that is wrong or larger than
//! [`ROW`] is refused, and the next is read.

use std::fmt;
use std::io::{self, BufRead, Read};
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::row::Input;
use crate::{COLUMNS, Cell, Content, Naming, OpenError, ROW, Refused, Row};

pub(crate) struct Json<R: Read> {
    input: Input<R>,
    naming: Naming,
    /// The line that is read next, counted from 1.
    line: u64,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Objects stand on lines.
    Lines,
    /// In a list, before its first element.
    First,
    /// In a list, after a comma.
    Further,
    /// After the list.
    Behind,
    /// Nothing more is read.
    End,
}

/// How an element of a list ended.
enum End {
    Comma,
    Bracket,
    File,
}

/// An element's bytes, without what is beyond the bound.
#[derive(Default)]
struct Element {
    bytes: Vec<u8>,
    size: usize,
    /// The line of its first byte that is no space.
    begins: Option<u64>,
}

impl Element {
    fn push(&mut self, byte: u8, line: u64) {
        if self.begins.is_none() {
            if byte.is_ascii_whitespace() {
                return;
            }
            self.begins = Some(line);
        }
        self.size += 1;
        if self.size <= ROW {
            self.bytes.push(byte);
        }
    }
}

impl<R: Read> Json<R> {
    pub(crate) fn lines(input: Input<R>, naming: Naming) -> Self {
        Self { input, naming, line: 1, place: Place::Lines }
    }

    /// Goes into the list.
    pub(crate) fn list(input: Input<R>, naming: Naming) -> Result<Self, OpenError> {
        let mut json = Self { input, naming, line: 1, place: Place::First };
        loop {
            match json.byte()? {
                Some(byte) if byte.is_ascii_whitespace() => {}
                Some(b'[') => return Ok(json),
                other => {
                    let hint = if other == Some(b'{') { "; for an object a line take JSON Lines" } else { "" };
                    let reason = format!("a JSON file has a list of objects: [{{...}}, {{...}}]{hint}");
                    return Err(OpenError::Form { line: json.line, reason });
                }
            }
        }
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<Result<Row, Refused>>> {
        match self.place {
            Place::Lines => self.next_line(),
            Place::First | Place::Further => self.next_element(),
            Place::Behind => self.behind(),
            Place::End => Ok(None),
        }
    }

    fn next_line(&mut self) -> io::Result<Option<Result<Row, Refused>>> {
        loop {
            let mut element = Element::default();
            let at_end = loop {
                let line = self.line;
                match self.byte()? {
                    None => break true,
                    Some(b'\n') => break false,
                    Some(byte) => element.push(byte, line),
                }
            };
            if element.begins.is_some() {
                return Ok(Some(self.row(element)));
            }
            if at_end {
                return Ok(None);
            }
        }
    }

    fn next_element(&mut self) -> io::Result<Option<Result<Row, Refused>>> {
        let mut element = Element::default();
        let (mut depth, mut string, mut escaped) = (0_u64, false, false);
        let end = loop {
            let line = self.line;
            let Some(byte) = self.byte()? else { break End::File };
            match byte {
                _ if escaped => escaped = false,
                b'\\' if string => escaped = true,
                b'"' => string = !string,
                _ if string => {}
                b'{' | b'[' => depth += 1,
                b']' if depth == 0 => break End::Bracket,
                b',' if depth == 0 => break End::Comma,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            element.push(byte, line);
        };
        let line = element.begins.unwrap_or(self.line);
        let first = self.place == Place::First;
        self.place = match end {
            End::Comma => Place::Further,
            End::Bracket => Place::Behind,
            End::File => Place::End,
        };
        match end {
            End::File => Ok(Some(Err(Refused::whole(line, "the file ends within the list; it was cut off")))),
            End::Bracket if element.begins.is_none() && first => self.behind(),
            _ if element.begins.is_none() => Ok(Some(Err(Refused::whole(line, "a comma without an object")))),
            _ => Ok(Some(self.row(element))),
        }
    }

    /// Behind the list only spaces may stand.
    fn behind(&mut self) -> io::Result<Option<Result<Row, Refused>>> {
        self.place = Place::End;
        loop {
            let line = self.line;
            match self.byte()? {
                None => return Ok(None),
                Some(byte) if byte.is_ascii_whitespace() => {}
                Some(_) => return Ok(Some(Err(Refused::whole(line, "something follows the list; it was not read")))),
            }
        }
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.input.fill_buf()?.first().copied();
        if let Some(byte) = byte {
            self.input.consume(1);
            self.line += u64::from(byte == b'\n');
        }
        Ok(byte)
    }

    fn row(&self, element: Element) -> Result<Row, Refused> {
        let line = element.begins.unwrap_or(self.line);
        if element.size > ROW {
            return Err(Refused::whole(line, "this object has more than 4 MiB"));
        }
        let members: Members = serde_json::from_slice(&element.bytes).map_err(|error| {
            let further = u64::try_from(error.line().saturating_sub(1)).unwrap_or_default();
            let text = error.to_string();
            let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
            Refused::whole(line, format!("this is no object that can be read: line {}: {reason}", line + further))
        })?;
        let mut cells: Vec<Cell> = Vec::with_capacity(members.0.len());
        for (name, json) in members.0 {
            let Some(field) = self.naming.name(&name).map_err(|reason| Refused::whole(line, reason))? else { continue };
            if cells.iter().any(|cell| cell.field == field) {
                return Err(Refused::whole(line, format!("this object has {field} twice")));
            }
            let column = (*field != *name).then(|| Arc::from(name));
            cells.push(Cell { field, column, content: Content::Json(json) });
        }
        Ok(Row { line, cells })
    }
}

/// The members of an object as they stand.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    if members.len() == COLUMNS {
                        return Err(A::Error::custom("more than 1000 members"));
                    }
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}
