package main

import (
	"fmt"

	"github.com/stepup-auth/stepup/internal/api/admin"
	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/token"
)

type keysCommand struct {
	Master keysMaster `cmd:"" help:"Make a master key and print it. Whoever has it and the database has everything."`
	Rotate keysRotate `cmd:"" help:"Rotate an environment's signing key."`
}

type keysMaster struct{}

func (c *keysMaster) Run(s *session) error {
	key, err := seal.NewMasterKey()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.stdout, key.Reveal())
	return err
}

type keysRotate struct {
	Env    string `arg:"" help:"Environment id."`
	AtOnce bool   `help:"After a leak: sign with the new key now and refuse all tokens of the old ones. Everybody must sign in again."`
}

func (c *keysRotate) Run(s *session) error {
	var made admin.RotateResponse
	if err := s.post(admin.RotateRequest{AtOnce: c.AtOnce}, &made, "environments", c.Env, "keys", "rotate"); err != nil {
		return err
	}
	kid := made.KeyID
	if c.AtOnce {
		fmt.Fprintf(s.stdout, "Key %s signs now. Tokens of all other keys are refused.\n", kid)
		return nil
	}
	fmt.Fprintf(s.stdout, "Key %s is published now and signs in %s; the old key goes on verifying for its grace time after that.\n", kid,
		token.PublishBefore)
	return nil
}
