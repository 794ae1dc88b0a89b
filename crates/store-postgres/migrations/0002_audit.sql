-- The audit log: one row for each change, never changed or removed. What is hashed is entry, byte
-- for byte, after the hash of the row before. The other columns are copies of parts of it, by
-- which rows are looked up.
CREATE TABLE audit (
    -- From 1, without gaps.
    sequence      BIGINT NOT NULL PRIMARY KEY,
    object_key    TEXT COLLATE "C" NOT NULL,
    -- Numbers in order, separated by spaces.
    organizations TEXT COLLATE "C" NOT NULL,
    request_id    TEXT COLLATE "C",
    -- JSON.
    entry         TEXT COLLATE "C" NOT NULL,
    -- SHA-256.
    hash          BYTEA  NOT NULL
);
