//! The faults, and what each does to a request.

use std::fmt;

/// Something that goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// 401: the session is over.
    Unauthorized,
    /// 403.
    Forbidden,
    /// 429 with `Retry-After`.
    LaterWithTime,
    /// 429 without.
    Later,
    /// 500.
    ServerError,
    /// No connection: nothing was sent.
    NotSent,
    /// It was sent, and no answer came.
    Unanswered,
    /// An answer that is cut in the middle.
    Cut,
    /// An answer that is no JSON.
    NoJson,
    /// An answer in which each text, number and truth value is of another type.
    WrongTypes,
    /// An answer in which a list stands for each object.
    ListsForObjects,
    /// An answer whose lists are empty.
    EmptyLists,
    /// The answer to the request before, again.
    RepeatedPage,
    /// An answer whose lists lack their last element.
    ShortLists,
}

/// What the host and the preset can know of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// The request was refused, and was not carried out.
    Refused,
    /// The server failed; a write may have been carried out.
    Failed,
    /// Nothing reached the server.
    NotSent,
    /// Whether it was carried out is not known.
    Unanswered,
    /// An answer came that says nothing that can be relied on.
    Spoiled,
    /// An answer came that a server may well give, and that says less than the recorded one.
    Less,
}

impl Fault {
    /// All of them, in the order in which they are tried.
    pub const ALL: [Self; 14] = [
        Self::Unauthorized,
        Self::Forbidden,
        Self::LaterWithTime,
        Self::Later,
        Self::ServerError,
        Self::NotSent,
        Self::Unanswered,
        Self::Cut,
        Self::NoJson,
        Self::WrongTypes,
        Self::ListsForObjects,
        Self::EmptyLists,
        Self::RepeatedPage,
        Self::ShortLists,
    ];

    pub(crate) fn nature(self) -> Nature {
        match self {
            Self::Unauthorized | Self::Forbidden | Self::LaterWithTime | Self::Later => Nature::Refused,
            Self::ServerError => Nature::Failed,
            Self::NotSent => Nature::NotSent,
            Self::Unanswered => Nature::Unanswered,
            Self::Cut | Self::NoJson | Self::WrongTypes | Self::ListsForObjects => Nature::Spoiled,
            Self::EmptyLists | Self::RepeatedPage | Self::ShortLists => Nature::Less,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unauthorized => "401",
            Self::Forbidden => "403",
            Self::LaterWithTime => "429 with Retry-After",
            Self::Later => "429 without Retry-After",
            Self::ServerError => "500",
            Self::NotSent => "no connection",
            Self::Unanswered => "no answer",
            Self::Cut => "cut answer",
            Self::NoJson => "answer that is no JSON",
            Self::WrongTypes => "values of wrong types",
            Self::ListsForObjects => "lists in place of objects",
            Self::EmptyLists => "empty lists",
            Self::RepeatedPage => "repeated page",
            Self::ShortLists => "lists without their last element",
        })
    }
}
