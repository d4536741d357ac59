package tofu

/*
#include <tofu.h>
*/
import "C"

import (
	"encoding/json"
	"runtime"
	"time"
)

// Decision is accept, ask or reject; the zero value means none.
type Decision int32

// The decisions.
const (
	Accept Decision = C.TOFU_OK
	Ask    Decision = C.TOFU_ASK
	Reject Decision = C.TOFU_REJECT
)

// Assurance says what an accept rests on.
type Assurance int32

// The assurances.
const (
	AssuranceNone     Assurance = C.TOFU_ASSURANCE_NONE
	AssurancePinned   Assurance = C.TOFU_ASSURANCE_PINNED
	AssuranceVerified Assurance = C.TOFU_ASSURANCE_VERIFIED
)

// Risk grades a change.
type Risk int32

// The risks.
const (
	RiskNone   Risk = C.TOFU_RISK_NONE
	RiskLow    Risk = C.TOFU_RISK_LOW
	RiskMedium Risk = C.TOFU_RISK_MEDIUM
	RiskHigh   Risk = C.TOFU_RISK_HIGH
)

// PinKind is what is pinned; the zero value stands for the suggested one.
type PinKind int32

// The kinds of pin.
const (
	PinKey         PinKind = C.TOFU_PIN_KIND_KEY
	PinCertificate PinKind = C.TOFU_PIN_KIND_CERT
	PinIssuer      PinKind = C.TOFU_PIN_KIND_ISSUER
	PinName        PinKind = C.TOFU_PIN_KIND_NAME
)

// Section is a part of the explanation.
type Section int32

// The sections.
const (
	SectionHeadline Section = C.TOFU_SECTION_HEADLINE
	SectionProblem  Section = C.TOFU_SECTION_PROBLEM
	SectionReason   Section = C.TOFU_SECTION_REASON
	SectionMeaning  Section = C.TOFU_SECTION_MEANING
	SectionAdvice   Section = C.TOFU_SECTION_ADVICE
)

// Statement is one sentence of an explanation, escaped and fit to show.
type Statement struct {
	Code string // stable
	Text string
}

// Verdict is a decision with everything that led to it. Immutable.
type Verdict struct {
	handle *C.tofu_verdict
	store  *Store
	// unproven: it was made before the handshake's end, so it can be shown but not answered.
	unproven bool
}

func newVerdict(handle *C.tofu_verdict, store *Store) *Verdict {
	verdict := &Verdict{handle: handle, store: store}
	runtime.SetFinalizer(verdict, func(v *Verdict) { C.tofu_verdict_free(v.handle) })
	return verdict
}

// Decision is what to do.
func (v *Verdict) Decision() Decision {
	defer runtime.KeepAlive(v)
	return Decision(C.tofu_verdict_decision(v.handle))
}

// Assurance is what an accept rests on.
func (v *Verdict) Assurance() Assurance {
	defer runtime.KeepAlive(v)
	return Assurance(C.tofu_verdict_assurance(v.handle))
}

// Risk grades the change.
func (v *Verdict) Risk() Risk {
	defer runtime.KeepAlive(v)
	return Risk(C.tofu_verdict_risk(v.handle))
}

// Problems is the set of problems found, bits as in tofu.h.
func (v *Verdict) Problems() uint64 {
	defer runtime.KeepAlive(v)
	return uint64(C.tofu_verdict_problems(v.handle))
}

// FirstUse says that nothing was known of this endpoint.
func (v *Verdict) FirstUse() bool {
	defer runtime.KeepAlive(v)
	return C.tofu_verdict_pin_result(v.handle) == C.TOFU_PIN_RESULT_FIRST_USE
}

// MaySendCredentials is true only for an accept whose assurance allows it.
func (v *Verdict) MaySendCredentials() bool {
	defer runtime.KeepAlive(v)
	return C.tofu_verdict_may_send_credentials(v.handle) != 0
}

// ID is equal for the same endpoint, chain and reason, so that several connections can share one prompt.
func (v *Verdict) ID() string {
	defer runtime.KeepAlive(v)
	return C.GoString(C.tofu_verdict_id(v.handle))
}

// Headline is the first sentence of the explanation.
func (v *Verdict) Headline() string {
	defer runtime.KeepAlive(v)
	return C.GoString(C.tofu_verdict_headline(v.handle))
}

// Statements are the sentences of one section.
func (v *Verdict) Statements(section Section) []Statement {
	defer runtime.KeepAlive(v)
	count := C.tofu_verdict_statement_count(v.handle, C.int32_t(section))
	statements := make([]Statement, 0, int(count))
	for i := C.size_t(0); i < count; i++ {
		var code *C.char
		text := C.tofu_verdict_statement(v.handle, C.int32_t(section), i, &code, nil)
		statements = append(statements, Statement{Code: C.GoString(code), Text: C.GoString(text)})
	}
	return statements
}

// Text is the whole explanation for people, in lines of at most width characters.
func (v *Verdict) Text(width int) string {
	text, err := v.format(C.TOFU_FORMAT_TEXT, width)
	if err != nil {
		return v.Headline()
	}
	return text
}

// JSON is the verdict as docs/json-verdict.md describes it.
func (v *Verdict) JSON() (json.RawMessage, error) {
	text, err := v.format(C.TOFU_FORMAT_JSON, 0)
	return json.RawMessage(text), err
}

func (v *Verdict) format(format C.int32_t, width int) (string, error) {
	defer runtime.KeepAlive(v)
	var text *C.tofu_text
	var cerr *C.tofu_error
	if err := failure(C.tofu_verdict_format(v.handle, format, C.size_t(width), &text, &cerr), cerr); err != nil {
		return "", err
	}
	defer C.tofu_text_free(text)
	var len C.size_t
	data := C.tofu_text_get(text, &len)
	return C.GoStringN(data, C.int(len)), nil
}

// TrustOptions are the options of a yes; nil and the zero value are the defaults.
type TrustOptions struct {
	Kind    PinKind   // zero: the suggested one
	Add     bool      // beside the old key instead of in its place
	Session bool      // for this Store only, never written
	Expires time.Time // zero: for good
	Typed   string    // the full fingerprint as the user typed it; libtofu compares
	Comment string
}

// Trust is the user's yes to this very verdict: exactly its chain is trusted. Check again afterwards.
func (v *Verdict) Trust(options *TrustOptions) error {
	if options == nil {
		options = &TrustOptions{}
	}
	if v.unproven {
		return &Error{Status: ErrNotOffered, Detail: "trust.unproven",
			Message: "trust: this verdict was made before the server proved its key; use Client or Dial to answer"}
	}
	defer runtime.KeepAlive(v)
	kind := C.int32_t(options.Kind)
	if kind == 0 {
		kind = C.tofu_verdict_suggested_kind(v.handle)
	}
	var flags C.uint64_t
	if options.Add {
		flags |= C.TOFU_TRUST_ADD
	}
	if options.Session {
		flags |= C.TOFU_TRUST_SESSION
	}
	var expires C.int64_t
	if !options.Expires.IsZero() {
		expires = C.int64_t(options.Expires.Unix())
	}
	return withStrings("trust", options.Typed, options.Comment, func(typed, comment *C.char) error {
		if options.Typed == "" {
			typed = nil
		}
		return v.store.use(func(store *C.tofu_store) error {
			var cerr *C.tofu_error
			return failure(C.tofu_verdict_trust(store, v.handle, kind, flags, expires, typed, comment, &cerr), cerr)
		})
	})
}
