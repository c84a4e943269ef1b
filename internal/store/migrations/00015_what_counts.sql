-- +goose Up
-- Which second factor completed a session: the session ends with what that was
-- worth. For sessions that were completed before, nobody noted it; where their user
-- has a factor that was linked with nothing, it is taken to have been that one.
ALTER TABLE sessions ADD COLUMN mfa_credential_id TEXT NOT NULL DEFAULT '';

UPDATE sessions SET mfa_credential_id = COALESCE((SELECT MIN(c.id) FROM credentials c
    WHERE c.user_id = sessions.user_id AND c.format IN ('totp', 'passkey', 'recoveryCode') AND c.provenance IN ('nothing', 'revoke_link') AND c.confirmed_at IS NULL), '')
WHERE mfa_at IS NOT NULL AND revoked_at IS NULL;

-- A credential that was linked with nothing opened or completed the session, and is
-- gone: the session is no better for that.
ALTER TABLE sessions ADD COLUMN unproven BIGINT NOT NULL DEFAULT 0;
CREATE INDEX sessions_unproven ON sessions (environment_id) WHERE unproven = 1;

-- A user's first factor ends the codes that are under way.
CREATE INDEX code_challenges_user ON code_challenges (user_id);

-- +goose Down
DROP INDEX code_challenges_user;
DROP INDEX sessions_unproven;
ALTER TABLE sessions DROP COLUMN unproven;
ALTER TABLE sessions DROP COLUMN mfa_credential_id;
