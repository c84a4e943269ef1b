package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/stepup-auth/stepup/internal/door"
)

// developmentLog shows warnings and errors as they are, and of each refusal one line
// to read. Of anything else that is only worth mentioning it shows nothing.
type developmentLog struct {
	slog.Handler
	out io.Writer
}

func newDevelopmentLog(out io.Writer) *slog.Logger {
	return slog.New(developmentLog{slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelWarn}), out})
}

// Enabled implements [slog.Handler].
func (developmentLog) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo
}

// Handle implements [slog.Handler].
func (d developmentLog) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn {
		return d.Handler.Handle(ctx, r)
	}
	if r.Message != door.Refused {
		return nil
	}
	said := map[string]string{}
	r.Attrs(func(a slog.Attr) bool {
		said[a.Key] = a.Value.String()
		return true
	})
	if said["route"] == "" || said["request_id"] == "" {
		return nil
	}
	_, path, found := strings.Cut(said["route"], " ")
	if !found {
		path = "(no such path)"
	}
	_, err := fmt.Fprintf(d.out, "refused  %s %s  %s %s  %s\n", said["method"], path, said["status"], said["code"], said["request_id"])
	return err
}
