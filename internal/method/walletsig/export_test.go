package walletsig

// CallData is what a contract at the address would be asked about a signature.
func CallData(address string, signature []byte) (string, error) {
	call, err := Question{Address: address, Hash: make([]byte, 32), Signature: signature, Undeployed: true}.call()
	return call.Data, err
}
