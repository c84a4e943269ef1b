-- +goose Up
-- A reserved environment is the server's own: nobody applies or lists it.
ALTER TABLE environments ADD COLUMN reserved BIGINT NOT NULL DEFAULT 0;

-- Who may do what in the console. Operators are users of the reserved environment; an
-- empty environment_id is a grant for all environments.
CREATE TABLE operator_grants (
    operator_id    TEXT NOT NULL,
    environment_id TEXT NOT NULL,
    role           TEXT NOT NULL,
    granted_at     BIGINT NOT NULL,
    granted_by     TEXT NOT NULL,
    PRIMARY KEY (operator_id, environment_id)
);
CREATE INDEX operator_grants_environment ON operator_grants (environment_id, operator_id);

-- An invitation gives one grant to whoever has its link, once, as the operator of one
-- address. It is over once accepted_at or revoked_at is set, its time has come or the
-- epoch has moved.
CREATE TABLE operator_invitations (
    id             TEXT PRIMARY KEY,
    email          TEXT NOT NULL,
    email_key      TEXT NOT NULL,
    environment_id TEXT NOT NULL,
    role           TEXT NOT NULL,
    secret_hash    BYTEA NOT NULL,
    invited_by     TEXT NOT NULL,
    epoch          TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    accepted_at    BIGINT,
    accepted_by    TEXT NOT NULL,
    revoked_at     BIGINT
);
CREATE UNIQUE INDEX operator_invitations_secret ON operator_invitations (secret_hash);
CREATE INDEX operator_invitations_email ON operator_invitations (email_key);
CREATE INDEX operator_invitations_environment ON operator_invitations (environment_id, id);
CREATE INDEX operator_invitations_expiry ON operator_invitations (expires_at);

-- What the console knows of a session beside the session itself: the keyed hash of its
-- cookie, how it was opened, and from where.
CREATE TABLE operator_sessions (
    session_id  TEXT PRIMARY KEY,
    operator_id TEXT NOT NULL,
    cookie_hash BYTEA NOT NULL,
    opened_by   TEXT NOT NULL,
    address     TEXT NOT NULL,
    user_agent  TEXT NOT NULL,
    ends_at     BIGINT NOT NULL
);
CREATE UNIQUE INDEX operator_sessions_cookie ON operator_sessions (cookie_hash);
CREATE INDEX operator_sessions_operator ON operator_sessions (operator_id);
CREATE INDEX operator_sessions_end ON operator_sessions (ends_at);

-- The elevated token of a session for a scope. It is sealed and never leaves the server.
CREATE TABLE operator_elevations (
    session_id TEXT NOT NULL,
    scope      TEXT NOT NULL,
    sealed     BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (session_id, scope)
);
CREATE INDEX operator_elevations_expiry ON operator_elevations (expires_at);

-- +goose Down
DROP TABLE operator_elevations;
DROP TABLE operator_sessions;
DROP TABLE operator_invitations;
DROP TABLE operator_grants;
ALTER TABLE environments DROP COLUMN reserved;
