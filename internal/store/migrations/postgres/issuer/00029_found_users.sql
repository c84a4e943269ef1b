-- +goose Up
UPDATE users SET search = convert_to(lower(username COLLATE "C"), 'UTF8') WHERE username IS NOT NULL;
UPDATE credentials SET search = convert_to(lower(public_identifier COLLATE "C"), 'UTF8')
WHERE format IN ('email', 'phoneNumber', 'blockchain', 'externalUser');
CREATE INDEX users_search ON users (environment_id, search, id) WHERE search IS NOT NULL;
CREATE INDEX credentials_search ON credentials (environment_id, search, user_id) WHERE search IS NOT NULL;

-- +goose Down
DROP INDEX credentials_search;
DROP INDEX users_search;
