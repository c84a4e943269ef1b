package kek

import (
	"context"
	"errors"
)

func openAWS(context.Context, string) (Key, error) { return nil, errors.New("not yet") }
