-- The last revision whose rows of the change feed may have been dropped: whoever asks from before
-- it cannot be told what changed.
ALTER TABLE revision ADD COLUMN trimmed BIGINT NOT NULL DEFAULT 0;
