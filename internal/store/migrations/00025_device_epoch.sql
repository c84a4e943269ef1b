-- +goose Up
-- A device is registered in one history of the database: one that is restored may have
-- forgotten that it was revoked. Those of before are of none, and are registered anew.
DELETE FROM device_registrations;
ALTER TABLE device_registrations ADD COLUMN epoch TEXT NOT NULL DEFAULT '';
CREATE INDEX sessions_unregistered ON sessions (environment_id) WHERE unregistered = 1;

-- +goose Down
DROP INDEX sessions_unregistered;
ALTER TABLE device_registrations DROP COLUMN epoch;
