-- +goose Up
-- Whether a binding's summary tells every recipient, amount and call of the
-- transaction. Of those registered before nobody can say.
ALTER TABLE bindings ADD COLUMN shown BIGINT NOT NULL DEFAULT 0;

-- Whose token an operation was let through with. Of earlier ones only that very
-- token is answered.
ALTER TABLE operations ADD COLUMN subject TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE operations DROP COLUMN subject;
ALTER TABLE bindings DROP COLUMN shown;
