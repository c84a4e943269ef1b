package disk

import (
	"fmt"
	"sync"
	"time"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Failure is what a step answers instead of being done.
type Failure int32

// The failures.
const (
	None  Failure = 0
	Full  Failure = sqlite3.SQLITE_FULL
	Error Failure = sqlite3.SQLITE_IOERR_WRITE // as of a file system that became read-only, too
	Lost  Failure = sqlite3.SQLITE_IOERR_FSYNC
	Lie   Failure = -1 // it is not done, and said to be
)

// The shim is a copy of SQLite's own default VFS that opens files as that does, and then
// puts its own writing, truncating and syncing in place of theirs. It becomes the default,
// so that stores need not know of it.
var shim struct {
	once sync.Once
	err  error
	real uintptr // the VFS that was the default

	mu      sync.Mutex
	disks   []*Disk
	files   map[uintptr]file    // by the address of SQLite's own
	methods map[uintptr]uintptr // ours for theirs
}

// file is an open file of a disk.
type file struct {
	disk   *Disk
	suffix string
	real   uintptr // its methods
}

type (
	opens     = func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32
	writes    = func(*libc.TLS, uintptr, uintptr, int32, int64) int32
	truncates = func(*libc.TLS, uintptr, int64) int32
	syncs     = func(*libc.TLS, uintptr, int32) int32
)

// stand puts the shim in place, once, and the disk under it.
func (d *Disk) stand() error {
	shim.once.Do(func() { shim.err = install() })
	shim.mu.Lock()
	defer shim.mu.Unlock()
	shim.disks = append(shim.disks, d)
	return shim.err
}

func install() error {
	shim.files, shim.methods = map[uintptr]file{}, map[uintptr]uintptr{}
	tls := libc.NewTLS()
	defer tls.Close()
	shim.real = sqlite3.Xsqlite3_vfs_find(tls, 0)
	name, err := libc.CString("stepup-disk")
	if err != nil {
		return err
	}
	ours := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})))
	if shim.real == 0 || ours == 0 {
		return fmt.Errorf("putting a VFS in place: there is none, or no memory")
	}
	*at[sqlite3.Tsqlite3_vfs](ours) = *at[sqlite3.Tsqlite3_vfs](shim.real)
	vfs := at[sqlite3.Tsqlite3_vfs](ours)
	vfs.FzName, vfs.FpNext = name, 0
	put(&vfs.FxOpen, open)
	if code := sqlite3.Xsqlite3_vfs_register(tls, ours, 1); code != sqlite3.SQLITE_OK {
		return fmt.Errorf("registering a VFS: %d", code)
	}
	return nil
}

// at is what lies at an address of SQLite's memory, which Go does not move.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// put stores a function where SQLite looks for it. It must be one of this file's own, and
// no closure: the collector does not see it there.
func put[F any](place *uintptr, function F) { *(*F)(unsafe.Pointer(place)) = function }

// get is the function that SQLite would find there.
func get[F any](place uintptr) F { return *(*F)(unsafe.Pointer(&place)) }

var open opens = func(tls *libc.TLS, vfs, name, opened uintptr, flags int32, out uintptr) int32 {
	code := get[opens](at[sqlite3.Tsqlite3_vfs](shim.real).FxOpen)(tls, vfs, name, opened, flags, out)
	if code != sqlite3.SQLITE_OK || name == 0 {
		return code
	}
	shim.mu.Lock()
	defer shim.mu.Unlock()
	for _, disk := range shim.disks {
		if suffix, ok := disk.suffix(libc.GoString(name)); ok {
			theirs := at[sqlite3.Tsqlite3_file](opened).FpMethods
			shim.files[opened] = file{disk: disk, suffix: suffix, real: theirs}
			at[sqlite3.Tsqlite3_file](opened).FpMethods = methodsFor(tls, theirs)
		}
	}
	return code
}

// methodsFor is a table of methods that differs from theirs in three.
func methodsFor(tls *libc.TLS, theirs uintptr) uintptr {
	if ours, ok := shim.methods[theirs]; ok {
		return ours
	}
	ours := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_io_methods{})))
	*at[sqlite3.Tsqlite3_io_methods](ours) = *at[sqlite3.Tsqlite3_io_methods](theirs)
	methods := at[sqlite3.Tsqlite3_io_methods](ours)
	put(&methods.FxWrite, writes(write))
	put(&methods.FxTruncate, truncates(truncate))
	put(&methods.FxSync, syncs(syncFile))
	shim.methods[theirs] = ours
	return ours
}

func find(opened uintptr) (file, *sqlite3.Tsqlite3_io_methods) {
	shim.mu.Lock()
	defer shim.mu.Unlock()
	f := shim.files[opened]
	return f, at[sqlite3.Tsqlite3_io_methods](f.real)
}

func write(tls *libc.TLS, opened, buffer uintptr, amount int32, offset int64) int32 {
	f, real := find(opened)
	data := make([]byte, amount)
	copy(data, unsafe.Slice(at[byte](buffer), amount))
	return f.disk.step(Op{Step: Write, Suffix: f.suffix, Offset: offset, Data: data, Began: time.Now()}, func() int32 {
		return get[writes](real.FxWrite)(tls, opened, buffer, amount, offset)
	})
}

func truncate(tls *libc.TLS, opened uintptr, size int64) int32 {
	f, real := find(opened)
	return f.disk.step(Op{Step: Truncate, Suffix: f.suffix, Offset: size, Began: time.Now()}, func() int32 {
		return get[truncates](real.FxTruncate)(tls, opened, size)
	})
}

func syncFile(tls *libc.TLS, opened uintptr, flags int32) int32 {
	f, real := find(opened)
	return f.disk.step(Op{Step: Sync, Suffix: f.suffix, Began: time.Now()}, func() int32 {
		return get[syncs](real.FxSync)(tls, opened, flags)
	})
}
