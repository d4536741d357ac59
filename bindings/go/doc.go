// Package tofu tells a mail client whether the TLS server it has just reached is the one it should be talking to,
// why, and what to do about it; and it remembers the answer. It is libtofu's Go binding, through cgo and pkg-config,
// and decides nothing itself.
//
// # The rule
//
// A nil error means go ahead, and only that. A question that is still open is a *VerdictError for which
// errors.Is(err, ErrAsk) holds, a refusal one for which errors.Is(err, ErrReject) holds; every other failure is an
// *Error. So code that stops on any error is safe.
//
// # Connections
//
// Client and Dial give a net.Conn that carries no application byte either way before the server was accepted. Where
// there is something to ask, the connection stays open with its handshake done: show Conn.Verdict, call Conn.Trust,
// and go on with the same connection.
//
//	conn, err := tofu.Dial(ctx, store, "imap.example.org", 993, nil)
//	if errors.Is(err, tofu.ErrAsk) && userSaysYes(conn.Verdict().Text(80)) {
//		err = conn.Trust(nil)
//	}
//	if err != nil {
//		return err
//	}
//	// conn is a net.Conn to a trusted server
//
// Config is for code that takes nothing but a *tls.Config; its comment says what it cannot do.
//
// # Ownership and goroutines
//
// Everything may be used from several goroutines. Close frees a Store at once; whatever is not closed is freed when
// the garbage collector finds it. What an accessor returns is Go's own copy.
package tofu
