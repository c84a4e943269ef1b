-- +goose Up
-- Lists of the wallets that are kept for users go by user, a page at a time. Written so
-- that nothing but that list goes by it, whatever the statistics say.
CREATE INDEX credentials_embedded ON credentials (environment_id, user_id, id) WHERE provenance || '' = 'embedded_wallet';

-- +goose Down
DROP INDEX credentials_embedded;
