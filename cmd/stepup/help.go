package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/stepup-auth/stepup/internal/policytext"
	"github.com/stepup-auth/stepup/internal/serviceauth"
)

// helpWords are what help texts say that struct tags are too narrow for.
var helpWords = kong.Vars{
	"named": "User id or username, or an email address, phone number, wallet address or external id that the user holds.",
	"users": "Users: list, show, create, invite, import, imports, disable, enable, revoke-sessions, " +
		"unlink, settle, unlock, reset-mfa, add-address, recover, recoveries, approve-recovery, stop-recovery, export, delete.",
	"authorities":   "Certificates (PEM) of the authorities to believe there, instead of the system's; also STEPUP_CA_FILE.",
	"searched":      "Only who is named so, as in user show, or by something that begins so.",
	"states":        "Only users in this state: disabled, disputed, unproven or without-mfa.",
	"means":         "What the user has: " + strings.Join(policytext.Words(), ", ") + ". A login may be social:PROVIDER.",
	"minimum":       "Minimum API version to set; the newest unless said. An environment that began older may go back.",
	"hosts":         "DNS name or address under which roles call each other; repeat it. Without any: this machine's loopback.",
	"serviceScopes": strings.Join(serviceauth.Scopes, ", "),
	"drilled": "A custodian whose database and key the settings name, signer or guardian; repeat it for both. " +
		"Use restored backups, never the ones in service.",
}

// withoutDatabase are the commands, and groups of them, that have no use for the
// development database.
var withoutDatabase = []string{"signer", "guardian", "wallet", "version", "keys master", "env example"}

// printHelp shows a command with those flags alone that mean something to it. Of
// flags that exclude one another the synopsis demands none; the text says which.
func printHelp(options kong.HelpOptions, ctx *kong.Context) error {
	command := ctx.Selected()
	if command == nil {
		return kong.DefaultHelpPrinter(options, ctx)
	}
	ignored := slices.ContainsFunc(withoutDatabase, func(name string) bool {
		return strings.HasPrefix(command.Path()+" ", name+" ")
	})
	at := reaches[name(command)]
	if at.host != "" {
		command.Help += " On the host alone: " + at.host + "."
	}
	for _, flag := range ctx.Model.Flags {
		switch flag.Name {
		case "dev", "data":
			flag.Hidden = ignored
		case "url", "token-file", "ca-file":
			flag.Hidden = !at.elsewhere
		}
	}
	for _, flag := range command.Flags {
		flag.Required = flag.Required && len(flag.Xor) == 0
	}
	return kong.DefaultHelpPrinter(options, ctx)
}

// misused says what could not be understood, and which command to ask for help.
func misused(stderr io.Writer, err error) int {
	command := "stepup"
	var parsing *kong.ParseError
	if errors.As(err, &parsing) && parsing.Context != nil && parsing.Context.Selected() != nil {
		command = parsing.Context.Selected().FullPath()
	}
	fmt.Fprintf(stderr, "stepup: %v\nTry: %s --help\n", err, command)
	return 2
}
