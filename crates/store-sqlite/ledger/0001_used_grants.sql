-- A digest of 32 bytes for each grant that was used. Without row numbers and another index a record
-- touches one page. An empty digest says until when every grant counts as used.
CREATE TABLE used_grants (
    digest     BLOB   NOT NULL PRIMARY KEY,
    keep_until BIGINT NOT NULL
) WITHOUT ROWID;
