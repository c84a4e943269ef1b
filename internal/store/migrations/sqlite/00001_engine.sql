-- +goose Up
CREATE TABLE store_meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- What every single-use artefact carries, and every consuming statement compares:
--   … AND epoch = (SELECT epoch FROM current_epoch)
CREATE VIEW current_epoch AS
SELECT value AS epoch FROM store_meta WHERE key = 'epoch';
