-- Whom people with a foreign eID are here: the built-in identity matcher's table.
CREATE TABLE identity_matches (
    -- An eIDAS identifier.
    identifier TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    -- A national identity number.
    pid        TEXT COLLATE "C" NOT NULL,
    active     BOOLEAN          NOT NULL
);
