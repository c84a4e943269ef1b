-- +goose Up
-- When a service token was last used, to the minute, so that its owner can tell which
-- ones nobody needs.
ALTER TABLE service_tokens ADD COLUMN last_used_at BIGINT;
CREATE INDEX service_tokens_environment ON service_tokens (environment_id, created_at);

-- +goose Down
DROP INDEX service_tokens_environment;
ALTER TABLE service_tokens DROP COLUMN last_used_at;
