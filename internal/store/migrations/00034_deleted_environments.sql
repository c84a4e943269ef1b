-- +goose Up
-- A deleted environment keeps its row, so that its id is never used again; what it held
-- goes a few rows at a time.
ALTER TABLE environments ADD COLUMN deleted_at BIGINT;
ALTER TABLE environments ADD COLUMN emptied_at BIGINT;

-- +goose Down
ALTER TABLE environments DROP COLUMN emptied_at;
ALTER TABLE environments DROP COLUMN deleted_at;
