-- +goose Up
CREATE TABLE store_meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- What every single-use artefact carries, and every consuming statement compares:
--   … AND epoch = (SELECT epoch FROM current_epoch)
CREATE VIEW current_epoch AS
SELECT value AS epoch FROM store_meta WHERE key = 'epoch';

-- Every database audits, whatever its other tables are; see internal/audit.
CREATE TABLE audit_events (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL,
    at             BIGINT NOT NULL,
    action         TEXT NOT NULL,
    actor          TEXT NOT NULL,
    user_id        TEXT NOT NULL,
    session_id     TEXT NOT NULL,
    request_id     TEXT NOT NULL,
    detail         TEXT NOT NULL,
    hash           TEXT NOT NULL
);
CREATE INDEX audit_events_order ON audit_events (environment_id, at, id);
CREATE INDEX audit_events_user ON audit_events (user_id);
