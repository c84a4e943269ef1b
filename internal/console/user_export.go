package console

import (
	"encoding/json"

	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

func userExport(r *request) (answer, error) {
	var export operate.UserExport
	err := r.write(func(tx *store.Tx) (err error) {
		export, err = operate.ExportUser(r.caller(), tx, r.environment.ID, r.PathValue("userId"))
		return err
	})
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(export, "", "  ")
	return file{name: "user-" + export.User.ID + ".json", mediaType: "application/json", content: append(text, '\n')}, err
}
