-- +goose Up
-- A transaction that was registered to be confirmed: details are its
-- authorization_details in canonical form. Challenges name the one they are for.

CREATE TABLE bindings (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL,
    user_id        TEXT NOT NULL,
    session_id     TEXT NOT NULL,
    scope          TEXT NOT NULL,
    details        TEXT NOT NULL,
    hash           TEXT NOT NULL,
    summary        TEXT NOT NULL,
    must_display   BIGINT NOT NULL,
    epoch          TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    consumed_at    BIGINT
);
CREATE INDEX bindings_session ON bindings (session_id);
CREATE INDEX bindings_user ON bindings (user_id);
CREATE INDEX bindings_expiry ON bindings (expires_at);

ALTER TABLE code_challenges ADD COLUMN binding_id TEXT NOT NULL DEFAULT '';
ALTER TABLE passkey_challenges ADD COLUMN binding_id TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE passkey_challenges DROP COLUMN binding_id;
ALTER TABLE code_challenges DROP COLUMN binding_id;
DROP TABLE bindings;
