-- What only the operator sets (spec: selfservice §9, §14).

-- The owning organization may change the client even though it has an operator-only scope.
ALTER TABLE clients ADD COLUMN self_managed BOOLEAN NOT NULL DEFAULT FALSE;

-- A withdrawn source stays readable, and no scope may name it.
ALTER TABLE delegation_sources ADD COLUMN active BOOLEAN NOT NULL DEFAULT TRUE;
