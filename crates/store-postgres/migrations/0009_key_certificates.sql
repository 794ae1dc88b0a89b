-- Certificates of signing keys in DER, made once for each; none when the key is gone.
ALTER TABLE signing_keys ADD COLUMN certificate BYTEA;
