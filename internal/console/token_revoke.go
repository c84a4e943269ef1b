package console

import (
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

func tokenRevoke(r *request) (answer, error) {
	err := r.write(func(tx *store.Tx) error {
		return serviceauth.RevokeIn(r.caller(), tx, r.environment.ID, r.PathValue("tokenId"))
	})
	if err != nil {
		return nil, err
	}
	return redirect(r.within("developers")+"#tokens", "The token is revoked. It is refused from now on.")
}
