-- Times are milliseconds since 1970-01-01T00:00:00Z. Words and documents are kept in the form that
-- they have on the wire. The types are standard SQL but for BLOB.
--
-- An organization need not be recorded for a scope, a client or a delegation to name it, so
-- nothing refers to the table of organizations: only a recorded one can be deactivated.

CREATE TABLE organizations (
    orgno        TEXT    NOT NULL PRIMARY KEY,
    name         TEXT    NOT NULL,
    active       BOOLEAN NOT NULL,
    created      BIGINT  NOT NULL,
    last_updated BIGINT  NOT NULL
);

CREATE TABLE prefixes (
    prefix       TEXT    NOT NULL PRIMARY KEY,
    owner_orgno  TEXT    NOT NULL,
    active       BOOLEAN NOT NULL,
    created      BIGINT  NOT NULL,
    last_updated BIGINT  NOT NULL
);

CREATE INDEX prefixes_of_owner ON prefixes (owner_orgno, prefix);

CREATE TABLE scopes (
    name                         TEXT    NOT NULL PRIMARY KEY,
    owner_orgno                  TEXT    NOT NULL,
    description                  TEXT    NOT NULL,
    long_description             TEXT,
    -- JSON object: member name (description#en) to text.
    translations                 TEXT    NOT NULL,
    visibility                   TEXT    NOT NULL,
    accessible_for_all           BOOLEAN NOT NULL,
    -- JSON array of words.
    allowed_integration_types    TEXT    NOT NULL,
    delegation_source            TEXT,
    at_max_age                   BIGINT  NOT NULL,
    authorization_max_lifetime   BIGINT  NOT NULL,
    requires_user_consent        BOOLEAN NOT NULL,
    requires_user_authentication BOOLEAN NOT NULL,
    requires_pseudonymous_tokens BOOLEAN NOT NULL,
    token_type                   TEXT    NOT NULL,
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
    scope          TEXT   NOT NULL REFERENCES scopes (name),
    consumer_orgno TEXT   NOT NULL,
    state          TEXT   NOT NULL,
    created        BIGINT NOT NULL,
    last_updated   BIGINT NOT NULL,
    PRIMARY KEY (scope, consumer_orgno)
);

CREATE INDEX access_of_consumer ON access (consumer_orgno, scope);

CREATE TABLE clients (
    client_id                       TEXT    NOT NULL PRIMARY KEY,
    client_name                     TEXT    NOT NULL,
    description                     TEXT    NOT NULL,
    client_orgno                    TEXT    NOT NULL,
    supplier_orgno                  TEXT,
    integration_type                TEXT    NOT NULL,
    application_type                TEXT    NOT NULL,
    token_endpoint_auth_method      TEXT    NOT NULL,
    -- JSON array of words.
    grant_types                     TEXT    NOT NULL,
    access_token_lifetime           BIGINT,
    token_endpoint_auth_signing_alg TEXT,
    -- JSON object: the attributes that only logins use.
    login                           TEXT    NOT NULL,
    active                          BOOLEAN NOT NULL,
    created                         BIGINT  NOT NULL,
    last_updated                    BIGINT  NOT NULL
);

CREATE INDEX clients_of_organization ON clients (client_orgno);
CREATE INDEX clients_of_supplier ON clients (supplier_orgno);

-- An attribute of the client: rewritten with it.
CREATE TABLE client_scopes (
    client_id TEXT   NOT NULL REFERENCES clients (client_id),
    position  BIGINT NOT NULL,
    -- A name; the scope may be made later.
    scope     TEXT   NOT NULL,
    PRIMARY KEY (client_id, position)
);

-- Sets are numbered from 1 for each client. Keys of the present set have no removed_at.
CREATE TABLE client_keys (
    client_id  TEXT   NOT NULL REFERENCES clients (client_id),
    key_set    BIGINT NOT NULL,
    position   BIGINT NOT NULL,
    kid        TEXT   NOT NULL,
    -- JSON object (RFC 7517).
    jwk        TEXT   NOT NULL,
    expires_at BIGINT NOT NULL,
    created    BIGINT NOT NULL,
    removed_at BIGINT,
    PRIMARY KEY (client_id, key_set, position)
);

CREATE TABLE on_behalf_of (
    client_id    TEXT    NOT NULL REFERENCES clients (client_id),
    onbehalfof   TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    orgno        TEXT    NOT NULL,
    client_uri   TEXT,
    description  TEXT,
    active       BOOLEAN NOT NULL,
    created      BIGINT  NOT NULL,
    last_updated BIGINT  NOT NULL,
    PRIMARY KEY (client_id, onbehalfof)
);

CREATE TABLE delegation_sources (
    name         TEXT   NOT NULL PRIMARY KEY,
    issuer       TEXT   NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL
);

CREATE TABLE delegations (
    -- The issuer of the source.
    delegation_source TEXT    NOT NULL,
    scope             TEXT    NOT NULL,
    consumer_orgno    TEXT    NOT NULL,
    supplier_orgno    TEXT    NOT NULL,
    valid_from        BIGINT,
    valid_to          BIGINT,
    active            BOOLEAN NOT NULL,
    created           BIGINT  NOT NULL,
    last_updated      BIGINT  NOT NULL,
    PRIMARY KEY (delegation_source, scope, consumer_orgno, supplier_orgno)
);

CREATE TABLE system_users (
    id           TEXT    NOT NULL PRIMARY KEY,
    system_id    TEXT    NOT NULL,
    client_id    TEXT    NOT NULL,
    owner_orgno  TEXT    NOT NULL,
    external_ref TEXT    NOT NULL,
    active       BOOLEAN NOT NULL
);

CREATE INDEX system_users_of_client ON system_users (client_id, owner_orgno, external_ref);

CREATE TABLE consents (
    id             TEXT    NOT NULL PRIMARY KEY,
    given_by       TEXT    NOT NULL,
    to_orgno       TEXT    NOT NULL,
    consented      TEXT    NOT NULL,
    valid_to       TEXT    NOT NULL,
    -- JSON, copied to tokens.
    consent_rights TEXT    NOT NULL,
    active         BOOLEAN NOT NULL
);

CREATE TABLE people (
    pid  TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE TABLE signing_keys (
    kid          TEXT   NOT NULL PRIMARY KEY,
    surface      TEXT   NOT NULL,
    algorithm    TEXT   NOT NULL,
    state        TEXT   NOT NULL,
    -- PKCS#8; empty once the key is gone.
    private_key  BLOB   NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL
);

CREATE INDEX signing_keys_of_surface ON signing_keys (surface, created, kid);

-- SHA-256 values of used grants. The only table from which rows are removed, once keep_until has
-- passed.
CREATE TABLE used_grants (
    digest     BLOB   NOT NULL PRIMARY KEY,
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
    kind       TEXT   NOT NULL,
    record_key TEXT   NOT NULL,
    PRIMARY KEY (revision, kind, record_key)
);
