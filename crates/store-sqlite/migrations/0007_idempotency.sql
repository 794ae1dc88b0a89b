-- Requests that made clients, by the key that their caller chose. Rows go once keep_until has
-- passed, or when their key is used again after that.
CREATE TABLE keyed_requests (
    organization TEXT   NOT NULL,
    -- SHA-256 of the key.
    key_digest   BLOB   NOT NULL,
    -- SHA-256 of what was asked for.
    fingerprint  BLOB   NOT NULL,
    client_id    TEXT   NOT NULL REFERENCES clients (client_id),
    keep_until   BIGINT NOT NULL,
    PRIMARY KEY (organization, key_digest)
);

CREATE INDEX keyed_requests_by_end ON keyed_requests (keep_until);
