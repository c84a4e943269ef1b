-- +goose Up
UPDATE users SET search = CAST(lower(username) AS BLOB) WHERE username IS NOT NULL;
UPDATE credentials SET search = CAST(lower(public_identifier) AS BLOB)
WHERE format IN ('email', 'phoneNumber', 'blockchain', 'externalUser');
CREATE INDEX users_search ON users (environment_id, search, id) WHERE search IS NOT NULL;
CREATE INDEX credentials_search ON credentials (environment_id, search, user_id) WHERE search IS NOT NULL;

-- +goose Down
DROP INDEX credentials_search;
DROP INDEX users_search;
