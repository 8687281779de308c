//! The bounds of an answer, for transports that have one in hand and read none from a network.

use crate::{Error, Limits, Part, Response, head};

/// The answer, if its headers and its body keep to the limits.
pub(crate) fn within(limits: &Limits, response: Response) -> Result<Response, Error> {
    let headers = response.headers.iter().map(|(name, value)| (name.as_str(), value.len()));
    head::answer_fits(limits, headers)?;
    let limit = limits.response_bytes;
    if response.body.len() > limit {
        return Err(Error::TooLarge { part: Part::AnswerBody, limit });
    }
    Ok(response)
}
