-- What was used together is in one row: 32 bytes for each grant, one digest after the other. So a batch
-- writes two or three pages, however many grants are in it; a table of digests writes a page for each.
-- An empty row says until when every grant counts as used. Numbers are never given twice: who knows all
-- rows up to the last number knows every grant.
CREATE TABLE used_batches (
    number     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- The latest of the batch.
    keep_until BIGINT  NOT NULL,
    digests    BLOB    NOT NULL
);

INSERT INTO used_batches (keep_until, digests) SELECT keep_until, digest FROM used_grants;

DROP TABLE used_grants;
