-- Numbers that must not come back: next_block.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

-- Bodies of up to 4096 events, one after the other; see seal.rs.
CREATE TABLE event_blocks (
    id INTEGER PRIMARY KEY,
    received_us INTEGER NOT NULL, -- of the event that came last
    size INTEGER NOT NULL,        -- bytes of all bodies
    key_id TEXT,                  -- NULL: not encrypted
    body BLOB NOT NULL
) STRICT;

CREATE INDEX event_blocks_received ON event_blocks (received_us);

CREATE TABLE event_sources (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE events (
    id INTEGER PRIMARY KEY,       -- block * 4096 + place in the block
    source INTEGER NOT NULL REFERENCES event_sources (id),
    time_us INTEGER NOT NULL,     -- received_us for an event that tells none
    tells_time INTEGER NOT NULL,
    received_us INTEGER NOT NULL,
    key BLOB NOT NULL,
    ends_at INTEGER NOT NULL      -- offset in the block behind the body
) STRICT;

-- The time comes first so that new entries go to one place of the index, however large it is: the key alone is random.
CREATE UNIQUE INDEX events_identity ON events (time_us, key);
CREATE UNIQUE INDEX events_timeless ON events (key) WHERE tells_time = 0;

-- what: received, stored, duplicates, dropped:REASON
CREATE TABLE counters (
    source TEXT NOT NULL,
    what TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (source, what)
) WITHOUT ROWID, STRICT;

CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    time_us INTEGER NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    subject TEXT NOT NULL,
    details TEXT NOT NULL,
    prev BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;

CREATE TABLE users (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    password TEXT,
    issuer TEXT,
    subject TEXT,
    created_us INTEGER NOT NULL,
    is_disabled INTEGER NOT NULL,
    UNIQUE (issuer, subject)
) WITHOUT ROWID, STRICT;

CREATE TABLE sessions (
    secret BLOB PRIMARY KEY,
    user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    created_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL,
    last_used_us INTEGER NOT NULL,
    note TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX sessions_user ON sessions (user);

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    secret BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    cluster TEXT,
    created_by TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    expires_us INTEGER,
    revoked_us INTEGER,
    last_used_us INTEGER
) WITHOUT ROWID, STRICT;

CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID, STRICT;
