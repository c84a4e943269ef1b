-- +goose Up
-- One social login under way. It is found by the client's state, which is kept
-- as a keyed hash, or by the state we sent to the provider; sealed holds what
-- must be read again: both states, nonce and PKCE verifier, and the codes.

CREATE TABLE social_flows (
    state_hash     BYTEA PRIMARY KEY,
    environment_id TEXT NOT NULL,
    provider       TEXT NOT NULL,
    session_id     TEXT NOT NULL,
    user_id        TEXT NOT NULL,
    upstream_hash  BYTEA UNIQUE,
    challenge      TEXT NOT NULL,
    code_hash      BYTEA,
    sealed         BYTEA NOT NULL,
    epoch          TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    sent_at        BIGINT,
    returned_at    BIGINT,
    claimed_at     BIGINT,
    consumed_at    BIGINT
);
CREATE INDEX social_flows_expiry ON social_flows (expires_at);
CREATE INDEX social_flows_user ON social_flows (user_id);

-- +goose Down
DROP TABLE social_flows;
