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

// Decision is accept, ask or reject. Only Accept means go ahead.
type Decision int32

// The decisions.
const (
	Accept Decision = C.TOFU_OK
	Ask    Decision = C.TOFU_ASK
	Reject Decision = C.TOFU_REJECT
)

// Answer is what to ask a person.
type Answer int32

// The answers.
const (
	// AnswerNone: no answer helps, or none is needed. Show the text and stop.
	AnswerNone Answer = C.TOFU_ANSWER_NONE
	// AnswerYes: yes or no.
	AnswerYes Answer = C.TOFU_ANSWER_YES
	// AnswerFingerprint: the full fingerprint, typed by the person from another source (TrustOptions.Typed).
	AnswerFingerprint Answer = C.TOFU_ANSWER_FINGERPRINT
)

// Assurance is what vouches for a server. Greater numbers vouch for more.
type Assurance int32

// The assurances.
const (
	AssuranceNone     Assurance = C.TOFU_ASSURANCE_NONE
	AssurancePinned   Assurance = C.TOFU_ASSURANCE_PINNED
	AssuranceVerified Assurance = C.TOFU_ASSURANCE_VERIFIED
)

// Risk grades a change. Greater numbers are riskier.
type Risk int32

// The risks.
const (
	RiskNone   Risk = C.TOFU_RISK_NONE
	RiskLow    Risk = C.TOFU_RISK_LOW
	RiskMedium Risk = C.TOFU_RISK_MEDIUM
	RiskHigh   Risk = C.TOFU_RISK_HIGH
)

// PinResult is what the pins of the endpoint said.
type PinResult int32

// The results of the pins.
const (
	PinResultNone       PinResult = C.TOFU_PIN_RESULT_NONE
	PinResultFirstUse   PinResult = C.TOFU_PIN_RESULT_FIRST_USE
	PinResultMatch      PinResult = C.TOFU_PIN_RESULT_MATCH
	PinResultSibling    PinResult = C.TOFU_PIN_RESULT_SIBLING
	PinResultStaged     PinResult = C.TOFU_PIN_RESULT_STAGED
	PinResultChanged    PinResult = C.TOFU_PIN_RESULT_CHANGED
	PinResultExpired    PinResult = C.TOFU_PIN_RESULT_EXPIRED
	PinResultBlocked    PinResult = C.TOFU_PIN_RESULT_BLOCKED
	PinResultNewProblem PinResult = C.TOFU_PIN_RESULT_NEW_PROBLEM
	PinResultRetired    PinResult = C.TOFU_PIN_RESULT_RETIRED
)

// Change is how what the server presents differs from what was known.
type Change int32

// The changes.
const (
	ChangeNone            Change = C.TOFU_CHANGE_NONE
	ChangeRenewedSameKey  Change = C.TOFU_CHANGE_RENEWED_SAME_KEY
	ChangeRolledOver      Change = C.TOFU_CHANGE_ROLLED_OVER
	ChangeReplaced        Change = C.TOFU_CHANGE_REPLACED
	ChangeReplacedWhenDue Change = C.TOFU_CHANGE_REPLACED_WHEN_DUE
	ChangeReplacedEarly   Change = C.TOFU_CHANGE_REPLACED_EARLY
	ChangeIssuerChanged   Change = C.TOFU_CHANGE_ISSUER_CHANGED
	ChangeLapsed          Change = C.TOFU_CHANGE_LAPSED
	ChangeNoLongerValid   Change = C.TOFU_CHANGE_NO_LONGER_VALID
	ChangeDowngrade       Change = C.TOFU_CHANGE_DOWNGRADE
	ChangeUpgrade         Change = C.TOFU_CHANGE_UPGRADE
)

// Problem is what can be wrong with a chain by the rules of CAs.
type Problem int32

