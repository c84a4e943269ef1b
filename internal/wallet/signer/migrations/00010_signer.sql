-- +goose Up
-- What the pieces of a generation were, at the signer when they were staged, and at
-- the guardian when they were assembled and verified; see custodian.Digest.

CREATE TABLE quorums (
    wallet_id  TEXT NOT NULL,
    generation BIGINT NOT NULL,
    signer     BYTEA NOT NULL,
    guardian   BYTEA,
    PRIMARY KEY (wallet_id, generation)
);

-- +goose Down
DROP TABLE quorums;
