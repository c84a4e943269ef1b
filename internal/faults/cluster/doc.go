// Package cluster runs stepup on three machines that fail: etcd, Patroni, PostgreSQL and
// a server on each, HAProxy before the servers, every machine a network namespace of its
// own. Its invariant: whatever is killed, frozen or cut off, what a client was told stays
// true afterwards, no token opens two operations, and what nobody can tell is refused
// with a 503.
//
// `make faults-cluster` runs it, as root; where something is missing it says what.
// Everything it starts lives in namespaces of one process and ends with it, even by
// kill -9.
package cluster
