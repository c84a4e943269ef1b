-- +goose Up
-- What operators find a user by, in lower case: bytes, because their order is the same
-- in every database, whatever it thinks of letters. The next migration fills it.
ALTER TABLE users ADD COLUMN search BYTEA;
ALTER TABLE credentials ADD COLUMN search BYTEA;

-- How many second factors a user has enrolled.
ALTER TABLE users ADD COLUMN factors BIGINT NOT NULL DEFAULT 0;
UPDATE users SET factors = (SELECT COUNT(*) FROM credentials c WHERE c.user_id = users.id AND c.format IN ('totp', 'passkey'))
WHERE EXISTS (SELECT 1 FROM credentials c WHERE c.user_id = users.id AND c.format IN ('totp', 'passkey'));

-- Lists of users go by id, a page at a time.
DROP INDEX users_environment;
CREATE INDEX users_page ON users (environment_id, id);
CREATE INDEX users_disabled ON users (environment_id, id) WHERE disabled_at IS NOT NULL;
CREATE INDEX users_without_factor ON users (environment_id, id) WHERE factors = 0;
CREATE INDEX credentials_disputed ON credentials (environment_id, user_id) WHERE disputed_at IS NOT NULL;

-- Written so that nothing but that list goes by it: where few are unproven, PostgreSQL
-- takes it for the way to each of them.
CREATE INDEX credentials_unproven ON credentials (environment_id, user_id)
    WHERE provenance || '' IN ('nothing', 'revoke_link') AND confirmed_at IS NULL;

-- +goose Down
DROP INDEX credentials_unproven;
DROP INDEX credentials_disputed;
DROP INDEX users_without_factor;
DROP INDEX users_disabled;
DROP INDEX users_page;
CREATE INDEX users_environment ON users (environment_id, created_at);
ALTER TABLE users DROP COLUMN factors;
ALTER TABLE credentials DROP COLUMN search;
ALTER TABLE users DROP COLUMN search;
