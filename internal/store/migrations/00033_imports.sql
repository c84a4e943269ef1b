-- +goose Up
-- What a file that users are imported from calls them, and the import that spoke of
-- them last, with its row there.
ALTER TABLE users ADD COLUMN external_id TEXT;
ALTER TABLE users ADD COLUMN import_id TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN import_row BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX users_external ON users (environment_id, external_id) WHERE external_id IS NOT NULL;

-- When a user first signed in. All who are here now did so when they were made.
ALTER TABLE users ADD COLUMN first_visit_at BIGINT;
UPDATE users SET first_visit_at = created_at;

-- An import is open until its file has been read to the end. digest: of the file, as
-- far as its rows are in.
CREATE TABLE imports (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL,
    name           TEXT NOT NULL,
    format         TEXT NOT NULL,
    vouched        BIGINT NOT NULL,
    actor          TEXT NOT NULL,
    rows_read      BIGINT NOT NULL,
    digest         TEXT NOT NULL,
    created        BIGINT NOT NULL,
    updated        BIGINT NOT NULL,
    unchanged      BIGINT NOT NULL,
    skipped        BIGINT NOT NULL,
    started_at     BIGINT NOT NULL,
    changed_at     BIGINT NOT NULL,
    finished_at    BIGINT
);
CREATE INDEX imports_environment ON imports (environment_id, id);
CREATE INDEX imports_time ON imports (changed_at);

CREATE TABLE import_skips (
    import_id      TEXT NOT NULL,
    row_number     BIGINT NOT NULL,
    environment_id TEXT NOT NULL,
    external_id    TEXT NOT NULL,
    reason         TEXT NOT NULL,
    field          TEXT NOT NULL,
    detail         TEXT NOT NULL,
    at             BIGINT NOT NULL,
    PRIMARY KEY (import_id, row_number)
);
CREATE INDEX import_skips_time ON import_skips (at);

-- Those who wait to be confirmed are more by now.
DROP INDEX credentials_unproven;
CREATE INDEX credentials_unproven ON credentials (environment_id, user_id)
    WHERE provenance || '' IN ('nothing', 'revoke_link', 'import', 'operator') AND confirmed_at IS NULL;

-- +goose Down
DROP INDEX credentials_unproven;
CREATE INDEX credentials_unproven ON credentials (environment_id, user_id)
    WHERE provenance || '' IN ('nothing', 'revoke_link') AND confirmed_at IS NULL;
DROP TABLE import_skips;
DROP TABLE imports;
ALTER TABLE users DROP COLUMN first_visit_at;
DROP INDEX users_external;
ALTER TABLE users DROP COLUMN import_row;
ALTER TABLE users DROP COLUMN import_id;
ALTER TABLE users DROP COLUMN external_id;
