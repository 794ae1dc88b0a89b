-- Refused requests with their explanations, for 24 hours. Rows are removed once they are older.
CREATE TABLE refusals (
    -- 32 lower-case hex digits.
    request_id TEXT   NOT NULL PRIMARY KEY,
    -- The client that the grant named, whether or not it sent it.
    client_id  TEXT,
    -- Milliseconds since 1970.
    at         BIGINT NOT NULL,
    -- JSON: what may be seen, by proof.
    views      TEXT   NOT NULL
);
CREATE INDEX refusals_by_time ON refusals (at);

-- Which entries of the audit log concern an organization: a copy of audit.organizations, one row for
-- each, so that an organization finds its part of a long log at once.
CREATE TABLE audit_organizations (
    orgno    TEXT   NOT NULL,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (orgno, sequence)
);
WITH RECURSIVE parts (sequence, orgno, rest) AS (
    SELECT sequence, '', organizations || ' ' FROM audit
    UNION ALL
    SELECT sequence, substr(rest, 1, instr(rest, ' ') - 1), substr(rest, instr(rest, ' ') + 1)
    FROM parts WHERE rest <> ''
)
INSERT INTO audit_organizations (orgno, sequence)
SELECT DISTINCT orgno, sequence FROM parts WHERE orgno <> '';
