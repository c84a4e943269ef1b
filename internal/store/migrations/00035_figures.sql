-- +goose Up
-- How often things happened, by minute and by hour, counted from the audit log; see
-- package figures. at is the beginning of the minute or hour.
CREATE TABLE figures (
    environment_id TEXT NOT NULL,
    span           TEXT NOT NULL,
    at             BIGINT NOT NULL,
    name           TEXT NOT NULL,
    count          BIGINT NOT NULL,
    PRIMARY KEY (environment_id, span, at, name)
);

-- How far the log of an environment is counted: up to this entry.
CREATE TABLE figure_marks (
    environment_id TEXT PRIMARY KEY,
    at             BIGINT NOT NULL,
    id             TEXT NOT NULL
);

-- +goose Down
DROP TABLE figure_marks;
DROP TABLE figures;
