CREATE TABLE findings (
    cluster TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    rule TEXT NOT NULL,
    severity INTEGER NOT NULL,    -- 0 info … 4 critical
    api_version TEXT NOT NULL,
    kind TEXT NOT NULL,
    namespace TEXT,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    first_seen_us INTEGER NOT NULL,
    last_seen_us INTEGER NOT NULL,
    fixed_us INTEGER,
    reopened INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (cluster, fingerprint)
) WITHOUT ROWID, STRICT;
CREATE INDEX findings_order ON findings (severity DESC, cluster, fingerprint);

CREATE TABLE incidents (
    id TEXT PRIMARY KEY,
    group_key TEXT NOT NULL,
    cluster TEXT NOT NULL,
    severity INTEGER NOT NULL,
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    opened_us INTEGER NOT NULL,
    updated_us INTEGER NOT NULL,
    closed_us INTEGER,
    notes TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX incidents_group ON incidents (group_key) WHERE state <> 'closed';
CREATE INDEX incidents_order ON incidents (updated_us DESC, id);

CREATE TABLE incident_findings (
    incident TEXT NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    cluster TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    PRIMARY KEY (incident, cluster, fingerprint)
) WITHOUT ROWID, STRICT;

CREATE TABLE detections (
    id TEXT PRIMARY KEY,
    cluster TEXT NOT NULL,
    rule TEXT NOT NULL,
    source TEXT NOT NULL,
    priority INTEGER NOT NULL,    -- 0 emergency … 7 debug
    time_us INTEGER NOT NULL,
    event INTEGER,                -- events.id; retention may have removed it
    incident TEXT REFERENCES incidents (id) ON DELETE SET NULL,
    body TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX detections_order ON detections (time_us DESC, id);
CREATE INDEX detections_incident ON detections (incident, event) WHERE incident IS NOT NULL;

CREATE TABLE resources (
    cluster TEXT NOT NULL,
    kind TEXT NOT NULL,
    namespace TEXT NOT NULL,      -- empty: none
    name TEXT NOT NULL,
    api_version TEXT NOT NULL,
    digest BLOB NOT NULL,
    first_seen_us INTEGER NOT NULL,
    changed_us INTEGER NOT NULL,
    last_seen_us INTEGER NOT NULL,
    gone_us INTEGER,
    size INTEGER,                 -- bytes of the body; NULL: not kept
    key_id TEXT,
    body BLOB,                    -- see seal.rs
    PRIMARY KEY (cluster, kind, namespace, name)
) WITHOUT ROWID, STRICT;

CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    receiver TEXT NOT NULL,
    group_key TEXT NOT NULL,
    payload BLOB NOT NULL,
    created_us INTEGER NOT NULL,
    due_us INTEGER NOT NULL,      -- leased: when the lease ends; done: when it was delivered
    attempts INTEGER NOT NULL DEFAULT 0,
    lease INTEGER NOT NULL DEFAULT 0, -- only grows
    last_error TEXT,
    state TEXT NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (due_us) WHERE state IN ('pending', 'leased');
CREATE INDEX outbox_order ON outbox (receiver, group_key, seq) WHERE state IN ('pending', 'leased');

CREATE TABLE silences (
    id TEXT PRIMARY KEY,
    matcher TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    starts_us INTEGER NOT NULL,
    ends_us INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
