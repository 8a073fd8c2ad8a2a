-- The incident before about the same: a new one refers to it.
ALTER TABLE incidents ADD COLUMN follows TEXT REFERENCES incidents (id) ON DELETE SET NULL;
CREATE INDEX incidents_follows ON incidents (follows) WHERE follows IS NOT NULL;
