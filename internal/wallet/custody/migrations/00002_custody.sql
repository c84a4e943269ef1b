-- +goose Up
-- What a custodian keeps. Times are unix milliseconds, UTC. Every look-up names the
-- environment.

CREATE TABLE environment_keys (
    environment_id TEXT PRIMARY KEY,
    root_id        TEXT NOT NULL,
    wrapped        BYTEA NOT NULL,
    created_at     BIGINT NOT NULL
);

CREATE TABLE wallets (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL,
    user_id        TEXT NOT NULL,
    chain          TEXT NOT NULL,
    address        TEXT NOT NULL,
    public_key     BYTEA NOT NULL,
    created_at     BIGINT NOT NULL,
    disabled_at    BIGINT,
    delete_at      BIGINT,
    deleted_at     BIGINT,
    marked_by      TEXT NOT NULL DEFAULT '' -- the operation that disabled, restored or deleted it last
);
CREATE INDEX wallets_environment ON wallets (environment_id, id);
CREATE INDEX wallets_delete ON wallets (delete_at);

-- One share record: this custodian's pieces of one generation, under a key of their
-- own. The keys go when the record is destroyed; the row stays.
CREATE TABLE generations (
    wallet_id    TEXT NOT NULL REFERENCES wallets (id),
    number       BIGINT NOT NULL,
    scheme       TEXT NOT NULL,
    operation_id TEXT NOT NULL,
    state        TEXT NOT NULL,
    wrapped_key  BYTEA,
    staged_at    BIGINT NOT NULL,
    verified_at  BIGINT,
    active_at    BIGINT,
    retired_at   BIGINT,
    destroy_at   BIGINT,
    destroyed_at BIGINT,
    PRIMARY KEY (wallet_id, number)
);
CREATE UNIQUE INDEX generations_operation ON generations (operation_id);
CREATE UNIQUE INDEX generations_active ON generations (wallet_id) WHERE state = 'active';
CREATE INDEX generations_destroy ON generations (destroy_at);

CREATE TABLE pieces (
    wallet_id  TEXT NOT NULL,
    generation BIGINT NOT NULL,
    number     BIGINT NOT NULL,
    sealed     BYTEA NOT NULL,
    PRIMARY KEY (wallet_id, generation, number),
    FOREIGN KEY (wallet_id, generation) REFERENCES generations (wallet_id, number)
);

-- single_use is the token id if this operation has used the token up.
CREATE TABLE operations (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL,
    wallet_id      TEXT NOT NULL,
    user_id        TEXT NOT NULL,
    action         TEXT NOT NULL,
    intent_hash    TEXT NOT NULL,
    token_id       TEXT NOT NULL,
    single_use     TEXT,
    claimed_at     BIGINT NOT NULL,
    verdict        TEXT NOT NULL DEFAULT '',
    result         BYTEA,
    finished_at    BIGINT
);
CREATE UNIQUE INDEX operations_single_use ON operations (environment_id, single_use);
CREATE INDEX operations_wallet ON operations (wallet_id, claimed_at);

-- +goose Down
DROP TABLE operations;
DROP TABLE pieces;
DROP TABLE generations;
DROP TABLE wallets;
DROP TABLE environment_keys;
