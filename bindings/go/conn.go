package tofu

import (
	"context"
	"crypto/tls"
	"net"
	"strconv"
	"sync"
	"time"
)

// Options are the options of a connection; nil and the zero value are the defaults.
type Options struct {
	CheckOptions
	// TLS is the configuration to start from: protocol versions, client certificates, session cache and the like. It
	// is copied, and Go's own verification is switched off in the copy: it would refuse what libtofu can judge. A
	// session resumed from the cache is checked again; where its certificate is not the one last accepted, the error
	// is ErrState, and a connection without the cache is needed.
	TLS *tls.Config
}

func (o *Options) orDefault() *Options {
	if o == nil {
		return &Options{}
	}
	return o
}

// config is the caller's with Go's verification off and the name to ask for.
func (o *Options) config(host string) *tls.Config {
	config := &tls.Config{}
	if o.TLS != nil {
		config = o.TLS.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	config.InsecureSkipVerify = true
	config.VerifyPeerCertificate = nil
	config.VerifyConnection = nil
	return config
}

// Config is a client's *tls.Config whose handshake lets libtofu decide, for code that takes nothing else (net/smtp's
// StartTLS, http.Transport). Go's own verification is off (InsecureSkipVerify); in its place VerifyConnection asks the
// store, also for resumed sessions, and its error ends the handshake before any application byte.
//
// crypto/tls calls VerifyConnection before it has verified the server's signature. So this check is a dry run: it
// records nothing, and the *VerdictError that a handshake fails with can be shown but not answered. Use Client or Dial
// if a person may answer. Call Store.CheckConnection after the handshake, so that what was accepted is remembered. A
// certificate that crypto/x509 cannot parse at all fails the handshake before libtofu sees it.
func Config(store *Store, host string, port uint16, options *Options) *tls.Config {
	options = options.orDefault()
	config := options.config(host)
	config.VerifyConnection = func(state tls.ConnectionState) error {
		check := options.CheckOptions
		check.Flags |= DryRun
		verdict, err := store.checkState(host, port, state, &check)
		if verdict != nil {
			verdict.unproven = true
		}
		return err
	}
	return config
}

// CheckConnection is Check for a connection of crypto/tls whose handshake is finished; before that it is ErrState. The
// chain, the stapled OCSP response and whether the session was resumed are taken from state.
func (s *Store) CheckConnection(host string, port uint16, state tls.ConnectionState, options *CheckOptions) (*Verdict, error) {
	if !state.HandshakeComplete {
		return nil, &Error{Status: ErrState, Detail: "check.handshake", Message: "connection: the handshake is not finished"}
	}
	if options == nil {
		options = &CheckOptions{}
	}
	return s.checkState(host, port, state, options)
}

func (s *Store) checkState(host string, port uint16, state tls.ConnectionState, options *CheckOptions) (*Verdict, error) {
	check := *options
	if state.DidResume {
		check.Flags |= Resumed
	}
	if len(state.OCSPResponse) > 0 {
		check.OCSPResponse = state.OCSPResponse
	}
	chain := make([][]byte, 0, len(state.PeerCertificates))
	for _, cert := range state.PeerCertificates {
		chain = append(chain, cert.Raw)
	}
	return s.Check(host, port, chain, &check)
}

// Conn is a TLS connection over which no application byte goes either way until libtofu accepted the server.
type Conn struct {
	tls     *tls.Conn
	store   *Store
	host    string
	port    uint16
	options CheckOptions

	mu      sync.Mutex
	done    bool // the handshake is finished, or has failed
	verdict *Verdict
	err     error
}

// Client is a connection to host on port over raw, which is already connected (through a proxy, or up to STARTTLS).
func Client(raw net.Conn, store *Store, host string, port uint16, options *Options) *Conn {
	options = options.orDefault()
	return &Conn{tls: tls.Client(raw, options.config(host)), store: store, host: host, port: port, options: options.CheckOptions}
}

// Dial connects and finishes the handshake. With ErrAsk the connection is returned as well, open and waiting for
// Trust or Close; with every other error it is closed.
func Dial(ctx context.Context, store *Store, host string, port uint16, options *Options) (*Conn, error) {
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(int(port))))
	if err != nil {
		return nil, err
	}
	conn := Client(raw, store, host, port, options)
	err = conn.HandshakeContext(ctx)
	if err != nil && !isAsk(err) {
		conn.Close()
		return nil, err
	}
	return conn, err
}

func isAsk(err error) bool {
	verdict, ok := err.(*VerdictError)
	return ok && verdict.Status == ErrAsk
}

// HandshakeContext finishes the handshake and decides, once; later calls return what the latest check said. Read and
// Write call it by themselves.
func (c *Conn) HandshakeContext(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done {
		return c.err
	}
	c.done = true
	if c.err = c.tls.HandshakeContext(ctx); c.err == nil {
		c.decide()
	}
	return c.err
}

func (c *Conn) decide() {
	c.verdict, c.err = c.store.CheckConnection(c.host, c.port, c.tls.ConnectionState(), &c.options)
}

// Verdict is the latest verdict; nil before the handshake and if it failed.
func (c *Conn) Verdict() *Verdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.verdict
}

// Trust records the user's yes and then checks this same connection again; nil means that it may be used. The check
// decides with the answer and with everything else that is known by then: if another program has blocked the key in the
// meantime, the error is a *VerdictError and Verdict says why.
func (c *Conn) Trust(options *TrustOptions) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.verdict == nil {
		return &Error{Status: ErrState, Detail: "trust.no-verdict", Message: "connection: there is no verdict to answer"}
	}
	if err := c.verdict.Trust(options); err != nil {
		return err
	}
	c.decide()
	return c.err
}

// Read reads from an accepted server; otherwise it gives the verdict's error.
func (c *Conn) Read(b []byte) (int, error) {
	if err := c.HandshakeContext(context.Background()); err != nil {
		return 0, err
	}
	return c.tls.Read(b)
}

// Write writes to an accepted server; otherwise it gives the verdict's error and nothing is sent.
func (c *Conn) Write(b []byte) (int, error) {
	if err := c.HandshakeContext(context.Background()); err != nil {
		return 0, err
	}
	return c.tls.Write(b)
}

// Close closes the connection.
func (c *Conn) Close() error { return c.tls.Close() }

// ConnectionState is crypto/tls's, for facts about the session.
func (c *Conn) ConnectionState() tls.ConnectionState { return c.tls.ConnectionState() }

// LocalAddr is the local address.
func (c *Conn) LocalAddr() net.Addr { return c.tls.LocalAddr() }

// RemoteAddr is the server's address.
func (c *Conn) RemoteAddr() net.Addr { return c.tls.RemoteAddr() }

// SetDeadline limits reads, writes and the handshake.
func (c *Conn) SetDeadline(t time.Time) error { return c.tls.SetDeadline(t) }

// SetReadDeadline limits reads.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.tls.SetReadDeadline(t) }

// SetWriteDeadline limits writes.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.tls.SetWriteDeadline(t) }
