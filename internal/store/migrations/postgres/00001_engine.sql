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
