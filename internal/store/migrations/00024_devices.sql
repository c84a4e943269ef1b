-- +goose Up
-- Devices that a user has registered. identity is what a device proves of itself at each
-- sign-in: its public key, or the hash of the secret in its cookie.
CREATE TABLE device_registrations (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL,
    user_id        TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    identity       TEXT NOT NULL,
    user_agent     TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    last_used_at   BIGINT NOT NULL,
    UNIQUE (environment_id, user_id, identity)
);
CREATE INDEX device_registrations_user ON device_registrations (user_id);
CREATE INDEX device_registrations_use ON device_registrations (last_used_at);

-- Links by mail that register the device of one session.
CREATE TABLE device_links (
    hash           BYTEA PRIMARY KEY,
    environment_id TEXT NOT NULL,
    user_id        TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id     TEXT NOT NULL,
    identity       TEXT NOT NULL,
    epoch          TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    consumed_at    BIGINT
);
CREATE INDEX device_links_user ON device_links (user_id);
CREATE INDEX device_links_expiry ON device_links (expires_at);

-- The device that a session was opened on, and whether it waits for its device to be
-- registered. Sessions that are open now are of no device, and wait for none.
ALTER TABLE sessions ADD COLUMN device_registration_id TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN unregistered BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE sessions DROP COLUMN unregistered;
ALTER TABLE sessions DROP COLUMN device_registration_id;
DROP TABLE device_links;
DROP TABLE device_registrations;
