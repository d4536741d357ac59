package tofu

/*
#include <tofu.h>
*/
import "C"

import (
	"runtime"
	"sync"
)

// Policy is how facts become a decision: a preset and named fields (docs/policy.md). Set it up first; after its first
// use in a check it cannot be changed (ErrState). In a check it takes the place of the policy that the user set; to add
// a private root or to make one field stricter, use CheckOptions.AddRoots, AddRootFile and Tighten instead.
type Policy struct {
	mu     sync.Mutex
	handle *C.tofu_policy
}

// NewPolicy makes one of the presets: default, accept-new, careful, strict, ca-only, rfc8314 or local.
func NewPolicy(preset string) (*Policy, error) {
	text, release, err := cstring("preset", preset)
	if err != nil {
		return nil, err
	}
	defer release()
	policy := new(Policy)
	var cerr *C.tofu_error
	if err := failure(C.tofu_policy_new(text, &policy.handle, &cerr), cerr); err != nil {
		return nil, err
	}
	runtime.SetFinalizer(policy, func(p *Policy) { C.tofu_policy_free(p.handle) })
	return policy, nil
}

// Set gives a field a value, for example Set("first-use", "ask") or Set("system-roots", "no").
func (p *Policy) Set(field, value string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return withStrings("policy", field, value, func(f, v *C.char) error {
		var cerr *C.tofu_error
		return failure(C.tofu_policy_set(p.handle, f, v, &cerr), cerr)
	})
}

// AddRoot adds a trust anchor, PEM or DER.
func (p *Policy) AddRoot(pemOrDER []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	data, len := cbytes(pemOrDER)
	var cerr *C.tofu_error
	return failure(C.tofu_policy_add_root(p.handle, data, len, &cerr), cerr)
}
