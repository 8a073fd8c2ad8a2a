-- Whether somebody decided what to alert about it; those that were there before are not alerted of late.
ALTER TABLE detections ADD COLUMN is_alerted INTEGER NOT NULL DEFAULT 0;
UPDATE detections SET is_alerted = 1;
CREATE INDEX detections_unalerted ON detections (time_us, id) WHERE is_alerted = 0;
