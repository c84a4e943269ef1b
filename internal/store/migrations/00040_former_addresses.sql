-- +goose Up
-- Confirmed addresses that a user had, for as long as they are told of a recovery and may
-- stop it: taking an address away must not make its owner silent.
CREATE TABLE former_addresses (
    id                TEXT PRIMARY KEY,
    environment_id    TEXT NOT NULL,
    user_id           TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    format            TEXT NOT NULL,
    identifier        TEXT NOT NULL,
    public_identifier TEXT NOT NULL,
    detail            TEXT NOT NULL,
    created_at        BIGINT NOT NULL,
    removed_at        BIGINT NOT NULL
);
CREATE INDEX former_addresses_user ON former_addresses (user_id);
CREATE INDEX former_addresses_time ON former_addresses (removed_at);

-- +goose Down
DROP TABLE former_addresses;
