package coordinator

import (
	"context"

	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
)

// What goes between the issuer and the coordinator.
type (
	performRequest struct {
		Operation   wallet.Operation   `json:"operation"`
		Credentials wallet.Credentials `json:"credentials"`
	}
	walletsRequest struct {
		EnvironmentID string `json:"environmentId"`
		UserID        string `json:"userId"`
		WalletID      string `json:"walletId,omitempty"`
	}
	walletsAnswer struct {
		Wallets []wallet.Wallet `json:"wallets"`
	}
)

// Endpoints are what the issuer, and nobody else, may ask of the coordinator.
func (s *Service) Endpoints() []peer.Endpoint {
	issuer := []wallet.Role{wallet.Issuer}
	return []peer.Endpoint{
		peer.Handle("/wallets/prepare", issuer, s.Prepare),
		peer.Handle("/wallets/perform", issuer, func(ctx context.Context, r performRequest) (wallet.Outcome, error) {
			return s.Perform(ctx, r.Operation, r.Credentials)
		}),
		peer.Handle("/wallets/list", issuer, func(ctx context.Context, r walletsRequest) (walletsAnswer, error) {
			all, err := s.Wallets(ctx, r.EnvironmentID, r.UserID)
			return walletsAnswer{all}, err
		}),
		peer.Handle("/wallets/one", issuer, func(ctx context.Context, r walletsRequest) (wallet.Wallet, error) {
			return s.Wallet(ctx, r.EnvironmentID, r.UserID, r.WalletID)
		}),
		peer.Handle("/wallets/broadcast", issuer, s.Broadcast),
	}
}

// Client is a coordinator in another process, as the issuer asks it. It is a
// [wallet.Service], as [Service] itself is.
type Client struct{ peer *peer.Client }

// NewClient makes a Client of a client for the role [wallet.Coordinator].
func NewClient(c *peer.Client) *Client { return &Client{c} }

// Prepare is [Service.Prepare].
func (c *Client) Prepare(ctx context.Context, o wallet.Operation) (w wallet.Wallet, err error) {
	err = c.peer.Call(ctx, "/wallets/prepare", o, &w)
	return w, err
}

// Perform is [Service.Perform].
func (c *Client) Perform(ctx context.Context, o wallet.Operation, by wallet.Credentials) (outcome wallet.Outcome, err error) {
	err = c.peer.Call(ctx, "/wallets/perform", performRequest{o, by}, &outcome)
	return outcome, err
}

// Wallets is [Service.Wallets].
func (c *Client) Wallets(ctx context.Context, environmentID, userID string) ([]wallet.Wallet, error) {
	var answer walletsAnswer
	err := c.peer.Call(ctx, "/wallets/list", walletsRequest{EnvironmentID: environmentID, UserID: userID}, &answer)
	return answer.Wallets, err
}

// Wallet is [Service.Wallet].
func (c *Client) Wallet(ctx context.Context, environmentID, userID, walletID string) (w wallet.Wallet, err error) {
	err = c.peer.Call(ctx, "/wallets/one", walletsRequest{environmentID, userID, walletID}, &w)
	return w, err
}

// Broadcast is [Service.Broadcast].
func (c *Client) Broadcast(ctx context.Context, b wallet.Broadcast) (sent wallet.Broadcasted, err error) {
	err = c.peer.Call(ctx, "/wallets/broadcast", b, &sent)
	return sent, err
}
