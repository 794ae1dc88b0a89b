-- Which keys end soon is asked over all clients: it must not cost what their number does.
CREATE INDEX client_keys_by_end ON client_keys (expires_at) WHERE removed_at IS NULL;
