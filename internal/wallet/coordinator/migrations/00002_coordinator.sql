-- +goose Up
CREATE TABLE wallets (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL,
    user_id        TEXT NOT NULL,
    chain          TEXT NOT NULL,
    address        TEXT NOT NULL,
    public_key     BYTEA NOT NULL,
    scheme         TEXT NOT NULL,
    generation     BIGINT NOT NULL, -- the one row that says which shares are in force
    state          TEXT NOT NULL,
    busy           TEXT NOT NULL,   -- id of the operation that is changing it; empty: none
    marked_by      TEXT NOT NULL,   -- id of the last operation that changed the state
    created_at     BIGINT NOT NULL,
    exported_at    BIGINT,
    delete_at      BIGINT
);
CREATE INDEX wallets_user ON wallets (environment_id, user_id, created_at);
CREATE INDEX wallets_deleting ON wallets (delete_at) WHERE delete_at IS NOT NULL;

CREATE TABLE operations (
    environment_id  TEXT NOT NULL,
    id              TEXT NOT NULL,
    user_id         TEXT NOT NULL,
    session_id      TEXT NOT NULL,
    request_id      TEXT NOT NULL,
    wallet_id       TEXT NOT NULL,
    action          TEXT NOT NULL,
    intent_hash     TEXT NOT NULL,
    state           TEXT NOT NULL,
    from_generation BIGINT NOT NULL, -- 0 where no shares are renewed
    to_generation   BIGINT NOT NULL,
    scheme          TEXT NOT NULL,   -- of to_generation
    result          TEXT NOT NULL,   -- JSON; empty: none yet
    refusal         TEXT NOT NULL,   -- why it was rolled back last; empty: it was not
    in_flight       BIGINT NOT NULL, -- 1: somebody must bring it to an end
    lease           TEXT NOT NULL,   -- of whoever does
    lease_until     BIGINT NOT NULL,
    drop_at         BIGINT,          -- when the ciphertext of an export is dropped
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    PRIMARY KEY (environment_id, id)
);
CREATE INDEX operations_in_flight ON operations (lease_until) WHERE in_flight = 1;
CREATE INDEX operations_drop ON operations (drop_at) WHERE drop_at IS NOT NULL;

CREATE TABLE offline_shares (
    wallet_id        TEXT NOT NULL,
    generation       BIGINT NOT NULL,
    party            BIGINT NOT NULL,
    scheme           TEXT NOT NULL,
    encapsulated_key BYTEA NOT NULL,
    ciphertext       BYTEA NOT NULL,
    PRIMARY KEY (wallet_id, generation, party)
);

-- +goose Down
DROP TABLE offline_shares;
DROP TABLE operations;
DROP TABLE wallets;
