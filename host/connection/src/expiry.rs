//! Whether an answer says that the session is over.
//!
//! Owns the judgement alone; what follows from it is `access`'s and `session`'s.

use presetter_expr::Vars;
use serde_json::Value;

use crate::plan::ExpiryPlan;
use crate::{Answer, json};

/// How an answer said that the session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// 401: the server did not accept the token. Nothing was carried out.
    Unauthorized,
    /// Another status of the kind's list, such as 403, which may as well mean that this account may not do this. Nothing was
    /// carried out.
    Status,
    /// The kind's rule over the body of a success.
    Body,
}

/// Judges an answer.
pub(crate) fn over(plan: &ExpiryPlan, answer: &Answer) -> Option<Cause> {
    if plan.status.contains(&answer.status) {
        return Some(if answer.status == 401 { Cause::Unauthorized } else { Cause::Status });
    }
    let rule = plan.invalid_when.as_ref().filter(|_| (200..300).contains(&answer.status))?;
    // What is no JSON, or too large to be read as such, says nothing either: nobody complains of a session at that length.
    let response = json::read(&answer.body)?;
    let codes = Value::from(presetter_expr::codes(&response));
    let status = Value::from(answer.status);
    let vars = Vars::new().with("response", &response).with("response_status", &status).with("codes", &codes);
    // A rule that cannot be evaluated says nothing about the session; the preset judges the answer as any other.
    rule.test(&vars).unwrap_or(false).then_some(Cause::Body)
}

#[cfg(test)]
mod tests {
    use presetter_expr::{Dialect, Program};

    use super::*;

    #[test]
    fn a_body_that_is_not_read_as_json_says_nothing_of_the_session() {
        let rule = Program::compile("response.expired == true", Dialect::NoMacros).unwrap();
        let plan = ExpiryPlan { status: vec![401], invalid_when: Some(rule) };
        let judged = |body: Vec<u8>| over(&plan, &Answer { status: 200, headers: Vec::new(), body: body.into() });
        assert_eq!(judged(br#"{"expired": true}"#.to_vec()), Some(Cause::Body));
        assert_eq!(judged(br#"{"expired": true"#.to_vec()), None);
        assert_eq!(judged(json::too_many_values()), None);
    }
}
