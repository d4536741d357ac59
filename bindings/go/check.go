package tofu

/*
#include <tofu.h>
*/
import "C"

import (
	"runtime"
	"sort"
	"time"
)

// Flags are facts that the caller states about one check.
type Flags uint64

// The flags of a check.
const (
	// DryRun: write nothing, not even the log.
	DryRun Flags = C.TOFU_CHECK_DRY_RUN
	// LeavePending: nobody can answer now; keep the question for later.
	LeavePending Flags = C.TOFU_CHECK_LEAVE_PENDING
	// Resumed: a resumed session, whose chain may be the leaf alone. Set by this package for its connections.
	Resumed Flags = C.TOFU_CHECK_RESUMED
	// Setup: a new account is being set up; without it, the account exists (RFC 8314).
	Setup Flags = C.TOFU_CHECK_SETUP
	// Unproven: no handshake proved that the server has the key; never accepted.
	Unproven Flags = C.TOFU_CHECK_UNPROVEN
	// Loopback: the address is known to be loopback.
	Loopback Flags = C.TOFU_CHECK_LOOPBACK
	// Tor: the connection goes through Tor.
	Tor Flags = C.TOFU_CHECK_TOR
	// XMPP: XMPP is spoken, and the host is the domain of the XMPP address. Not needed on its usual ports.
	XMPP Flags = C.TOFU_CHECK_XMPP
	// NoSession, with Unproven: a connection was tried and is not possible.
	NoSession Flags = C.TOFU_CHECK_NO_SESSION
)

// TLSA is the data of one TLSA record (RFC 6698) and whether DNSSEC validated it.
type TLSA struct {
	RData           []byte
	DNSSECValidated bool
}

// CheckOptions are the options of a check; nil and the zero value are the defaults.
//
// AddRoots, AddRootFile and Tighten add to the policy in force, which is that of the user or the administrator. Policy
// takes its place: a program that only has a private root to add must not set it, because that would drop a "strict" of
// the user's.
type CheckOptions struct {
	Account string    // keeps the pins of accounts apart
	Time    time.Time // zero: now
	Flags   Flags

	AddRoots    [][]byte          // further trust anchors, each a file's content in PEM or DER
	AddRootFile string            // a file of further trust anchors in PEM or DER, read at each check; "" for none
	Tighten     map[string]string // fields of the policy and the value that each must at least have ("change": "reject")
	Policy      *Policy           // in place of the policy in force; nil keeps that

	// OCSPResponse is the response that the server stapled, in DER; empty for none. Conn, Config and CheckConnection
	// take it from the connection.
	OCSPResponse []byte
	TLSA         []TLSA
	CRLs         [][]byte // DER
}

// Check decides about the chain of certificates (DER, leaf first) that host presented on port. The caller states that
// a finished handshake proved that the server holds the leaf's key, unless Flags has Unproven.
//
// A nil error means go ahead. ErrAsk and ErrReject come as *VerdictError; the verdict is returned as well, for every
// answer. After ErrAsk, ask what Verdict.Answer says, record a yes with Verdict.Trust, and check again: the check
// decides with the answer and with everything else that is known by then.
func (s *Store) Check(host string, port uint16, chain [][]byte, options *CheckOptions) (*Verdict, error) {
	if options == nil {
		options = &CheckOptions{}
	}
	name, release, err := cstring("host", host)
	if err != nil {
		return nil, err
	}
	defer release()
	cchain, err := newChain(chain, options.OCSPResponse)
	if err != nil {
		return nil, err
	}
	defer C.tofu_chain_free(cchain)
	check, err := newCheck(options)
	if err != nil {
		return nil, err
	}
	defer C.tofu_check_options_free(check)

	var out *C.tofu_verdict
	var status C.tofu_status
	err = s.use(func(store *C.tofu_store) error {
		var cerr *C.tofu_error
		status = C.tofu_check_chain(store, name, C.uint16_t(port), cchain, check, &out, &cerr)
		if status == C.TOFU_ASK || status == C.TOFU_REJECT {
			return nil
		}
		return failure(status, cerr)
	})
	if err != nil {
		return nil, err
	}
	verdict := newVerdict(out, s)
	if status != C.TOFU_OK {
		return verdict, &VerdictError{Verdict: verdict, Status: Status(status)}
	}
	return verdict, nil
}

