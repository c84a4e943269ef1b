-- +goose Up
CREATE TABLE store_meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- What every single-use artefact carries, and every consuming statement compares:
--   … AND epoch = (SELECT epoch FROM current_epoch)
-- The cluster's identity and its WAL timeline are asked anew each time: right after
-- a promotion pg_control_checkpoint() still names the old timeline, the insert
-- position already the new one.
CREATE VIEW current_epoch AS
SELECT store_meta.value
       || ':' || control.system_identifier
       || ':' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) AS epoch
FROM store_meta, pg_control_system() AS control
WHERE store_meta.key = 'epoch';

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
