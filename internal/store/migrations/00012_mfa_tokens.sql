-- +goose Up
-- Tokens of action-based MFA. Package legacymfa alone reads and writes them; with the
-- package this table can go.
CREATE TABLE mfa_tokens (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL,
    user_id        TEXT NOT NULL,
    session_id     TEXT NOT NULL,
    credential_id  TEXT NOT NULL,
    method         TEXT NOT NULL,
    hash           BYTEA NOT NULL UNIQUE,
    single_use     BIGINT NOT NULL,
    epoch          TEXT NOT NULL,
    issued_at      BIGINT NOT NULL,
    consumed_at    BIGINT
);
CREATE INDEX mfa_tokens_session ON mfa_tokens (session_id);

-- +goose Down
DROP TABLE mfa_tokens;
