-- What a client's first grant reads is found in as few steps as there can be, because a million
-- clients may all come for the first time.

-- Which organizations are deactivated is asked of each client, and few are.
CREATE UNIQUE INDEX deactivated_organizations ON organizations (orgno) WHERE NOT active;

-- The state is read from the index itself. It does all that access_of_consumer does, which goes a
-- release later.
CREATE INDEX access_states ON access (consumer_orgno, scope, state);

-- The rows are short: kept in the order of their key, they are found by one search and not by two.
CREATE TABLE ordered_client_scopes (
    client_id TEXT   NOT NULL REFERENCES clients (client_id),
    position  BIGINT NOT NULL,
    -- A name; the scope may be made later.
    scope     TEXT   NOT NULL,
    PRIMARY KEY (client_id, position)
) WITHOUT ROWID;

INSERT INTO ordered_client_scopes SELECT client_id, position, scope FROM client_scopes ORDER BY client_id, position;
DROP TABLE client_scopes;
ALTER TABLE ordered_client_scopes RENAME TO client_scopes;
