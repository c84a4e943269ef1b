-- +goose Up
-- The table credentials is the registry of every means of proof. What a format
-- shows of itself stands in detail; what a method must remember in secret
-- stands in a table of its own, keyed by the credential's id.

ALTER TABLE credentials ADD COLUMN detail TEXT NOT NULL DEFAULT '{}';
ALTER TABLE credentials ADD COLUMN last_selected_at BIGINT;

-- mfa_at: a second factor was given in this session. mfa_mark_at: the last one
-- that may show and replace recovery codes.
ALTER TABLE sessions ADD COLUMN mfa_at BIGINT;
ALTER TABLE sessions ADD COLUMN mfa_mark_at BIGINT;

-- default_factor_id: the MFA method offered first. factors_changed_at: when a
-- factor was last added or recovered with, for scopes that cool down after it.
ALTER TABLE users ADD COLUMN default_factor_id TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN factors_changed_at BIGINT;

-- +goose Down
ALTER TABLE users DROP COLUMN factors_changed_at;
ALTER TABLE users DROP COLUMN default_factor_id;
ALTER TABLE sessions DROP COLUMN mfa_mark_at;
ALTER TABLE sessions DROP COLUMN mfa_at;
ALTER TABLE credentials DROP COLUMN last_selected_at;
ALTER TABLE credentials DROP COLUMN detail;
