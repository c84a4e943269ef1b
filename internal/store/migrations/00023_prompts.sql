-- +goose Up
-- A prompt is a step-up that a page of ours asks for. The secret of its address, the
-- cookie that the secret is traded for and the code that the app gets are keyed hashes;
-- what was proven in it waits sealed. A prompt is over once ended_at or redeemed_at is
-- set, its time has come or the epoch has moved.

CREATE TABLE prompts (
    id               TEXT PRIMARY KEY,
    environment_id   TEXT NOT NULL,
    user_id          TEXT NOT NULL,
    session_id       TEXT NOT NULL,
    scopes           TEXT NOT NULL,
    binding_id       TEXT NOT NULL,
    enrols           BIGINT NOT NULL,
    redirect_uri     TEXT NOT NULL,
    state            TEXT NOT NULL,
    challenge        TEXT NOT NULL,
    asked_address    TEXT NOT NULL,
    asked_user_agent TEXT NOT NULL,
    secret_hash      BYTEA NOT NULL,
    cookie_hash      BYTEA,
    sealed_link      BYTEA,
    sealed_proof     BYTEA,
    credential_id    TEXT NOT NULL,
    code_hash        BYTEA,
    epoch            TEXT NOT NULL,
    created_at       BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    opened_at        BIGINT,
    code_expires_at  BIGINT,
    redeemed_at      BIGINT,
    ended_at         BIGINT,
    ended_reason     TEXT NOT NULL
);
CREATE INDEX prompts_session ON prompts (session_id);
CREATE INDEX prompts_user ON prompts (user_id);
CREATE INDEX prompts_expiry ON prompts (expires_at);

-- +goose Down
DROP TABLE prompts;
