-- +goose Up
-- What an operator did to a user's means of proof, for as long as it keeps them from
-- doing the other half.
CREATE TABLE operator_changes (
    environment_id TEXT NOT NULL,
    user_id        TEXT NOT NULL,
    actor          TEXT NOT NULL,
    kind           TEXT NOT NULL,
    at             BIGINT NOT NULL
);
CREATE INDEX operator_changes_user ON operator_changes (user_id);
CREATE INDEX operator_changes_time ON operator_changes (at);

-- A recovery makes an address that an operator set a way to sign in, where the user has
-- none left: two people stand behind it, and the user has three days to stop it.
CREATE TABLE recoveries (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL,
    user_id        TEXT NOT NULL,
    credential_id  TEXT NOT NULL,
    reason         TEXT NOT NULL,
    requested_by   TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    effective_at   BIGINT,
    ended_at       BIGINT,
    ended_reason   TEXT NOT NULL DEFAULT ''
);
CREATE INDEX recoveries_environment ON recoveries (environment_id, id) WHERE ended_at IS NULL;
CREATE INDEX recoveries_user ON recoveries (user_id);
CREATE INDEX recoveries_expiry ON recoveries (expires_at);

CREATE TABLE recovery_approvals (
    recovery_id TEXT NOT NULL,
    person      TEXT NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (recovery_id, person)
);
CREATE INDEX recovery_approvals_time ON recovery_approvals (at);

-- The recovery that was asked for last.
ALTER TABLE users ADD COLUMN recovery_id TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE users DROP COLUMN recovery_id;
DROP TABLE recovery_approvals;
DROP TABLE recoveries;
DROP TABLE operator_changes;
