-- +goose Up
-- Rows go when their time is over, a few at a time: each table is found by that time.
CREATE INDEX operations_time ON operations (created_at);
CREATE INDEX sessions_end ON sessions (ends_at);
CREATE INDEX totp_enrolments_expiry ON totp_enrolments (expires_at);
CREATE INDEX revoke_links_expiry ON revoke_links (expires_at);
CREATE INDEX shadow_counts_day ON shadow_counts (day);

-- What one node does for all: until then it is the holder's.
CREATE TABLE leases (
    name   TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until  BIGINT NOT NULL
);

-- +goose Down
DROP TABLE leases;
DROP INDEX shadow_counts_day;
DROP INDEX revoke_links_expiry;
DROP INDEX totp_enrolments_expiry;
DROP INDEX sessions_end;
DROP INDEX operations_time;
