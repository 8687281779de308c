//! What the stand-in holds, behind one lock.
//!
//! Owns: users, session tokens, switches with their counts, and the log.
//!
//! Must never: hold the lock across an await; every method takes it, works, and lets go.
//!
//! Keeps: the log has each request once, in the order of arrival, with the body exactly as received.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::{
    oddities::{Oddities, take},
    reply::Refusal,
    users::{ManagerUser, User},
};

/// A handle to what a stand-in holds. Clones share it.
#[derive(Clone, Debug)]
pub struct State(Arc<Mutex<Inner>>);

/// One request, as received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Logged {
    /// The method.
    pub method: String,
    /// The path, with the query if there was one, as written.
    pub path: String,
    /// Names in lower case, values as text, in the order of arrival for each name.
    pub headers: Vec<(String, String)>,
    /// The body's bytes. As JSON: text, or a list of bytes where they are not UTF-8.
    #[serde(serialize_with = "as_text")]
    pub body: Vec<u8>,
    /// The status that answered, or 0 where the connection was closed without an answer.
    pub status: u16,
}

impl Logged {
    /// The body as text; bytes that are not UTF-8 become U+FFFD.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body as JSON, if it is.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The first value of a header; the name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

fn as_text<S: Serializer>(body: &Vec<u8>, to: S) -> Result<S::Ok, S::Error> {
    match std::str::from_utf8(body) {
        Ok(text) => to.serialize_str(text),
        Err(_) => body.serialize(to),
    }
}

impl State {
    pub(crate) fn new(oddities: Oddities) -> State {
        State(Arc::new(Mutex::new(Inner { oddities, ..Inner::default() })))
    }

    /// The lock. A panic elsewhere cannot leave this state half written in a way that matters, so poison is ignored.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The users of the Business edition.
    pub fn users(&self) -> Vec<User> {
        self.lock().users.clone()
    }

    /// The users of the Manager edition. The two editions share no users.
    pub fn manager_users(&self) -> Vec<ManagerUser> {
        self.lock().manager_users.clone()
    }

    /// Adds a Business user and returns the `iduser`, which the stand-in gives if the user has none.
    pub fn add_user(&self, user: User) -> String {
        self.lock().add_user(user)
    }

    /// Removes a Business user for good; false if there is none of that `iduser`.
    pub fn remove_user(&self, iduser: &str) -> bool {
        let mut inner = self.lock();
        let before = inner.users.len();
        inner.users.retain(|user| user.iduser != iduser);
        inner.users.len() < before
    }

    /// Adds `count` made-up users to each edition, going on where the last seeding ended: `User 17` has the e-mail
    /// address `user17@example.com` and the identifier `user17`.
    pub fn seed(&self, count: u32) {
        self.lock().seed(count);
    }

    /// Every request so far, those to `/_standin/` left out.
    pub fn log(&self) -> Vec<Logged> {
        self.lock().log.clone()
    }

    /// Empties the log, and counts connections from none. The count of logins stays.
    pub fn clear_log(&self) {
        let mut inner = self.lock();
        inner.log.clear();
        inner.connections = 0;
    }

    /// How many connections were opened since the log was last emptied, also such as brought no request.
    pub fn connections(&self) -> u64 {
        self.lock().connections
    }

    /// How many logins gave a token, both editions together. Refused ones are seen in the log only.
    pub fn logins(&self) -> u64 {
        self.lock().logins
    }

    /// Makes every session token given so far invalid.
    pub fn forget_tokens(&self) {
        self.lock().tokens.clear();
    }

    /// How many requests in the log went to this path, such as `/v1/users`; queries are not looked at.
    pub fn requests_to(&self, path: &str) -> u64 {
        let inner = self.lock();
        inner.log.iter().filter(|logged| logged.path.split('?').next() == Some(path)).count() as u64
    }

    /// The switches as they are now; those that count have counted down.
    pub fn oddities(&self) -> Oddities {
        self.lock().oddities.clone()
    }

    /// Sets all switches from the next request on, and starts every count anew.
    pub fn set_oddities(&self, oddities: Oddities) {
        let mut inner = self.lock();
        inner.oddities = oddities;
        inner.calls = 0;
    }
}

/// The two editions; a token of the one is worth nothing in the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edition {
    Business,
    Manager,
}

/// A session token that was given.
#[derive(Debug)]
struct Token {
    edition: Edition,
    given: Instant,
    uses: u32,
}

/// What the lock guards.
#[derive(Debug, Default)]
pub(crate) struct Inner {
    pub(crate) oddities: Oddities,
    pub(crate) users: Vec<User>,
    pub(crate) manager_users: Vec<ManagerUser>,
    pub(crate) log: Vec<Logged>,
    pub(crate) logins: u64,
    pub(crate) connections: u64,
    /// Calls since the oddities were set, for the rate limit.
    pub(crate) calls: u64,
    tokens: HashMap<String, Token>,
    seeded: u64,
    ids: u64,
    /// Ids that callers chose; kept apart so that adding a user never searches all of them.
    chosen_ids: HashSet<String>,
}

impl Inner {
    pub(crate) fn add_user(&mut self, mut user: User) -> String {
        if user.kind.is_empty() {
            user.kind = "ENDUSER".into();
        }
        if user.iduser.is_empty() {
            user.iduser = self.free_id();
        } else {
            self.chosen_ids.insert(user.iduser.clone());
        }
        let id = user.iduser.clone();
        self.users.push(user);
        id
    }

    /// The next id (`u1001`, `u1002`, ..) that no user has; one may have been added with an id of the caller's choice.
    fn free_id(&mut self) -> String {
        loop {
            self.ids += 1;
            let id = format!("u{}", 1000 + self.ids);
            if !self.chosen_ids.contains(&id) {
                return id;
            }
        }
    }

    pub(crate) fn seed(&mut self, count: u32) {
        for _ in 0..count {
            self.seeded += 1;
            self.add_user(User::made_up(self.seeded));
            self.manager_users.push(ManagerUser::made_up(self.seeded));
        }
    }

    /// Gives a new token: the same for the same number of logins, and never two alike.
    pub(crate) fn new_token(&mut self, edition: Edition) -> String {
        self.logins += 1;
        let token = format!("standin.{}.not-a-real-token-{:08}", self.logins, self.logins);
        self.tokens.insert(token.clone(), Token { edition, given: Instant::now(), uses: 0 });
        token
    }

    /// Whether a token is good for one more call, which is counted.
    pub(crate) fn use_token(&mut self, token: &str, edition: Edition) -> bool {
        let Some(known) = self.tokens.get_mut(token) else {
            return false;
        };
        let old = self.oddities.token_ttl_ms.is_some_and(|ttl| known.given.elapsed() >= Duration::from_millis(ttl));
        let used_up = self.oddities.token_uses.is_some_and(|uses| known.uses >= uses);
        if known.edition != edition || old || used_up {
            return false;
        }
        known.uses += 1;
        true
    }

    /// The hidden failure of this operation, if the switch names it and has not run out.
    pub(crate) fn hidden_failure(&mut self, operation: &str) -> Option<Refusal> {
        let failure = self.oddities.hidden_failure.as_mut().filter(|failure| failure.operation == operation)?;
        if failure.times.as_mut().is_some_and(|times| !take(times)) {
            return None;
        }
        Some(Refusal::new(&failure.status, failure.info.clone()))
    }
}
