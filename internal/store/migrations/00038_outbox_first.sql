-- +goose Up
-- What waits to be sent is taken in the order in which it becomes worthless.
CREATE INDEX outbox_first ON outbox (not_after, id, next_try_at);

-- +goose Down
DROP INDEX outbox_first;
