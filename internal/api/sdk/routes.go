package sdk

import (
	"slices"

	"github.com/stepup-auth/stepup/internal/door"
)

// Routes are all routes for apps.
func (a *API) Routes() []door.Route {
	return slices.Concat(
		a.settingsRoutes(), a.emailRoutes(), a.smsRoutes(), checkRoutes(), bindingRoutes(), a.sessionRoutes(), a.userRoutes(),
		a.credentialRoutes(), notMeRoutes(), a.totpRoutes(), a.recoveryRoutes(), a.deviceRoutes(), a.disputeRoutes(),
		a.passkeyRoutes(), a.walletRoutes(), walletMessageRoutes(), a.waasRoutes(), revealRoutes(), a.socialRoutes(), a.externalRoutes(),
		a.registrationRoutes(),
	)
}
