-- +goose Up
-- What the newest rules would have done, counted per day; see package shadow.
CREATE TABLE shadow_counts (
    environment_id TEXT NOT NULL,
    day            TEXT NOT NULL,
    client         TEXT NOT NULL,
    scope          TEXT NOT NULL,
    call           TEXT NOT NULL,
    verdict        TEXT NOT NULL,
    reason         TEXT NOT NULL,
    count          BIGINT NOT NULL,
    PRIMARY KEY (environment_id, day, client, scope, call, verdict, reason)
);

-- +goose Down
DROP TABLE shadow_counts;
