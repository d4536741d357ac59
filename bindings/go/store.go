package tofu

/*
#include <stdlib.h>
#include <tofu.h>
*/
import "C"

import (
	"runtime"
	"sync"
	"unsafe"
)

// Version is that of the library linked, for example "0.1.0".
func Version() string { return C.GoString(C.tofu_version()) }

// Store is what is remembered: pins, sightings and policies. Safe for concurrent use.
type Store struct {
	mu     sync.RWMutex // held for reading during every call, so that Close waits for them
	handle *C.tofu_store
}

// StoreOptions are optional; the zero value is the default.
type StoreOptions struct {
	// Fields by name as in tofu_store_options_set, for example "busy-ms" or "read-only".
	Fields map[string]string
}

// OpenStore opens or creates the store at path; "" is the user's own. An unreadable, damaged or newer file is an
// error and is left as it is.
func OpenStore(path string, options *StoreOptions) (*Store, error) {
	var cpath *C.char
	if path != "" {
		text, release, err := cstring("path", path)
		if err != nil {
			return nil, err
		}
		defer release()
		cpath = text
	}
	coptions, err := storeOptions(options)
	if err != nil {
		return nil, err
	}
	defer C.tofu_store_options_free(coptions)
	store := new(Store)
	var cerr *C.tofu_error
	if err := failure(C.tofu_store_open(cpath, coptions, &store.handle, &cerr), cerr); err != nil {
		return nil, err
	}
	runtime.SetFinalizer(store, func(s *Store) { s.Close() })
	return store, nil
}

func storeOptions(options *StoreOptions) (*C.tofu_store_options, error) {
	if options == nil || len(options.Fields) == 0 {
		return nil, nil
	}
	var out *C.tofu_store_options
	var cerr *C.tofu_error
	if err := failure(C.tofu_store_options_new(&out, &cerr), cerr); err != nil {
		return nil, err
	}
	for field, value := range options.Fields {
		err := withStrings("store option", field, value, func(f, v *C.char) error {
			var cerr *C.tofu_error
			return failure(C.tofu_store_options_set(out, f, v, &cerr), cerr)
		})
		if err != nil {
			C.tofu_store_options_free(out)
			return nil, err
		}
	}
	return out, nil
}

// Close frees the store once the calls under way have returned. Later calls fail with ErrInvalid. It never fails, and
// may be called again.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	runtime.SetFinalizer(s, nil)
	C.tofu_store_free(s.handle)
	s.handle = nil
	return nil
}

// use runs f with the handle, which cannot be freed meanwhile.
func (s *Store) use(f func(*C.tofu_store) error) error {
	if s == nil {
		return &Error{Status: ErrInvalid, Message: "store: must not be nil"}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.handle == nil {
		return &Error{Status: ErrInvalid, Message: "store: already closed"}
	}
	return f(s.handle)
}

// cstring makes a C string to be released; a NUL inside is refused, since C would see a shorter string.
func cstring(what, text string) (*C.char, func(), error) {
	for i := 0; i < len(text); i++ {
		if text[i] == 0 {
			return nil, nil, &Error{Status: ErrInvalid, Message: what + ": contains a NUL"}
		}
	}
	c := C.CString(text)
	return c, func() { C.free(unsafe.Pointer(c)) }, nil
}

// withStrings runs f with two C strings.
func withStrings(what, a, b string, f func(a, b *C.char) error) error {
	ca, release, err := cstring(what, a)
	if err != nil {
		return err
	}
	defer release()
	cb, release, err := cstring(what, b)
	if err != nil {
		return err
	}
	defer release()
	return f(ca, cb)
}

// cbytes gives C a view of data for the length of one call; nil for none.
func cbytes(data []byte) (*C.uint8_t, C.size_t) {
	if len(data) == 0 {
		return nil, 0
	}
	return (*C.uint8_t)(unsafe.Pointer(&data[0])), C.size_t(len(data))
}