// newChain copies what the server sent.
func newChain(chain [][]byte, staple []byte) (*C.tofu_chain, error) {
	var out *C.tofu_chain
	var cerr *C.tofu_error
	if err := failure(C.tofu_chain_new(&out, &cerr), cerr); err != nil {
		return nil, err
	}
	for _, der := range chain {
		data, len := cbytes(der)
		if err := failure(C.tofu_chain_push_der(out, data, len, &cerr), cerr); err != nil {
			C.tofu_chain_free(out)
			return nil, err
		}
	}
	if len(staple) > 0 {
		data, len := cbytes(staple)
		if err := failure(C.tofu_chain_set_ocsp(out, data, len, &cerr), cerr); err != nil {
			C.tofu_chain_free(out)
			return nil, err
		}
	}
	return out, nil
}

func newCheck(options *CheckOptions) (*C.tofu_check_options, error) {
	var out *C.tofu_check_options
	var cerr *C.tofu_error
	if err := failure(C.tofu_check_options_new(&out, &cerr), cerr); err != nil {
		return nil, err
	}
	for _, fill := range []func(*C.tofu_check_options, *CheckOptions) error{setFacts, setPolicy, addRoots, tighten, addRecords} {
		if err := fill(out, options); err != nil {
			C.tofu_check_options_free(out)
			return nil, err
		}
	}
	return out, nil
}

func setFacts(check *C.tofu_check_options, options *CheckOptions) error {
	var cerr *C.tofu_error
	if options.Account != "" {
		account, release, err := cstring("account", options.Account)
		if err != nil {
			return err
		}
		defer release()
		if err := failure(C.tofu_check_options_set_account(check, account, &cerr), cerr); err != nil {
			return err
		}
	}
	if !options.Time.IsZero() {
		if err := failure(C.tofu_check_options_set_time(check, C.int64_t(options.Time.Unix()), &cerr), cerr); err != nil {
			return err
		}
	}
	return failure(C.tofu_check_options_set_flags(check, C.tofu_check_flags(options.Flags), &cerr), cerr)
}

func setPolicy(check *C.tofu_check_options, options *CheckOptions) error {
	policy := options.Policy
	if policy == nil {
		return nil
	}
	policy.mu.Lock()
	defer policy.mu.Unlock()
	defer runtime.KeepAlive(policy)
	var cerr *C.tofu_error
	return failure(C.tofu_check_options_set_policy(check, policy.handle, &cerr), cerr)
}

func addRoots(check *C.tofu_check_options, options *CheckOptions) error {
	var cerr *C.tofu_error
	for _, root := range options.AddRoots {
		data, len := cbytes(root)
		if err := failure(C.tofu_check_options_add_root(check, data, len, &cerr), cerr); err != nil {
			return err
		}
	}
	if options.AddRootFile == "" {
		return nil
	}
	path, release, err := cstring("root file", options.AddRootFile)
	if err != nil {
		return err
	}
	defer release()
	return failure(C.tofu_check_options_add_root_file(check, path, &cerr), cerr)
}

// tighten goes through the fields in order, so that of several wrong ones the error always names the same.
func tighten(check *C.tofu_check_options, options *CheckOptions) error {
	fields := make([]string, 0, len(options.Tighten))
	for field := range options.Tighten {
		fields = append(fields, field)
	}
	sort.Strings(fields)
	for _, field := range fields {
		err := withStrings("policy", field, options.Tighten[field], func(f, v *C.char) error {
			var cerr *C.tofu_error
			return failure(C.tofu_check_options_tighten(check, f, v, &cerr), cerr)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func addRecords(check *C.tofu_check_options, options *CheckOptions) error {
	var cerr *C.tofu_error
	for _, record := range options.TLSA {
		validated := C.int32_t(0)
		if record.DNSSECValidated {
			validated = 1
		}
		data, len := cbytes(record.RData)
		if err := failure(C.tofu_check_options_add_tlsa(check, data, len, validated, &cerr), cerr); err != nil {
			return err
		}
	}
	for _, crl := range options.CRLs {
		data, len := cbytes(crl)
		if err := failure(C.tofu_check_options_add_crl(check, data, len, &cerr), cerr); err != nil {
			return err
		}
	}
	return nil
}
