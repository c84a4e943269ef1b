-- +goose Up
-- Who made a service token, as the audit log names them: it lives no longer than they
-- might make it. Of tokens from before, the log says it.
ALTER TABLE service_tokens ADD COLUMN made_by TEXT NOT NULL DEFAULT '';
UPDATE service_tokens SET made_by = COALESCE((SELECT MIN(e.actor) FROM audit_events AS e
    WHERE e.environment_id = service_tokens.environment_id AND e.action = 'service_token.created'
    AND e.detail LIKE '%"' || service_tokens.id || '"%'), '');
CREATE INDEX service_tokens_maker ON service_tokens (made_by);

-- +goose Down
DROP INDEX service_tokens_maker;
ALTER TABLE service_tokens DROP COLUMN made_by;
