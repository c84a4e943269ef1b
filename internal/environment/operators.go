package environment

// Operators is the id of the environment whose users are the operators of the console.
// It is the server's own: its document is made in code, no list has it, and nobody
// applies another one.
const Operators = "00000000-0000-4000-8000-0000000c0501"
