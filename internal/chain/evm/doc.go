// Package evm reads and writes what an EVM wallet signs, without any key:
// transactions (legacy with EIP-155, EIP-2930, EIP-1559, EIP-7702), messages
// (EIP-191), typed data (EIP-712) and authorisations (EIP-7702). Whatever it
// accepts has one meaning and one encoding: what it decodes, it encodes to the
// same bytes.
package evm
