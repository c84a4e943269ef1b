-- +goose Up
-- The compatibility entries that accepting a version turned on, so that a document
-- which drops one can be told what it takes away.
CREATE TABLE turned_on_entries (
    environment_id TEXT NOT NULL,
    entry          TEXT NOT NULL,
    turned_on_at   BIGINT NOT NULL,
    PRIMARY KEY (environment_id, entry)
);

-- Of what was accepted before, the audit log tells.
INSERT INTO turned_on_entries (environment_id, entry, turned_on_at)
SELECT a.environment_id, e.entry, max(a.at) FROM audit_events a JOIN (
    SELECT 'link-wallet' AS entry UNION ALL SELECT 'link-email' UNION ALL SELECT 'link-phone' UNION ALL SELECT 'unlink-wallet'
    UNION ALL SELECT 'update-user' UNION ALL SELECT 'delete-user' UNION ALL SELECT 'refresh' UNION ALL SELECT 'reshare'
    UNION ALL SELECT 'delete-device' UNION ALL SELECT 'refresh-without-mfa' UNION ALL SELECT 'reshare-without-mfa'
) e ON a.detail LIKE '%"turned_on":[%"' || e.entry || '"%'
WHERE a.action = 'environment.version_accepted'
GROUP BY a.environment_id, e.entry;

-- +goose Down
DROP TABLE turned_on_entries;
