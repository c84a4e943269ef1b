-- +goose Up
-- When a wallet was last taken from its user: texts it signed before are void.
-- The wallet itself stands here as a keyed hash only.
CREATE TABLE wallet_removals (
    hash       BYTEA PRIMARY KEY,
    removed_at BIGINT NOT NULL
);
CREATE INDEX wallet_removals_time ON wallet_removals (removed_at);

-- +goose Down
DROP TABLE wallet_removals;
