// Package tofu tells a mail client whether the TLS server that it has just reached is the one it should talk to, why,
// and what to do about it, and it remembers the answer. It binds libtofu through cgo and pkg-config, and decides nothing
// itself.
//
// # The rule
//
// A nil error means go ahead, and only that. A question that is still open is a *VerdictError for which
// errors.Is(err, ErrAsk) holds, a refusal one for which errors.Is(err, ErrReject) holds; every other failure is an
// *Error. So code that stops on any error is safe.
//
// # Connections
//
// Client and Dial give a net.Conn that carries no application data either way before libtofu has accepted the server.
// After ErrAsk the connection stays open with its handshake done: show the text of Conn.Verdict, ask what
// Verdict.Answer says, and give the answer to Conn.Trust. It records the answer and checks the same connection again.
//
//	conn, err := tofu.Dial(ctx, store, "imap.example.org", 993, nil)
//	if errors.Is(err, tofu.ErrAsk) && userSaysYes(conn.Verdict()) {
//		err = conn.Trust(nil)
//	}
//	if err != nil {
//		return err
//	}
//	// conn is a net.Conn to a trusted server
//
// The check decides, not the answer: it uses the answer together with everything else that is known by then, such as a
// block from another program.
//
// Config is for code that takes nothing but a *tls.Config; its comment says what it cannot do.
//
// # Ownership and goroutines
//
// Everything may be used from several goroutines. Close frees a Store at once; whatever is not closed is freed when
// the garbage collector finds it. What an accessor returns is Go's own copy.
package tofu
