-- How people are reached: the contact registry. Like logins it raises no revision and refers to no other
-- table: whoever chooses a language need not be a person of the registry, nor ever have been seen.
CREATE TABLE contacts (
    -- A national identity number.
    pid         TEXT   NOT NULL PRIMARY KEY,
    -- AKTIV or SLETTET.
    status      TEXT   NOT NULL,
    -- The language that the person chose, and when.
    language    TEXT,
    language_at BIGINT,
    -- JSON.
    details     TEXT   NOT NULL
);
