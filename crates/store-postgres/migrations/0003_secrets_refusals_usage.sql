-- Client secrets, what only the operator sets, what was refused, how tokens were used, requests
-- that are made once, and how far back the change feed reaches.

-- What is kept of clients' secrets. Rows of a client are replaced together, and those that are
-- replaced are gone: nothing is compared with them any more.
CREATE TABLE client_secrets (
    client_id  TEXT COLLATE "C" NOT NULL REFERENCES clients (client_id),
    -- 0 for the newest; 1 for the one before it, while both count.
    position   BIGINT NOT NULL CHECK (position IN (0, 1)),
    -- SHA-256 of 256 random bits.
    hash       BYTEA  NOT NULL,
    expires_at BIGINT NOT NULL,
    created    BIGINT NOT NULL,
    PRIMARY KEY (client_id, position)
);

-- The owning organization may change the client even though it has an operator-only scope.
ALTER TABLE clients ADD COLUMN self_managed BOOLEAN NOT NULL DEFAULT FALSE;

-- A withdrawn source stays readable, and no scope may name it.
ALTER TABLE delegation_sources ADD COLUMN active BOOLEAN NOT NULL DEFAULT TRUE;

-- Refused requests with their explanations, for 24 hours. Rows are removed once they are older.
CREATE TABLE refusals (
    -- 32 lower-case hex digits.
    request_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    -- The client that the grant named, whether or not it sent it.
    client_id  TEXT COLLATE "C",
    -- Milliseconds since 1970.
    at         BIGINT NOT NULL,
    -- JSON: what may be seen, by proof.
    views      TEXT COLLATE "C" NOT NULL
);

CREATE INDEX refusals_by_time ON refusals (at);

-- Which entries of the audit log concern an organization: a copy of audit.organizations, one row for
-- each, so that an organization finds its part of a long log at once.
CREATE TABLE audit_organizations (
    orgno    TEXT COLLATE "C" NOT NULL,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (orgno, sequence)
);

INSERT INTO audit_organizations (orgno, sequence)
SELECT DISTINCT orgno, sequence
FROM audit, unnest(string_to_array(organizations, ' ')) AS concerned (orgno)
WHERE orgno <> '';

-- Issued tokens, counted: no part of the registry. Rows are removed once a day is too old.
CREATE TABLE token_usage (
    scope           TEXT COLLATE "C" NOT NULL,
    -- Days since 1970-01-01, UTC.
    day             BIGINT NOT NULL,
    consumer_orgno  TEXT COLLATE "C" NOT NULL,
    -- Empty without a supplier: a key has no nulls.
    supplier_orgno  TEXT COLLATE "C" NOT NULL,
    accessing_orgno TEXT COLLATE "C" NOT NULL,
    client_id       TEXT COLLATE "C" NOT NULL,
    tokens          BIGINT NOT NULL,
    last_used       BIGINT NOT NULL,
    PRIMARY KEY (scope, day, consumer_orgno, supplier_orgno, accessing_orgno, client_id)
);

CREATE INDEX token_usage_of_client ON token_usage (client_id, day);
CREATE INDEX token_usage_by_day ON token_usage (day);

-- Requests that made clients, by the key that their caller chose. Rows go once keep_until has
-- passed, or when their key is used again after that.
CREATE TABLE keyed_requests (
    organization TEXT COLLATE "C" NOT NULL,
    -- SHA-256 of the key.
    key_digest   BYTEA  NOT NULL,
    -- SHA-256 of what was asked for.
    fingerprint  BYTEA  NOT NULL,
    client_id    TEXT COLLATE "C" NOT NULL REFERENCES clients (client_id),
    keep_until   BIGINT NOT NULL,
    PRIMARY KEY (organization, key_digest)
);

CREATE INDEX keyed_requests_by_end ON keyed_requests (keep_until);

-- The last revision whose rows of the change feed may have been dropped: whoever asks from before
-- it cannot be told what changed.
ALTER TABLE revision ADD COLUMN trimmed BIGINT NOT NULL DEFAULT 0;
