-- +goose Up
-- What a code was asked for, which its message says: scopes with a space between
-- them. Codes that name none are good for whatever the session asks, as they were.
ALTER TABLE code_challenges ADD COLUMN scopes TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE code_challenges DROP COLUMN scopes;
