package main

import (
	"fmt"

	"github.com/stepup-auth/stepup/internal/api/admin"
)

type envCopy struct {
	ID   string `arg:"" help:"Id of the environment whose settings are copied."`
	Name string `required:"" help:"What the new one is called."`
}

func (c *envCopy) Run(s *session) error {
	var made admin.ApplyResponse
	if err := s.post(admin.CreateEnvironmentRequest{Name: c.Name, From: c.ID}, &made, "environments"); err != nil {
		return err
	}
	fmt.Fprintln(s.stderr, "Created an environment. It begins at the newest version, without compatibility entries and rehearsal;\n"+
		"secrets that its document points at are looked for under its own id.")
	fmt.Fprintln(s.stdout, made.ID)
	return nil
}
