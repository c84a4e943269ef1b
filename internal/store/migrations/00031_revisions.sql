-- +goose Up
-- The documents that an environment has had, so that operators see who changed what, and
-- can go back. Revisions that changed no document (a rotated key) have no row.
CREATE TABLE environment_revisions (
    environment_id TEXT NOT NULL,
    revision       BIGINT NOT NULL,
    applied_at     BIGINT NOT NULL,
    actor          TEXT NOT NULL, -- empty: applied before revisions were kept
    reverts_to     BIGINT NOT NULL, -- the revision whose document was applied again; 0: none
    document       TEXT NOT NULL,
    changes        TEXT NOT NULL, -- JSON: what differs from the document before
    weakens        TEXT NOT NULL, -- JSON: what an attacker gained by it, in words
    PRIMARY KEY (environment_id, revision)
);

INSERT INTO environment_revisions (environment_id, revision, applied_at, actor, reverts_to, document, changes, weakens)
SELECT id, revision, updated_at, '', 0, document, '[]', '[]' FROM environments;

-- +goose Down
DROP TABLE environment_revisions;
