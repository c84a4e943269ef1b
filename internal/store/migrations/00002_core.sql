-- +goose Up
-- Times are unix milliseconds, UTC. Every table carries the environment, and
-- every look-up names it: there is no query that crosses tenants by accident.

CREATE TABLE environments (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    document    TEXT NOT NULL,
    revision    BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);

CREATE TABLE signing_keys (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL REFERENCES environments (id),
    algorithm      TEXT NOT NULL,
    sealed_key     BYTEA NOT NULL,
    created_at     BIGINT NOT NULL,
    signs_from     BIGINT NOT NULL,
    verifies_until BIGINT
);
CREATE INDEX signing_keys_environment ON signing_keys (environment_id);

CREATE TABLE service_tokens (
    id             TEXT PRIMARY KEY,
    hash           BYTEA NOT NULL UNIQUE,
    name           TEXT NOT NULL,
    environment_id TEXT NOT NULL DEFAULT '',
    scopes         TEXT NOT NULL,
    token_scopes   TEXT NOT NULL DEFAULT '',
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT,
    revoked_at     BIGINT
);

CREATE TABLE users (
    id              TEXT PRIMARY KEY,
    environment_id  TEXT NOT NULL REFERENCES environments (id),
    username        TEXT,
    profile         TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    last_visit_at   BIGINT NOT NULL,
    disabled_at     BIGINT,
    UNIQUE (environment_id, username)
);
CREATE INDEX users_environment ON users (environment_id, created_at);

CREATE TABLE credentials (
    id                TEXT PRIMARY KEY,
    environment_id    TEXT NOT NULL,
    user_id           TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    format            TEXT NOT NULL,
    identifier        TEXT NOT NULL,
    public_identifier TEXT NOT NULL,
    sign_in_enabled   BIGINT NOT NULL,
    provenance        TEXT NOT NULL,
    confirmed_at      BIGINT,
    replaces          TEXT NOT NULL DEFAULT '',
    created_at        BIGINT NOT NULL,
    UNIQUE (environment_id, format, identifier)
);
CREATE INDEX credentials_user ON credentials (user_id);

CREATE TABLE sessions (
    id                          TEXT PRIMARY KEY,
    environment_id              TEXT NOT NULL,
    user_id                     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    signin_credential_id        TEXT NOT NULL,
    signin_method               TEXT NOT NULL,
    last_verified_credential_id TEXT NOT NULL,
    origin                      TEXT NOT NULL,
    session_public_key          TEXT NOT NULL,
    device_public_key           TEXT NOT NULL,
    sdk_version                 TEXT NOT NULL,
    created_at                  BIGINT NOT NULL,
    refreshed_at                BIGINT NOT NULL,
    expires_at                  BIGINT NOT NULL,
    ends_at                     BIGINT NOT NULL,
    revoked_at                  BIGINT,
    revoked_reason              TEXT NOT NULL DEFAULT ''
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE code_challenges (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL,
    format         TEXT NOT NULL,
    identifier     TEXT NOT NULL,
    recipient      TEXT NOT NULL,
    purpose        TEXT NOT NULL,
    session_id     TEXT NOT NULL,
    user_id        TEXT NOT NULL,
    authorized_by  TEXT NOT NULL,
    code_hash      BYTEA NOT NULL,
    epoch          TEXT NOT NULL,
    attempts       BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    consumed_at    BIGINT
);
CREATE INDEX code_challenges_expiry ON code_challenges (expires_at);

CREATE TABLE elevated_tokens (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL,
    user_id        TEXT NOT NULL,
    session_id     TEXT NOT NULL,
    credential_id  TEXT NOT NULL,
    method         TEXT NOT NULL,
    scopes         TEXT NOT NULL,
    audience       TEXT NOT NULL,
    acr            TEXT NOT NULL,
    single_use     BIGINT NOT NULL,
    epoch          TEXT NOT NULL,
    issued_at      BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    consumed_at    BIGINT,
    revoked_at     BIGINT,
    revoked_reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX elevated_tokens_session ON elevated_tokens (session_id);
CREATE INDEX elevated_tokens_user ON elevated_tokens (user_id);
CREATE INDEX elevated_tokens_expiry ON elevated_tokens (expires_at);

CREATE TABLE operations (
    environment_id TEXT NOT NULL,
    id             TEXT NOT NULL,
    caller         TEXT NOT NULL,
    token_id       TEXT NOT NULL,
    scope          TEXT NOT NULL,
    digest         TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    PRIMARY KEY (environment_id, id)
);

CREATE TABLE spent_nonces (
    hash       BYTEA PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX spent_nonces_expiry ON spent_nonces (expires_at);

CREATE TABLE counters (
    name       TEXT PRIMARY KEY,
    count      BIGINT NOT NULL,
    window_end BIGINT NOT NULL
);
CREATE INDEX counters_window ON counters (window_end);

CREATE TABLE revoke_links (
    hash           BYTEA PRIMARY KEY,
    environment_id TEXT NOT NULL,
    user_id        TEXT NOT NULL,
    credential_id  TEXT NOT NULL,
    recipient      TEXT NOT NULL,
    previous       TEXT NOT NULL,
    expires_at     BIGINT NOT NULL,
    consumed_at    BIGINT
);

CREATE TABLE outbox (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL,
    sealed_message BYTEA NOT NULL,
    created_at     BIGINT NOT NULL,
    not_after      BIGINT NOT NULL,
    next_try_at    BIGINT NOT NULL,
    attempts       BIGINT NOT NULL
);
CREATE INDEX outbox_due ON outbox (next_try_at);

-- +goose Down
DROP TABLE outbox;
DROP TABLE revoke_links;
DROP TABLE counters;
DROP TABLE spent_nonces;
DROP TABLE operations;
DROP TABLE elevated_tokens;
DROP TABLE code_challenges;
DROP TABLE sessions;
DROP TABLE credentials;
DROP TABLE users;
DROP TABLE service_tokens;
DROP TABLE signing_keys;
DROP TABLE environments;
