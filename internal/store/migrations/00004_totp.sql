-- +goose Up
CREATE TABLE totp_devices (
    credential_id  TEXT PRIMARY KEY REFERENCES credentials (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    environment_id TEXT NOT NULL,
    user_id        TEXT NOT NULL,
    sealed_secret  BYTEA NOT NULL,
    last_step      BIGINT NOT NULL,
    epoch          TEXT NOT NULL
);
CREATE INDEX totp_devices_user ON totp_devices (environment_id, user_id);

-- One at a time: a newer enrolment takes the place of an older one.
CREATE TABLE totp_enrolments (
    environment_id TEXT NOT NULL,
    user_id        TEXT NOT NULL,
    id             TEXT NOT NULL UNIQUE,
    session_id     TEXT NOT NULL,
    sealed_secret  BYTEA NOT NULL,
    authorized_by  TEXT NOT NULL,
    epoch          TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    consumed_at    BIGINT,
    PRIMARY KEY (environment_id, user_id)
);

-- +goose Down
DROP TABLE totp_enrolments;
DROP TABLE totp_devices;
