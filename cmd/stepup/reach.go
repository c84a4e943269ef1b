package main

import (
	"fmt"

	"github.com/alecthomas/kong"
)

// reach is where a command works: on a server elsewhere too, on the host alone, for the
// reason that is told, or on neither, because it asks nobody.
type reach struct {
	elsewhere bool
	host      string
}

var (
	anywhere = reach{elsewhere: true}
	nowhere  = reach{}
)

// reaches has every command. A command that is not in it does not start.
var reaches = map[string]reach{
	"env apply": anywhere, "env show": anywhere, "env set": anywhere, "env history": anywhere, "env revert": anywhere,
	"env accept": anywhere, "env copy": anywhere, "env delete": anywhere, "env list": anywhere,
	"readiness": anywhere, "policy explain": anywhere, "policy test": anywhere, "policy diff": anywhere,
	"token create": anywhere, "token list": anywhere, "token revoke": anywhere,
	"user list": anywhere, "user show": anywhere, "user create": anywhere, "user invite": anywhere, "user disable": anywhere,
	"user enable": anywhere, "user revoke-sessions": anywhere, "user unlink": anywhere, "user export": anywhere,
	"user delete": anywhere, "user settle": anywhere, "user unlock": anywhere, "user imports": anywhere,
	"user add-address": anywhere, "user recover": anywhere, "user recoveries": anywhere, "user stop-recovery": anywhere,
	"user reset-mfa": anywhere,
	"mail preview":   anywhere, "external explain": anywhere, "keys rotate": anywhere,
	"audit query": anywhere, "audit trail": anywhere, "audit follow": anywhere, "audit export": anywhere,

	"user import": {host: "it reads the file beside the database; over the network, send its rows to the admin API (docs/import.md)"},

	"user approve-recovery": {host: "two people approve a recovery, in the console or here, and no service token stands for one"},
	"console invite":        {host: "who administers the server is decided on its host"},
	"console list":          {host: "who administers the server is decided on its host"},
	"console revoke":        {host: "who administers the server is decided on its host"},
	"audit prune":           {host: "no service token takes entries out of the audit log"},
	"mail test":             {host: "it speaks to the mail server from where the server does"},
	"keys master":           {host: "no key that opens everything travels"},
	"backup":                {host: "it holds everything, and goes to a file beside the database"},
	"migrate":               {host: "it makes or changes the database that a server then opens"},
	"restore":               {host: "it makes the database that a server then opens"},
	"doctor":                {host: "it looks at the settings, the database and the mail server of the machine it runs on"},
	"serve":                 {host: "it is the server"},
	"signer":                {host: "it is a server"},
	"guardian":              {host: "it is a server"},
	"wallet serve":          {host: "it is a server"},
	"wallet init":           {host: "it makes the certificates of the wallet service"},
	"wallet key":            {host: "no custodian's key travels"},
	"wallet offline-key":    {host: "no custodian's key travels"},
	"wallet offline collect": {
		host: "shares of keys go to files beside their database"},
	"wallet offline drill": {host: "it puts keys together from restored backups"},
	"wallet doctor":        {host: "it opens the databases of the wallet service"},

	"env example": nowhere, "mail templates": nowhere, "version": nowhere,
}

// name is a command as people type it.
func name(command *kong.Node) string {
	text := ""
	for node := command; node.Type == kong.CommandNode; node = node.Parent {
		text = node.Name + " " + text
	}
	return text[:max(0, len(text)-1)]
}

// where says which server a command asks, or refuses to run it there.
func (c commands) where(command string, environ []string) (elsewhere, error) {
	e, err := readElsewhere(c, environ)
	at, known := reaches[command]
	switch {
	case !known:
		return e, fmt.Errorf("stepup %s does not say where it works", command)
	case at == nowhere:
		return elsewhere{}, nil
	case at.host != "" && e.url != "":
		return e, fmt.Errorf("stepup %s works on the host alone: %s. Leave --url and STEPUP_URL out", command, at.host)
	case at.host != "":
		return elsewhere{}, nil
	}
	return e, err
}
