-- +goose Up
-- How many digits a code has: while somebody guesses, short ones stop working, and
-- no more ids are handed out for one. Codes that were out before are gone in minutes.
ALTER TABLE code_challenges ADD COLUMN digits BIGINT NOT NULL DEFAULT 6;

-- +goose Down
ALTER TABLE code_challenges DROP COLUMN digits;
