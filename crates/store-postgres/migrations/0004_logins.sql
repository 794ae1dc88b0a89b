-- Logins of people: none of it is a part of the registry or raises its revision. What somebody holds
-- (a code, a token, a cookie, a handle) is kept as its SHA-256 value. Rows go once their time is
-- over; times are milliseconds since 1970. Nothing refers to the registry's tables, so that a login
-- waits for no lock of theirs.

-- Keys that are made once and never change, sealed under the key-encryption key.
CREATE TABLE login_secrets (
    name    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    sealed  BYTEA NOT NULL,
    created BIGINT NOT NULL
);

-- Who has logged in. This is the only table that says who somebody is.
CREATE TABLE login_people (
    -- A UUID.
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    -- pid, eidas or email.
    kind         TEXT COLLATE "C" NOT NULL,
    identifier   TEXT COLLATE "C" NOT NULL,
    -- Why they may not log in; null if they may.
    blocked_code TEXT COLLATE "C",
    -- Who they were before their number changed.
    previous     TEXT COLLATE "C",
    created      BIGINT NOT NULL,
    UNIQUE (kind, identifier)
);

-- With which eIDs.
CREATE TABLE login_eids (
    person_id TEXT COLLATE "C" NOT NULL REFERENCES login_people (id),
    eid       TEXT COLLATE "C" NOT NULL,
    first_at  BIGINT NOT NULL,
    last_at   BIGINT NOT NULL,
    PRIMARY KEY (person_id, eid)
);

-- Requests that clients pushed. One that is used is gone.
CREATE TABLE pushed_requests (
    request_uri BYTEA NOT NULL PRIMARY KEY,
    client_id   TEXT COLLATE "C" NOT NULL,
    -- JSON.
    request     TEXT COLLATE "C" NOT NULL,
    -- The browser that started it; null before one did.
    browser     BYTEA,
    created     BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);

CREATE INDEX pushed_requests_by_end ON pushed_requests (expires_at);

-- Logins under way. One that has ended is gone.
CREATE TABLE login_transactions (
    handle     BYTEA NOT NULL PRIMARY KEY,
    browser    BYTEA NOT NULL,
    client_id  TEXT COLLATE "C" NOT NULL,
    pushed     BYTEA,
    version    BIGINT NOT NULL,
    -- JSON.
    state      TEXT COLLATE "C" NOT NULL,
    created    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX login_transactions_by_end ON login_transactions (expires_at);

-- Logouts whose browser is on its way back with its cookie.
CREATE TABLE parked_logouts (
    handle     BYTEA NOT NULL PRIMARY KEY,
    -- JSON.
    request    TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX parked_logouts_by_end ON parked_logouts (expires_at);

-- One that has ended is gone.
CREATE TABLE login_sessions (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    cookie          BYTEA NOT NULL UNIQUE,
    person_id       TEXT COLLATE "C" NOT NULL REFERENCES login_people (id),
    version         BIGINT NOT NULL,
    -- JSON: group to login.
    logins          TEXT COLLATE "C" NOT NULL,
    -- JSON: client to times.
    clients         TEXT COLLATE "C" NOT NULL,
    last_request_at BIGINT NOT NULL,
    created         BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL
);

CREATE INDEX login_sessions_of_person ON login_sessions (person_id);
CREATE INDEX login_sessions_by_end ON login_sessions (expires_at);

-- The session need not exist any more.
CREATE TABLE authorizations (
    id             TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    client_id      TEXT COLLATE "C" NOT NULL,
    person_id      TEXT COLLATE "C" NOT NULL REFERENCES login_people (id),
    session_id     TEXT COLLATE "C" NOT NULL,
    login_only     BOOLEAN NOT NULL,
    -- JSON.
    details        TEXT COLLATE "C" NOT NULL,
    authorized_at  BIGINT NOT NULL,
    ends_at        BIGINT NOT NULL,
    redeemed_at    BIGINT,
    revoked_at     BIGINT,
    revoked_reason TEXT COLLATE "C",
    -- The second, since 1970, of its last ID token; -1 before the first.
    id_token_at    BIGINT NOT NULL
);

CREATE INDEX authorizations_of_person ON authorizations (person_id, authorized_at, id);
CREATE INDEX authorizations_of_session ON authorizations (session_id);
CREATE INDEX authorizations_by_end ON authorizations (ends_at);

CREATE TABLE authorization_codes (
    code             BYTEA NOT NULL PRIMARY KEY,
    authorization_id TEXT COLLATE "C" NOT NULL REFERENCES authorizations (id),
    client_id        TEXT COLLATE "C" NOT NULL,
    -- JSON.
    details          TEXT COLLATE "C" NOT NULL,
    issued_at        BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    used_at          BIGINT,
    -- A used one is remembered, so that whoever shows it again is noticed.
    keep_until       BIGINT NOT NULL
);

CREATE INDEX authorization_codes_of_authorization ON authorization_codes (authorization_id);
CREATE INDEX authorization_codes_by_end ON authorization_codes (keep_until);

CREATE TABLE refresh_tokens (
    token            BYTEA NOT NULL PRIMARY KEY,
    authorization_id TEXT COLLATE "C" NOT NULL REFERENCES authorizations (id),
    generation       BIGINT NOT NULL,
    dpop_jkt         TEXT COLLATE "C",
    issued_at        BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    replaced_at      BIGINT,
    successor        BYTEA,
    -- A replaced one is remembered, so that whoever shows it again is noticed.
    keep_until       BIGINT NOT NULL
);

-- Whatever the program does, a family has one live member.
CREATE UNIQUE INDEX refresh_tokens_in_use ON refresh_tokens (authorization_id)
    WHERE replaced_at IS NULL;
CREATE INDEX refresh_tokens_of_authorization ON refresh_tokens (authorization_id);
CREATE INDEX refresh_tokens_by_end ON refresh_tokens (keep_until);

CREATE TABLE access_tokens (
    id               TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    authorization_id TEXT COLLATE "C" NOT NULL REFERENCES authorizations (id),
    -- Of an opaque token, with its claims as JSON; null for one that carries its claims.
    opaque           BYTEA UNIQUE,
    claims           TEXT COLLATE "C",
    issued_at        BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    -- A copy of the authorization's, for the revoke list.
    revoked_at       BIGINT
);

CREATE INDEX access_tokens_of_authorization ON access_tokens (authorization_id);
CREATE INDEX access_tokens_by_end ON access_tokens (expires_at);
CREATE INDEX access_tokens_by_revocation ON access_tokens (revoked_at)
    WHERE revoked_at IS NOT NULL;

-- Completed logins, for the person to look at. They outlive the authorization.
CREATE TABLE login_history (
    authorization_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    person_id        TEXT COLLATE "C" NOT NULL REFERENCES login_people (id),
    at               BIGINT NOT NULL,
    client_id        TEXT COLLATE "C" NOT NULL,
    -- The organization of the service, and its name.
    orgno            TEXT COLLATE "C" NOT NULL,
    service          TEXT COLLATE "C" NOT NULL,
    eid              TEXT COLLATE "C" NOT NULL,
    acr              TEXT COLLATE "C" NOT NULL
);

CREATE INDEX login_history_of_person ON login_history (person_id, at);
CREATE INDEX login_history_by_time ON login_history (at);
