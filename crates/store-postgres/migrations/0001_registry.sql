-- Times are milliseconds since 1970-01-01T00:00:00Z. Words and documents are kept in the form that
-- they have on the wire. The types are standard SQL but for TEXT and BYTEA.
--
-- Text is compared byte for byte, whatever the database's own order is: the same on every node, on
-- every engine and after every upgrade of the operating system's tables.
--
-- An organization need not be recorded for a scope, a client or a delegation to name it, so
-- nothing refers to the table of organizations: only a recorded one can be deactivated.

CREATE TABLE organizations (
    orgno        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name         TEXT COLLATE "C" NOT NULL,
    active       BOOLEAN NOT NULL,
    created      BIGINT  NOT NULL,
    last_updated BIGINT  NOT NULL
);

CREATE TABLE prefixes (
    prefix       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    owner_orgno  TEXT COLLATE "C" NOT NULL,
    active       BOOLEAN NOT NULL,
    created      BIGINT  NOT NULL,
    last_updated BIGINT  NOT NULL
);

CREATE INDEX prefixes_of_owner ON prefixes (owner_orgno, prefix);

CREATE TABLE scopes (
    name                         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    owner_orgno                  TEXT COLLATE "C" NOT NULL,
    description                  TEXT COLLATE "C" NOT NULL,
    long_description             TEXT COLLATE "C",
    -- JSON object: member name (description#en) to text.
    translations                 TEXT COLLATE "C" NOT NULL,
    visibility                   TEXT COLLATE "C" NOT NULL,
    accessible_for_all           BOOLEAN NOT NULL,
    -- JSON array of words.
    allowed_integration_types    TEXT COLLATE "C" NOT NULL,
    delegation_source            TEXT COLLATE "C",
    at_max_age                   BIGINT  NOT NULL,
    authorization_max_lifetime   BIGINT  NOT NULL,
    requires_user_consent        BOOLEAN NOT NULL,
    requires_user_authentication BOOLEAN NOT NULL,
    requires_pseudonymous_tokens BOOLEAN NOT NULL,
    token_type                   TEXT COLLATE "C" NOT NULL,
    active                       BOOLEAN NOT NULL,
    protected                    BOOLEAN NOT NULL,
    supports_european_businesses BOOLEAN NOT NULL,
    operator_only                BOOLEAN NOT NULL,
    emit_consumer_prefix         BOOLEAN NOT NULL,
    created                      BIGINT  NOT NULL,
    last_updated                 BIGINT  NOT NULL
);

CREATE INDEX scopes_of_owner ON scopes (owner_orgno, name);

CREATE TABLE access (
    scope          TEXT COLLATE "C" NOT NULL REFERENCES scopes (name),
    consumer_orgno TEXT COLLATE "C" NOT NULL,
    state          TEXT COLLATE "C" NOT NULL,
    created        BIGINT NOT NULL,
    last_updated   BIGINT NOT NULL,
    PRIMARY KEY (scope, consumer_orgno)
);

CREATE INDEX access_of_consumer ON access (consumer_orgno, scope);

CREATE TABLE clients (
    client_id                       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    client_name                     TEXT COLLATE "C" NOT NULL,
    description                     TEXT COLLATE "C" NOT NULL,
    client_orgno                    TEXT COLLATE "C" NOT NULL,
    supplier_orgno                  TEXT COLLATE "C",
    integration_type                TEXT COLLATE "C" NOT NULL,
    application_type                TEXT COLLATE "C" NOT NULL,
    token_endpoint_auth_method      TEXT COLLATE "C" NOT NULL,
    -- JSON array of words.
    grant_types                     TEXT COLLATE "C" NOT NULL,
    access_token_lifetime           BIGINT,
    token_endpoint_auth_signing_alg TEXT COLLATE "C",
    -- JSON object: the attributes that only logins use.
    login                           TEXT COLLATE "C" NOT NULL,
    active                          BOOLEAN NOT NULL,
    created                         BIGINT  NOT NULL,
    last_updated                    BIGINT  NOT NULL
);

CREATE INDEX clients_of_organization ON clients (client_orgno);
CREATE INDEX clients_of_supplier ON clients (supplier_orgno);

-- An attribute of the client: rewritten with it.
CREATE TABLE client_scopes (
    client_id TEXT COLLATE "C" NOT NULL REFERENCES clients (client_id),
    position  BIGINT NOT NULL,
    -- A name; the scope may be made later.
    scope     TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (client_id, position)
);

-- Sets are numbered from 1 for each client. Keys of the present set have no removed_at.
CREATE TABLE client_keys (
    client_id  TEXT COLLATE "C" NOT NULL REFERENCES clients (client_id),
    key_set    BIGINT NOT NULL,
    position   BIGINT NOT NULL,
    kid        TEXT COLLATE "C" NOT NULL,
    -- JSON object (RFC 7517).
    jwk        TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL,
    created    BIGINT NOT NULL,
    removed_at BIGINT,
    PRIMARY KEY (client_id, key_set, position)
);

CREATE VIEW present_keys AS
    SELECT client_id, position, jwk, expires_at, created FROM client_keys
    WHERE removed_at IS NULL;

CREATE TABLE on_behalf_of (
    client_id    TEXT COLLATE "C" NOT NULL REFERENCES clients (client_id),
    onbehalfof   TEXT COLLATE "C" NOT NULL,
    name         TEXT COLLATE "C" NOT NULL,
    orgno        TEXT COLLATE "C" NOT NULL,
    client_uri   TEXT COLLATE "C",
    description  TEXT COLLATE "C",
    active       BOOLEAN NOT NULL,
    created      BIGINT  NOT NULL,
    last_updated BIGINT  NOT NULL,
    PRIMARY KEY (client_id, onbehalfof)
);

CREATE TABLE delegation_sources (
    name         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    issuer       TEXT COLLATE "C" NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL
);

CREATE TABLE delegations (
    -- The issuer of the source.
    delegation_source TEXT COLLATE "C" NOT NULL,
    scope             TEXT COLLATE "C" NOT NULL,
    consumer_orgno    TEXT COLLATE "C" NOT NULL,
    supplier_orgno    TEXT COLLATE "C" NOT NULL,
    valid_from        BIGINT,
    valid_to          BIGINT,
    active            BOOLEAN NOT NULL,
    created           BIGINT  NOT NULL,
    last_updated      BIGINT  NOT NULL,
    PRIMARY KEY (delegation_source, scope, consumer_orgno, supplier_orgno)
);

CREATE TABLE system_users (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    system_id    TEXT COLLATE "C" NOT NULL,
    client_id    TEXT COLLATE "C" NOT NULL,
    owner_orgno  TEXT COLLATE "C" NOT NULL,
    external_ref TEXT COLLATE "C" NOT NULL,
    active       BOOLEAN NOT NULL
);

CREATE INDEX system_users_of_client ON system_users (client_id, owner_orgno, external_ref);

CREATE TABLE consents (
    id             TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    given_by       TEXT COLLATE "C" NOT NULL,
    to_orgno       TEXT COLLATE "C" NOT NULL,
    consented      TEXT COLLATE "C" NOT NULL,
    valid_to       TEXT COLLATE "C" NOT NULL,
    -- JSON, copied to tokens.
    consent_rights TEXT COLLATE "C" NOT NULL,
    active         BOOLEAN NOT NULL
);

CREATE TABLE people (
    pid  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL
);

CREATE TABLE signing_keys (
    kid          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    surface      TEXT COLLATE "C" NOT NULL,
    algorithm    TEXT COLLATE "C" NOT NULL,
    state        TEXT COLLATE "C" NOT NULL,
    -- PKCS#8; empty once the key is gone.
    private_key  BYTEA   NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL
);

CREATE INDEX signing_keys_of_surface ON signing_keys (surface, created, kid);

-- SHA-256 values of used grants. The only table from which rows are removed, once keep_until has
-- passed.
CREATE TABLE used_grants (
    digest     BYTEA   NOT NULL PRIMARY KEY,
    keep_until BIGINT NOT NULL
);

CREATE INDEX used_grants_by_end ON used_grants (keep_until);

-- One row: the number of committed changes.
CREATE TABLE revision (
    id     BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    number BIGINT NOT NULL
);

INSERT INTO revision (id, number) VALUES (1, 0);

-- What each revision touched. A person's key is empty: a national identity number belongs in its
-- own table only.
CREATE TABLE changes (
    revision   BIGINT NOT NULL,
    kind       TEXT COLLATE "C" NOT NULL,
    record_key TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (revision, kind, record_key)
);

-- One row, rewritten to find out whether writes are kept, without getting in the way of any.
CREATE TABLE readiness (
    id     BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    checks BIGINT NOT NULL
);

INSERT INTO readiness (id, checks) VALUES (1, 0);
