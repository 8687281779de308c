//! The tables. Times are microseconds since 1970; JSON is text.

use presetter_database::Schema;

/// The file of the journal.
pub(crate) const SCHEMA: Schema = Schema { kind: *b"PrJr", steps: &[FIRST] };

/// `runs` holds what changes often and is small; what is fixed and may be large is in `submissions` and `definitions`.
///
/// `due` is when a worker may take a run next: at once when it is ready, at its time when it waits for one, and when its lease is
/// over while it is running. `generation` counts the leases. `poked` tells that an event came while a worker had the run.
const FIRST: &str = "
CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    flow TEXT NOT NULL,
    flow_digest TEXT NOT NULL,
    key TEXT UNIQUE,
    ordering TEXT,
    state TEXT NOT NULL,
    due INTEGER,
    owner TEXT,
    generation INTEGER NOT NULL DEFAULT 0,
    poked INTEGER NOT NULL DEFAULT 0,
    revision INTEGER NOT NULL DEFAULT 1,
    cancelled_by TEXT,
    cancelled INTEGER,
    progress TEXT,
    result TEXT,
    failure TEXT,
    submitted INTEGER NOT NULL,
    ended INTEGER
) STRICT;
CREATE INDEX runs_due ON runs (due) WHERE due IS NOT NULL;
CREATE INDEX runs_owner ON runs (owner) WHERE owner IS NOT NULL;
CREATE INDEX runs_state ON runs (state, number);
CREATE INDEX runs_flow ON runs (flow, number);
CREATE INDEX runs_ordering ON runs (ordering, number) WHERE ordering IS NOT NULL;
CREATE INDEX runs_line ON runs (ordering, number) WHERE ordering IS NOT NULL AND ended IS NULL;

CREATE TABLE definitions (
    digest TEXT PRIMARY KEY,
    definition TEXT NOT NULL
) STRICT;
CREATE TABLE submissions (
    run INTEGER PRIMARY KEY REFERENCES runs,
    definition TEXT NOT NULL REFERENCES definitions,
    components TEXT NOT NULL,
    input TEXT NOT NULL
) STRICT;

CREATE TABLE steps (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL REFERENCES runs,
    path TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    data TEXT NOT NULL,
    repeat TEXT,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    unanswered INTEGER NOT NULL DEFAULT 0,
    retry INTEGER,
    outcome TEXT,
    started INTEGER NOT NULL,
    ended INTEGER,
    UNIQUE (run, path)
) STRICT;
CREATE INDEX steps_open ON steps (run, state) WHERE state IN ('started', 'unknown', 'waiting');

CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL REFERENCES runs,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    payload TEXT NOT NULL,
    arrived INTEGER NOT NULL,
    taken TEXT,
    UNIQUE (run, id)
) STRICT;
CREATE INDEX events_waiting ON events (run, name, number) WHERE taken IS NULL;

CREATE TABLE decisions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL REFERENCES runs,
    path TEXT NOT NULL,
    decision TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    decided INTEGER NOT NULL
) STRICT;

CREATE TABLE schedules (
    name TEXT PRIMARY KEY,
    next INTEGER NOT NULL,
    payload TEXT NOT NULL
) STRICT;
CREATE INDEX schedules_next ON schedules (next);
";
