-- +goose Up
-- source: the salted hash of what stands beside the entry; empty: nothing does. token_id:
-- a copy of what the detail says, to be found by.
ALTER TABLE audit_events ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_events ADD COLUMN token_id TEXT NOT NULL DEFAULT '';
UPDATE audit_events SET token_id = json_extract(detail, '$.token_id') WHERE json_extract(detail, '$.token_id') IS NOT NULL;

DROP INDEX audit_events_user;
CREATE INDEX audit_events_user ON audit_events (user_id, at, id) WHERE user_id <> '';
CREATE INDEX audit_events_action ON audit_events (environment_id, action, at, id);
CREATE INDEX audit_events_token ON audit_events (token_id, at, id) WHERE token_id <> '';

-- +goose Down
DROP INDEX audit_events_token;
DROP INDEX audit_events_action;
DROP INDEX audit_events_user;
CREATE INDEX audit_events_user ON audit_events (user_id);
ALTER TABLE audit_events DROP COLUMN token_id;
ALTER TABLE audit_events DROP COLUMN source;
