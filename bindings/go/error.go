package tofu

/*
#cgo pkg-config: tofu
#include <tofu.h>
*/
import "C"

// Status is what a call of libtofu returns: 0 is yes, a positive number is an answer that is not yes, a negative one a
// failed call. Each status except 0 is also an error to compare with errors.Is.
type Status int32

// The statuses that programs compare with; the header tofu.h explains all of them.
const (
	// ErrAsk: a person has to answer first.
	ErrAsk Status = C.TOFU_ASK
	// ErrReject: do not talk to this server.
	ErrReject Status = C.TOFU_REJECT
	// ErrInvalid: an argument is wrong; the message names it.
	ErrInvalid Status = C.TOFU_E_INVALID
	// ErrParse: not a certificate.
	ErrParse Status = C.TOFU_E_PARSE
	// ErrName: not a host name or address.
	ErrName Status = C.TOFU_E_NAME
	// ErrLimit: larger than libtofu takes.
	ErrLimit Status = C.TOFU_E_LIMIT
	// ErrIO: the store cannot be read or written.
	ErrIO Status = C.TOFU_E_IO
	// ErrBusy: another program holds the store.
	ErrBusy Status = C.TOFU_E_BUSY
	// ErrDamaged: the store is damaged or is no store.
	ErrDamaged Status = C.TOFU_E_DAMAGED
	// ErrFuture: the store was written by a newer version.
	ErrFuture Status = C.TOFU_E_FUTURE
	// ErrUnsafeFile: others could write the store.
	ErrUnsafeFile Status = C.TOFU_E_UNSAFE_FILE
	// ErrReadOnly: the store cannot be written.
	ErrReadOnly Status = C.TOFU_E_READ_ONLY
	// ErrState: the object or connection is not in the state that the call needs.
	ErrState Status = C.TOFU_E_STATE
	// ErrNotOffered: this verdict cannot be trusted in this way.
	ErrNotOffered Status = C.TOFU_E_NOT_OFFERED
	// ErrStale: things changed since the verdict; check again.
	ErrStale Status = C.TOFU_E_STALE
	// ErrRoots: a CA answer is wanted and no roots are loaded.
	ErrRoots Status = C.TOFU_E_ROOTS
)

// Error names the status, as the header does.
func (s Status) Error() string { return C.GoString(C.tofu_status_name(C.tofu_status(s))) }

// Error is a failed call.
type Error struct {
	Status  Status
	Message string // names the thing, in one line
	Detail  string // a stable fine code such as "store.busy.timeout"
}

func (e *Error) Error() string {
	if e.Message == "" {
		return "tofu: " + e.Status.Error()
	}
	return "tofu: " + e.Message
}

// Is compares with a Status.
func (e *Error) Is(target error) bool {
	status, ok := target.(Status)
	return ok && status == e.Status
}

// VerdictError says that the server was not accepted, and holds the verdict with everything that led to it.
type VerdictError struct {
	Verdict *Verdict
	Status  Status // ErrAsk or ErrReject
}

func (e *VerdictError) Error() string { return "tofu: " + e.Verdict.Headline() }

// Is compares with ErrAsk and ErrReject.
func (e *VerdictError) Is(target error) bool {
	status, ok := target.(Status)
	return ok && status == e.Status
}

// failure makes the error of a call and frees what the library made for it; nil for TOFU_OK. Everything is read from
// the owned error object: the thread-local text may belong to another goroutine by now.
func failure(status C.tofu_status, err *C.tofu_error) error {
	if status == C.TOFU_OK {
		return nil
	}
	defer C.tofu_error_free(err)
	return &Error{
		Status:  Status(status),
		Message: C.GoString(C.tofu_error_message(err)),
		Detail:  C.GoString(C.tofu_error_detail(err)),
	}
}
