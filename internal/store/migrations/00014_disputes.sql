-- +goose Up
-- let_in_by: the credential whose token, or whose mark, let this one in; let_in_method:
-- the method that token came from. disputed_at: somebody said "this was not me", and
-- nobody has decided; disputed_since: when the change came in that they deny; rival:
-- the address that a denied change had pushed out and that is back; settled_at: it was decided that the
-- credential stays.
ALTER TABLE credentials ADD COLUMN let_in_by TEXT NOT NULL DEFAULT '';
ALTER TABLE credentials ADD COLUMN let_in_method TEXT NOT NULL DEFAULT '';
ALTER TABLE credentials ADD COLUMN disputed_at BIGINT;
ALTER TABLE credentials ADD COLUMN disputed_since BIGINT;
ALTER TABLE credentials ADD COLUMN rival TEXT NOT NULL DEFAULT '';
ALTER TABLE credentials ADD COLUMN settled_at BIGINT;

-- The factor that a session may show and replace recovery codes for.
ALTER TABLE sessions ADD COLUMN mfa_mark_by TEXT NOT NULL DEFAULT '';

-- Links that are still open went to addresses of any kind and restored whoever got
-- them. From here on one belongs to the credential that received it, and goes with it.
DELETE FROM revoke_links;
ALTER TABLE revoke_links ADD COLUMN recipient_id TEXT NOT NULL DEFAULT '';
ALTER TABLE revoke_links ADD COLUMN let_in_method TEXT NOT NULL DEFAULT '';
ALTER TABLE revoke_links ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX revoke_links_user ON revoke_links (environment_id, user_id);

-- An address that a link put back is as good as it was before, which only the audit
-- log may know: it says of each credential how it was linked, though not which address
-- it was. So every one of the same format that the user had until then must have been
-- let in by a proof or confirmed. The others wait to be confirmed.
UPDATE credentials SET confirmed_at = created_at WHERE provenance = 'revoke_link' AND confirmed_at IS NULL
    AND EXISTS (SELECT 1 FROM audit_events a WHERE a.environment_id = credentials.environment_id AND a.user_id = credentials.user_id
        AND a.action = 'user.created')
    AND EXISTS (SELECT 1 FROM audit_events a WHERE a.environment_id = credentials.environment_id AND a.user_id = credentials.user_id
        AND a.action = 'credential.linked' AND a.at <= credentials.created_at
        AND a.detail LIKE '%"format":"' || credentials.format || '"%' AND a.detail NOT LIKE '%"provenance":"revoke_link"%')
    AND NOT EXISTS (SELECT 1 FROM audit_events a WHERE a.environment_id = credentials.environment_id AND a.user_id = credentials.user_id
        AND a.action = 'credential.linked' AND a.at <= credentials.created_at
        AND a.detail LIKE '%"format":"' || credentials.format || '"%' AND a.detail LIKE '%"provenance":"nothing"%'
        AND NOT EXISTS (SELECT 1 FROM audit_events c WHERE c.environment_id = a.environment_id AND c.user_id = a.user_id
            AND c.action = 'credential.confirmed' AND c.at <= credentials.created_at AND substr(c.detail, 1, 55) = substr(a.detail, 1, 55)));

-- +goose Down
DROP INDEX revoke_links_user;
ALTER TABLE revoke_links DROP COLUMN created_at;
ALTER TABLE revoke_links DROP COLUMN let_in_method;
ALTER TABLE revoke_links DROP COLUMN recipient_id;
ALTER TABLE sessions DROP COLUMN mfa_mark_by;
ALTER TABLE credentials DROP COLUMN settled_at;
ALTER TABLE credentials DROP COLUMN rival;
ALTER TABLE credentials DROP COLUMN disputed_since;
ALTER TABLE credentials DROP COLUMN disputed_at;
ALTER TABLE credentials DROP COLUMN let_in_method;
ALTER TABLE credentials DROP COLUMN let_in_by;
