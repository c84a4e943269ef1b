-- +goose Up
-- What the door has let through to the wallet service: a token was spent by just
-- this operation, and each custodian asked about it and was told so.
CREATE TABLE wallet_operations (
    environment_id   TEXT NOT NULL,
    id               TEXT NOT NULL,
    user_id          TEXT NOT NULL,
    session_id       TEXT NOT NULL,
    wallet_id        TEXT NOT NULL,
    action           TEXT NOT NULL,
    intent_hash      TEXT NOT NULL,
    authorized_by    TEXT NOT NULL,
    scope            TEXT NOT NULL,
    token_id         TEXT NOT NULL,
    method           TEXT NOT NULL,
    claimed_at       BIGINT NOT NULL,
    signer_told_at   BIGINT,
    guardian_told_at BIGINT,
    result           TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (environment_id, id)
);
CREATE INDEX wallet_operations_time ON wallet_operations (claimed_at);
CREATE INDEX wallet_operations_user ON wallet_operations (environment_id, user_id, claimed_at);

-- +goose Down
DROP TABLE wallet_operations;
