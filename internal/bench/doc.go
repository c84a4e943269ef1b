// Package bench measures the server as its users meet it: the built program in
// production mode, over HTTP, on a real disk and a real PostgreSQL. `make bench` prints
// the table; docs/performance.md says how it is made and what limits each row.
//
// Its invariant: every figure stands beside a limit that was measured in the same run on
// the same machine (one signature and its verification, one sync of the disk, one row in
// a shared commit, a handler that does nothing but verify a token), because no figure
// means anything on another machine, nor on this one an hour later.
package bench
