-- What is kept of clients' secrets. Rows of a client are replaced together, and those that are
-- replaced are gone: nothing is compared with them any more.
CREATE TABLE client_secrets (
    client_id  TEXT   NOT NULL REFERENCES clients (client_id),
    -- 0 for the newest; 1 for the one before it, while both count.
    position   BIGINT NOT NULL CHECK (position IN (0, 1)),
    -- SHA-256 of 256 random bits.
    hash       BLOB   NOT NULL,
    expires_at BIGINT NOT NULL,
    created    BIGINT NOT NULL,
    PRIMARY KEY (client_id, position)
);