// The problems; docs/problems.md explains each.
const (
	ProblemUntrustedIssuer          Problem = C.TOFU_PROBLEM_UNTRUSTED_ISSUER
	ProblemSelfSigned               Problem = C.TOFU_PROBLEM_SELF_SIGNED
	ProblemIncompleteChain          Problem = C.TOFU_PROBLEM_INCOMPLETE_CHAIN
	ProblemExpired                  Problem = C.TOFU_PROBLEM_EXPIRED
	ProblemNotYetValid              Problem = C.TOFU_PROBLEM_NOT_YET_VALID
	ProblemHostMismatch             Problem = C.TOFU_PROBLEM_HOST_MISMATCH
	ProblemNameOnlyInCN             Problem = C.TOFU_PROBLEM_NAME_ONLY_IN_CN
	ProblemBadSignature             Problem = C.TOFU_PROBLEM_BAD_SIGNATURE
	ProblemWeakKey                  Problem = C.TOFU_PROBLEM_WEAK_KEY
	ProblemWeakSignature            Problem = C.TOFU_PROBLEM_WEAK_SIGNATURE
	ProblemWrongUsage               Problem = C.TOFU_PROBLEM_WRONG_USAGE
	ProblemCAAsServer               Problem = C.TOFU_PROBLEM_CA_AS_SERVER
	ProblemConstraintViolation      Problem = C.TOFU_PROBLEM_CONSTRAINT_VIOLATION
	ProblemUnknownCriticalExtension Problem = C.TOFU_PROBLEM_UNKNOWN_CRITICAL_EXTENSION
	ProblemRevoked                  Problem = C.TOFU_PROBLEM_REVOKED
	ProblemUnsupportedAlgorithm     Problem = C.TOFU_PROBLEM_UNSUPPORTED_ALGORITHM
	ProblemChainTooLong             Problem = C.TOFU_PROBLEM_CHAIN_TOO_LONG
	ProblemBudgetExceeded           Problem = C.TOFU_PROBLEM_BUDGET_EXCEEDED
	ProblemMalformed                Problem = C.TOFU_PROBLEM_MALFORMED
	ProblemPublishedKey             Problem = C.TOFU_PROBLEM_PUBLISHED_KEY
)

// PinKind is what a pin is about; in TrustOptions the zero value stands for the suggested one.
type PinKind int32

// The kinds of pin.
const (
	PinKey         PinKind = C.TOFU_PIN_KIND_KEY
	PinCertificate PinKind = C.TOFU_PIN_KIND_CERT
	PinIssuer      PinKind = C.TOFU_PIN_KIND_ISSUER
	PinName        PinKind = C.TOFU_PIN_KIND_NAME
)

// PinState is how a pin counts.
type PinState int32

// The states of a pin.
const (
	PinTrusted     PinState = C.TOFU_PIN_STATE_TRUSTED
	PinStaged      PinState = C.TOFU_PIN_STATE_STAGED
	PinRetired     PinState = C.TOFU_PIN_STATE_RETIRED
	PinBlocked     PinState = C.TOFU_PIN_STATE_BLOCKED
	PinCompromised PinState = C.TOFU_PIN_STATE_COMPROMISED
)

// Pin is a pin as it was at the time of the check.
type Pin struct {
	Kind    PinKind
	State   PinState
	Value   string // "sha256//" and base64 for a key, hexadecimal pairs for a certificate, or a name
	Comment string
}

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
	// unproven: it was made before the end of the handshake, so it can be shown but not answered.
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

// PinResult is what the pins of the endpoint said.
func (v *Verdict) PinResult() PinResult {
	defer runtime.KeepAlive(v)
	return PinResult(C.tofu_verdict_pin_result(v.handle))
}

// FirstUse says that nothing was known of this endpoint.
func (v *Verdict) FirstUse() bool { return v.PinResult() == PinResultFirstUse }

// Change is how what the server presents differs from what was known.
func (v *Verdict) Change() Change {
	defer runtime.KeepAlive(v)
	return Change(C.tofu_verdict_change(v.handle))
}

// HasProblem says whether a problem was found in the chain. It does not decide: a chain without problems may be
// rejected, and one with problems accepted.
func (v *Verdict) HasProblem(problem Problem) bool {
	defer runtime.KeepAlive(v)
	return C.tofu_verdict_has_problem(v.handle, C.tofu_problem(problem)) != 0
}

// Answer is what to ask a person. It is AnswerNone for a verdict that was made before the server proved its key.
func (v *Verdict) Answer() Answer {
	if v.unproven {
		return AnswerNone
	}
	defer runtime.KeepAlive(v)
	return Answer(C.tofu_verdict_answer(v.handle))
}

// Offers says whether Trust takes this kind of pin.
func (v *Verdict) Offers(kind PinKind) bool {
	defer runtime.KeepAlive(v)
	return !v.unproven && C.tofu_verdict_offers(v.handle, C.tofu_pin_kind(kind)) != 0
}

// SuggestedKind is the kind of pin to preselect; 0 if none is suggested.
func (v *Verdict) SuggestedKind() PinKind {
	defer runtime.KeepAlive(v)
	return PinKind(C.tofu_verdict_suggested_kind(v.handle))
}

// Pin is the pin that matched or was contradicted; false if there was none.
func (v *Verdict) Pin() (Pin, bool) {
	defer runtime.KeepAlive(v)
	pin := C.tofu_verdict_pin(v.handle)
	return Pin{
		Kind:    PinKind(C.tofu_pin_number(pin, C.TOFU_PIN_FIELD_KIND)),
		State:   PinState(C.tofu_pin_number(pin, C.TOFU_PIN_FIELD_STATE)),
		Value:   C.GoString(C.tofu_pin_string(pin, C.TOFU_PIN_FIELD_VALUE)),
		Comment: C.GoString(C.tofu_pin_string(pin, C.TOFU_PIN_FIELD_COMMENT)),
	}, pin != nil
}

