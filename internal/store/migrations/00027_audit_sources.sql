-- +goose Up
-- What stands beside entries of the audit log: where their request came from, and what
-- they say of a person. id is the salted hash that the entries have; of entries from
-- before this migration it is the id of the entry, whose detail has the hash.
ALTER TABLE audit_sources RENAME COLUMN event_id TO id;
ALTER TABLE audit_sources ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_sources ADD COLUMN personal TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE audit_sources DROP COLUMN personal;
ALTER TABLE audit_sources DROP COLUMN user_agent;
ALTER TABLE audit_sources RENAME COLUMN id TO event_id;
