-- +goose Up
-- shares: this id is one more for the code of another challenge. shared_attempts:
-- tries at a code by all such ids of it.
ALTER TABLE code_challenges ADD COLUMN shares TEXT NOT NULL DEFAULT '';
ALTER TABLE code_challenges ADD COLUMN shared_attempts BIGINT NOT NULL DEFAULT 0;
CREATE INDEX code_challenges_newest ON code_challenges (environment_id, format, identifier, created_at);

-- Refusals of anonymous requests, which nodes count in memory and add up here
-- until their minute is over; see package audit.
CREATE TABLE refusals (
    minute         BIGINT NOT NULL,
    environment_id TEXT NOT NULL,
    source         TEXT NOT NULL,
    what           TEXT NOT NULL,
    count          BIGINT NOT NULL,
    PRIMARY KEY (minute, environment_id, source, what)
);

-- Where an entry of the audit log came from. The entry has only a salted hash of
-- it, so that this row can be forgotten and the entry still be verified.
CREATE TABLE audit_sources (
    event_id       TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL,
    at             BIGINT NOT NULL,
    salt           BYTEA NOT NULL,
    address        TEXT NOT NULL
);
CREATE INDEX audit_sources_order ON audit_sources (environment_id, at);

-- +goose Down
DROP TABLE audit_sources;
DROP TABLE refusals;
DROP INDEX code_challenges_newest;
ALTER TABLE code_challenges DROP COLUMN shared_attempts;
ALTER TABLE code_challenges DROP COLUMN shares;
