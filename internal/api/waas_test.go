package api_test

import (
	"bytes"
	"encoding/base64"

	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// exportKey is an X25519 public key: any 32 bytes are one.
func exportKey(n byte) string {
	return base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{n}, 32))
}

// walkEmbedded does everything that can be done to an embedded wallet.
func walkEmbedded(w walker) {
	t := w.t
	const waas, one = sdk + "/waas", sdk + "/waas/{walletId}"
	w.Apply(t, servertest.Document(w.environment, ""))
	alice := w.SignIn(t, w.environment, "keeper@example.com")
	stepUp := func(scope string) []string { return []string{w.StepUp(t, alice, scope)} }
	w.do("POST", waas+"/create", alice.Token, nil, m{"chain": "EVM"}).Want(t, 404, "wallet_service_off")
	w.Apply(t, servertest.Document(w.environment, servertest.WalletsOn))
	w.do("POST", waas+"/create", alice.Token, nil, m{"chain": "BTC"}).Want(t, 422, "chain_not_supported")
	w.do("POST", waas+"/create", alice.Token, nil, m{"chain": "EVM", "thresholdSignatureScheme": "ONE_OF_ONE"}).Want(t, 400, "invalid_request")
	w.do("GET", waas, alice.Token, nil, nil).Want(t, 200, "")
	id := w.do("POST", waas+"/create", alice.Token, nil, m{"chain": "EVM"}).Want(t, 200, "").Member("walletId")
	sol := w.do("POST", waas+"/create", alice.Token, nil, m{"chain": "SOL"}).Want(t, 200, "").Member("walletId")
	w.do("GET", waas, alice.Token, nil, nil).Want(t, 200, "")
	w.do("GET", one, alice.Token, nil, nil, "walletId", id).Want(t, 200, "")
	w.do("GET", one, alice.Token, nil, nil, "walletId", "unknown").Want(t, 404, "wallet_not_found")

	for _, body := range []m{
		{"message": "hello"}, {"action": "export", "exportPublicKey": exportKey(9)}, {"action": "refresh"}, {"action": "restore"}, {"action": "delete"},
		{"action": "reshare", "oldThresholdSignatureScheme": "TWO_OF_TWO", "newThresholdSignatureScheme": "TWO_OF_THREE"},
	} {
		w.do("POST", one+"/intents", alice.Token, nil, body, "walletId", id).Want(t, 200, "")
	}
	w.do("POST", one+"/intents", alice.Token, nil, m{"action": "disable"}, "walletId", id).Want(t, 400, "invalid_request")

	w.do("POST", one+"/signMessage", alice.Token, nil, m{"message": "hello"}, "walletId", id).Want(t, 403, "elevated_access_token_required")
	w.do("POST", one+"/signMessage", alice.Token, stepUp("wallet:sign"), m{"message": "hello"}, "walletId", id).Want(t, 200, "")
	w.do("POST", one+"/signMessage", alice.Token, stepUp("wallet:sign"), m{"message": "hello"}, "walletId", sol).Want(t, 200, "")
	w.do("POST", one+"/signMessage", alice.Token, stepUp("wallet:sign"), m{"message": "0x" + hash, "isFormatted": true}, "walletId", id).Want(t, 422, "blind_signing_refused")
	w.do("POST", one+"/privateKey/export", alice.Token, stepUp("wallet:export"), m{"exportId": "x"}, "walletId", id).Want(t, 422, "export_public_key_required")
	w.do("POST", one+"/privateKey/export", alice.Token, stepUp("wallet:export"), m{"exportPublicKey": exportKey(9)}, "walletId", id).Want(t, 200, "")
	w.do("POST", one+"/refresh", alice.Token, stepUp("wallet:delegate"), nil, "walletId", id).Want(t, 200, "")
	w.do("POST", one+"/reshare", alice.Token, stepUp("wallet:reshare"), m{"oldThresholdSignatureScheme": "TWO_OF_TWO", "newThresholdSignatureScheme": "TWO_OF_THREE"}, "walletId", id).Want(t, 200, "")
	w.do("POST", one+"/transactions/broadcast", alice.Token, nil, m{"signedTransaction": "0x02c0"}, "walletId", id).Want(t, 200, "")
	w.do("POST", one+"/transactions/broadcast", alice.Token, nil, m{"signedTransaction": "02c0"}, "walletId", id).Want(t, 400, "invalid_request")
	w.do("POST", one+"/transactions/broadcast", alice.Token, nil, m{"signedTransaction": "0x02c0", "network": "Mainnet"}, "walletId", id).Want(t, 422, "network_not_found")
	w.do("POST", one+"/disable", alice.Token, nil, nil, "walletId", id).Want(t, 200, "")
	w.do("POST", one+"/signMessage", alice.Token, stepUp("wallet:sign"), m{"message": "hello"}, "walletId", id).Want(t, 409, "conflict")
	w.do("POST", one+"/restore", alice.Token, stepUp("wallet:restore"), nil, "walletId", id).Want(t, 200, "")
	w.do("DELETE", one, alice.Token, stepUp("wallet:delete"), nil, "walletId", id).Want(t, 200, "")
}

const hash = "7f83b1657ff1fc53b92dc18148a1d65dfc2d4b1fa3d677284addd200126d9069"
