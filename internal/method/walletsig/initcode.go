package walletsig

import "encoding/binary"

// Opcodes of the EVM.
const (
	opEQ             = 0x14
	opAND            = 0x16
	opCODECOPY       = 0x39
	opEXTCODESIZE    = 0x3b
	opRETURNDATASIZE = 0x3d
	opPOP            = 0x50
	opJUMPI          = 0x57
	opGAS            = 0x5a
	opJUMPDEST       = 0x5b
	opPUSH1          = 0x60
	opPUSH3          = 0x62
	opPUSH20         = 0x73
	opCALL           = 0xf1
	opRETURN         = 0xf3
	opSTATICCALL     = 0xfa
	opREVERT         = 0xfd
)

// deployAndAsk is code that, run as that of a new contract, has the factory
// deploy the wallet unless it is there, asks it the question and returns the
// answer where it is one word. Nothing of it lasts: it runs inside eth_call.
func deployAndAsk(wallet, factory, preparation, question []byte) []byte {
	var code []byte
	var jumps, dataAt []int
	emit := func(ops ...byte) { code = append(code, ops...) }
	push := func(n int) {
		code = append(code, opPUSH3, 0, 0, 0)
		putUint24(code[len(code)-3:], n)
	}
	address := func(a []byte) { code = append(append(code, opPUSH20), a...) }
	jumpIf := func() { push(0); jumps = append(jumps, len(code)-3); emit(opJUMPI) }
	land := func() { putUint24(code[jumps[0]:], len(code)); jumps = jumps[1:]; emit(opJUMPDEST) }
	copyData := func(n int) { push(n); push(0); dataAt = append(dataAt, len(code)-3); push(0); emit(opCODECOPY) }

	address(wallet)
	emit(opEXTCODESIZE)
	jumpIf()
	copyData(len(preparation))
	push(0)
	push(0)
	push(len(preparation))
	push(0)
	push(0)
	address(factory)
	emit(opGAS, opCALL, opPOP)
	land()

	copyData(len(question))
	push(32)
	push(0)
	push(len(question))
	push(0)
	address(wallet)
	emit(opGAS, opSTATICCALL, opRETURNDATASIZE, opPUSH1, 32, opEQ, opAND)
	jumpIf()
	push(0)
	push(0)
	emit(opREVERT)
	land()
	push(32)
	push(0)
	emit(opRETURN)

	putUint24(code[dataAt[0]:], len(code))
	code = append(code, preparation...)
	putUint24(code[dataAt[1]:], len(code))
	return append(code, question...)
}

func putUint24(b []byte, n int) {
	var w [4]byte
	binary.BigEndian.PutUint32(w[:], uint32(n))
	copy(b[:3], w[1:])
}
