-- Issued tokens, counted: no part of the registry, and the second table from which rows are
-- removed, once a day is too old.
CREATE TABLE token_usage (
    scope           TEXT   NOT NULL,
    -- Days since 1970-01-01, UTC.
    day             BIGINT NOT NULL,
    consumer_orgno  TEXT   NOT NULL,
    -- Empty without a supplier: a key has no nulls.
    supplier_orgno  TEXT   NOT NULL,
    accessing_orgno TEXT   NOT NULL,
    client_id       TEXT   NOT NULL,
    tokens          BIGINT NOT NULL,
    last_used       BIGINT NOT NULL,
    PRIMARY KEY (scope, day, consumer_orgno, supplier_orgno, accessing_orgno, client_id)
);

CREATE INDEX token_usage_of_client ON token_usage (client_id, day);
CREATE INDEX token_usage_by_day ON token_usage (day);