// ID is equal for the same endpoint, chain and reason, so that several connections can share one prompt.
func (v *Verdict) ID() string {
	defer runtime.KeepAlive(v)
	return C.GoString(C.tofu_verdict_id(v.handle))
}

// Headline is the first sentence of the explanation.
func (v *Verdict) Headline() string {
	defer runtime.KeepAlive(v)
	return C.GoString(C.tofu_verdict_statement(v.handle, C.TOFU_SECTION_HEADLINE, 0, nil, nil))
}

// Statements are the sentences of one section.
func (v *Verdict) Statements(section Section) []Statement {
	defer runtime.KeepAlive(v)
	count := C.tofu_verdict_statement_count(v.handle, C.tofu_section(section))
	statements := make([]Statement, 0, int(count))
	for i := C.size_t(0); i < count; i++ {
		var code *C.char
		text := C.tofu_verdict_statement(v.handle, C.tofu_section(section), i, &code, nil)
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

// Line is the verdict in one line, for logs.
func (v *Verdict) Line() string {
	line, err := v.format(C.TOFU_FORMAT_LINE, 0)
	if err != nil {
		return v.Headline()
	}
	return line
}

// JSON is the verdict as docs/json-verdict.md describes it.
func (v *Verdict) JSON() (json.RawMessage, error) {
	text, err := v.format(C.TOFU_FORMAT_JSON, 0)
	return json.RawMessage(text), err
}

func (v *Verdict) format(format C.tofu_format, width int) (string, error) {
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

// TrustOptions say how an answer is remembered; nil and the zero value are the defaults.
type TrustOptions struct {
	Kind    PinKind   // zero: the suggested one
	Add     bool      // beside the old key instead of in its place
	Session bool      // for this Store only, never written
	Expires time.Time // zero: no end
	Typed   string    // the full fingerprint as the user typed it; libtofu compares
	Comment string
}

// Trust records the user's yes to this verdict: exactly its chain is trusted. It is not the decision. Check again on
// the same connection, and go on only if that accepts: the check decides with the answer and with everything else that
// is known by then, a block from another program included. Conn.Trust does both.
func (v *Verdict) Trust(options *TrustOptions) error {
	if options == nil {
		options = &TrustOptions{}
	}
	if v.unproven {
		return &Error{Status: ErrNotOffered, Detail: "trust.unproven",
			Message: "trust: this verdict was made before the server proved its key; use Client or Dial to answer"}
	}
	how, err := newTrust(options)
	if err != nil {
		return err
	}
	defer C.tofu_trust_options_free(how)
	defer runtime.KeepAlive(v)
	return v.store.use(func(store *C.tofu_store) error {
		var cerr *C.tofu_error
		return failure(C.tofu_verdict_trust(store, v.handle, how, &cerr), cerr)
	})
}

func newTrust(options *TrustOptions) (*C.tofu_trust_options, error) {
	var out *C.tofu_trust_options
	var cerr *C.tofu_error
	if err := failure(C.tofu_trust_options_new(&out, &cerr), cerr); err != nil {
		return nil, err
	}
	if err := fillTrust(out, options); err != nil {
		C.tofu_trust_options_free(out)
		return nil, err
	}
	return out, nil
}

func fillTrust(how *C.tofu_trust_options, options *TrustOptions) error {
	var cerr *C.tofu_error
	if options.Kind != 0 {
		if err := failure(C.tofu_trust_options_set_kind(how, C.tofu_pin_kind(options.Kind), &cerr), cerr); err != nil {
			return err
		}
	}
	var flags C.tofu_trust_flags
	if options.Add {
		flags |= C.TOFU_TRUST_ADD
	}
	if options.Session {
		flags |= C.TOFU_TRUST_SESSION
	}
	if err := failure(C.tofu_trust_options_set_flags(how, flags, &cerr), cerr); err != nil {
		return err
	}
	if !options.Expires.IsZero() {
		if err := failure(C.tofu_trust_options_set_expires(how, C.int64_t(options.Expires.Unix()), &cerr), cerr); err != nil {
			return err
		}
	}
	return withStrings("trust", options.Typed, options.Comment, func(typed, comment *C.char) error {
		if options.Typed != "" {
			if err := failure(C.tofu_trust_options_set_typed(how, typed, &cerr), cerr); err != nil {
				return err
			}
		}
		if options.Comment == "" {
			return nil
		}
		return failure(C.tofu_trust_options_set_comment(how, comment, &cerr), cerr)
	})
}
