-- Whom people with a foreign eID are here: the built-in identity matcher's table.
CREATE TABLE identity_matches (
    -- An eIDAS identifier.
    identifier TEXT    NOT NULL PRIMARY KEY,
    -- A national identity number.
    pid        TEXT    NOT NULL,
    active     BOOLEAN NOT NULL
);
