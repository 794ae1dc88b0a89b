-- Clients that may introspect tokens with a scope: JSON array of client ids.
ALTER TABLE scopes ADD COLUMN enforced_aud_for_introspection TEXT NOT NULL DEFAULT '[]';
