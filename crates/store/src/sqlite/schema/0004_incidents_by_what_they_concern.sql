-- What belongs to an incident is decided by what its detections concern, and when; a group may have several over time.
DROP INDEX incidents_group;
ALTER TABLE incidents ADD COLUMN last_us INTEGER NOT NULL DEFAULT 0; -- the last event; opened_us is the first
UPDATE incidents SET last_us = max(opened_us, updated_us);
ALTER TABLE incidents ADD COLUMN acknowledged_us INTEGER;
ALTER TABLE incidents ADD COLUMN acknowledged_by TEXT;
ALTER TABLE incidents ADD COLUMN closed_by TEXT;
CREATE INDEX incidents_open ON incidents (severity DESC, id) WHERE state <> 'closed';

-- Whom and what the detections of an incident concern, and from when to when.
CREATE TABLE incident_keys (
    cluster TEXT NOT NULL,
    key TEXT NOT NULL,
    incident TEXT NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL,
    PRIMARY KEY (cluster, key, incident)
) WITHOUT ROWID, STRICT;
CREATE INDEX incident_keys_incident ON incident_keys (incident);

-- Whether it was decided to which incident it belongs: one whose incident retention has removed does not make another one.
ALTER TABLE detections ADD COLUMN is_grouped INTEGER NOT NULL DEFAULT 0;
UPDATE detections SET is_grouped = 1;
CREATE INDEX detections_ungrouped ON detections (time_us, id) WHERE is_grouped = 0;
