-- +goose Up
-- Whether a binding's summary tells every recipient, amount and call of the
-- transaction. Of those registered before nobody can say.
ALTER TABLE bindings ADD COLUMN shown BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE bindings DROP COLUMN shown;
