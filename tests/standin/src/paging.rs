//! Which rows a list shows: filters, then one page.
//!
//! Owns: the filters and the arithmetic of pages, the same for both editions.
//!
//! Keeps: rows come in the order in which they were added; no page number, however large, overflows.

use crate::{
    fields::{self, Fields},
    oddities::Oddities,
    reply::Refusal,
    users::{ManagerUser, User},
};

/// What a filter can look at.
pub(crate) trait Row {
    fn id(&self) -> &str;
    fn identifier(&self) -> &str;
    fn name(&self) -> &str;
    fn email(&self) -> &str;
    fn kind(&self) -> &str;
}

impl Row for User {
    fn id(&self) -> &str {
        &self.iduser
    }
    fn identifier(&self) -> &str {
        &self.identifier
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn email(&self) -> &str {
        &self.email
    }
    fn kind(&self) -> &str {
        &self.kind
    }
}

impl Row for ManagerUser {
    fn id(&self) -> &str {
        &self.id
    }
    fn identifier(&self) -> &str {
        &self.id
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn email(&self) -> &str {
        &self.email
    }
    fn kind(&self) -> &str {
        self.shown_kind()
    }
}

/// One page of a list.
#[derive(Debug)]
pub(crate) struct Page<'a, R> {
    pub(crate) rows: Vec<&'a R>,
    /// Rows on all pages together.
    pub(crate) total: u64,
    pub(crate) page: u64,
    /// As the answer says it, which may be more than it was.
    pub(crate) page_size: u64,
}

/// The page that `options` asks for. An empty filter list filters nothing (S: a sample request sends `"identifiers":[]`).
pub(crate) fn page<'a, R: Row>(
    all: &'a [R],
    options: &Fields,
    oddities: &Oddities,
    default_size: u32,
) -> Result<Page<'a, R>, Refusal> {
    let asked = fields::count(options, "page")?.unwrap_or(1);
    let page = if oddities.repeat_pages { 1 } else { asked };
    let wanted = fields::count(options, "page_size")?.unwrap_or(default_size.into());
    let most = if oddities.page_size_echo { default_size } else { oddities.page_size_max };
    let page_size = wanted.clamp(1, most.max(1).into());

    let filters = Filters::read(options, oddities)?;
    let matching: Vec<&R> = all.iter().filter(|row| filters.admit(*row)).collect();
    let first = usize::try_from((page - 1).saturating_mul(page_size)).unwrap_or(usize::MAX);
    let rows = matching.iter().skip(first).take(usize::try_from(page_size).unwrap_or(usize::MAX)).copied().collect();
    let page_size = if oddities.page_size_echo { wanted } else { page_size };
    Ok(Page { rows, total: matching.len() as u64, page, page_size })
}

/// The filters that this request names and this server honours.
struct Filters {
    ids: Vec<String>,
    identifiers: Vec<String>,
    types: Vec<String>,
    /// Compared without regard to case (U), as `name_like`, unless an oddity says otherwise.
    emails: Vec<String>,
    exact_case: bool,
    name_like: Vec<String>,
}

impl Filters {
    fn read(options: &Fields, oddities: &Oddities) -> Result<Filters, Refusal> {
        let read = |key: &str| -> Result<Vec<String>, Refusal> {
            if !oddities.honour_filters || oddities.ignored_filters.iter().any(|ignored| ignored == key) {
                return Ok(Vec::new());
            }
            Ok(fields::texts(options, key)?.unwrap_or_default())
        };
        Ok(Filters {
            ids: read("idusers")?,
            identifiers: read("identifiers")?,
            types: read("types")?,
            emails: read("email")?,
            exact_case: oddities.filter_exact_case,
            name_like: read("name_like")?.iter().map(|part| part.to_lowercase()).collect(),
        })
    }

    fn admit(&self, row: &impl Row) -> bool {
        let among = |wanted: &[String], value: &str| wanted.is_empty() || wanted.iter().any(|one| one == value);
        let same_email = |one: &String| match self.exact_case {
            true => one == row.email(),
            false => one.to_lowercase() == row.email().to_lowercase(),
        };
        among(&self.ids, row.id())
            && among(&self.identifiers, row.identifier())
            && among(&self.types, row.kind())
            && (self.emails.is_empty() || self.emails.iter().any(same_email))
            && (self.name_like.is_empty()
                || self.name_like.iter().any(|part| row.name().to_lowercase().contains(part.as_str())))
    }
}
