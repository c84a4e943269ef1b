-- +goose Up
CREATE TABLE recovery_codes (
    id             TEXT PRIMARY KEY,
    set_id         TEXT NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    environment_id TEXT NOT NULL,
    user_id        TEXT NOT NULL,
    code_hash      BYTEA NOT NULL,
    sealed_code    BYTEA,
    epoch          TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    consumed_at    BIGINT,
    UNIQUE (environment_id, user_id, code_hash)
);
CREATE INDEX recovery_codes_set ON recovery_codes (set_id);

-- +goose Down
DROP TABLE recovery_codes;
