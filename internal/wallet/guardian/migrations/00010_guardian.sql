-- +goose Up
-- What was used of the limits, by operation; rows older than the longest window
-- are deleted. Times are unix milliseconds, UTC.

CREATE TABLE uses (
    operation_id TEXT PRIMARY KEY,
    wallet_id    TEXT NOT NULL,
    action       TEXT NOT NULL,
    used_at      BIGINT NOT NULL
);
CREATE INDEX uses_window ON uses (wallet_id, action, used_at);
CREATE INDEX uses_old ON uses (used_at);

-- amount is a whole number in the asset's smallest unit, in decimal.
CREATE TABLE spends (
    operation_id TEXT NOT NULL,
    asset        TEXT NOT NULL,
    wallet_id    TEXT NOT NULL,
    amount       TEXT NOT NULL,
    spent_at     BIGINT NOT NULL,
    PRIMARY KEY (operation_id, asset)
);
CREATE INDEX spends_window ON spends (wallet_id, asset, spent_at);
CREATE INDEX spends_old ON spends (spent_at);

-- What the pieces of a generation were when they were staged; see custodian.Digest.
CREATE TABLE digests (
    wallet_id  TEXT NOT NULL,
    generation BIGINT NOT NULL,
    digest     BYTEA NOT NULL,
    PRIMARY KEY (wallet_id, generation)
);

-- The key that the signer seals to, wrapped by a root key: one for each root key.
CREATE TABLE transit_keys (
    root_id    TEXT PRIMARY KEY,
    wrapped    BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE transit_keys;
DROP TABLE digests;
DROP TABLE spends;
DROP TABLE uses;
