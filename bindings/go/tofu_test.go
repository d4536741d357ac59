package tofu

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestFirstContactAsksAndSendsNothing(t *testing.T) {
	c := newClient(t)
	s := serve(t, selfSigned(t, newKey(t)))
	conn := c.connect(s)
	n, err := conn.Write([]byte("LOGIN alice secret"))
	if n != 0 || !errors.Is(err, ErrAsk) || errors.Is(err, ErrReject) {
		t.Fatalf("wrote %d, %v", n, err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, ErrAsk) {
		t.Fatalf("read: %v", err)
	}
	conn.Close()
	verdict := conn.Verdict()
	if verdict.Decision() != Ask || !verdict.FirstUse() || verdict.Answer() != AnswerYes ||
		!verdict.HasProblem(ProblemSelfSigned) || verdict.HasProblem(ProblemExpired) {
		t.Fatalf("verdict: %s", verdict.Text(80))
	}
	if s.got() != 0 {
		t.Fatalf("the server received %d bytes", s.got())
	}
}

func TestAYesLetsTheSameConnectionGoOn(t *testing.T) {
	c := newClient(t)
	s := serve(t, selfSigned(t, newKey(t)))
	conn := c.connect(s)
	defer conn.Close()
	if err := conn.HandshakeContext(context.Background()); !errors.Is(err, ErrAsk) {
		t.Fatal(err)
	}
	if err := conn.Trust(&TrustOptions{Comment: "test"}); err != nil {
		t.Fatal(err)
	}
	verdict := conn.Verdict()
	if verdict.Decision() != Accept || verdict.Assurance() != AssurancePinned || verdict.Answer() != AnswerNone {
		t.Fatalf("verdict: %s", verdict.Text(80))
	}
	echoes(t, conn)
}

func TestAKnownServerIsAcceptedWithoutAQuestion(t *testing.T) {
	c := newClient(t)
	s := c.meet(selfSigned(t, newKey(t)))
	conn := c.connect(s)
	defer conn.Close()
	echoes(t, conn)
}

func TestARenewalWithTheSameKeyIsAccepted(t *testing.T) {
	c := newClient(t)
	key := newKey(t)
	c.meet(selfSigned(t, key))
	conn := c.connect(serve(t, selfSigned(t, key)))
	defer conn.Close()
	echoes(t, conn)
}

func TestAChangedKeyIsRefusedBeforeAnyApplicationByte(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		c := newClient(t)
		c.meet(selfSigned(t, newKey(t)))
		cert := selfSigned(t, newKey(t))
		s := listen(t, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: version, MaxVersion: version})
		conn := c.connect(s)
		if n, err := conn.Write([]byte("LOGIN alice secret")); n != 0 || !errors.Is(err, ErrAsk) {
			t.Fatalf("wrote %d, %v", n, err)
		}
		verdict := conn.Verdict()
		if verdict.PinResult() != PinResultChanged || verdict.Risk() < RiskMedium || verdict.Change() == ChangeNone {
			t.Fatalf("verdict: %s", verdict.Text(80))
		}
		if pin, known := verdict.Pin(); !known || pin.Kind != PinKey || pin.State != PinTrusted || pin.Value == "" {
			t.Fatalf("pin: %+v", pin)
		}
		conn.Close()
		if s.got() != 0 {
			t.Fatalf("the server received %d bytes", s.got())
		}
	}
}

func TestACertificateOfAKnownRootIsVerified(t *testing.T) {
	c := newClient(t)
	conn := c.connect(serve(t, c.root.issue(t)))
	defer conn.Close()
	echoes(t, conn)
	if verdict := conn.Verdict(); verdict.Assurance() != AssuranceVerified {
		t.Fatalf("verdict: %s", verdict.Text(80))
	}
	stranger := c.connect(serve(t, newAuthority(t).issue(t)))
	if err := stranger.HandshakeContext(context.Background()); err == nil {
		t.Fatal("a certificate of an unknown root was accepted")
	}
}

func TestOnlyTheRightTypedFingerprintIsTaken(t *testing.T) {
	c := newClient(t)
	cert := selfSigned(t, newKey(t))
	conn := c.connect(serve(t, cert))
	defer conn.Close()
	if err := conn.HandshakeContext(context.Background()); !errors.Is(err, ErrAsk) {
		t.Fatal(err)
	}
	if err := conn.Trust(&TrustOptions{Typed: strings.Repeat("00", 32)}); err == nil {
		t.Fatal("a wrong fingerprint was taken")
	}
	if _, err := conn.Write([]byte("x")); !errors.Is(err, ErrAsk) {
		t.Fatalf("after a wrong fingerprint: %v", err)
	}
	if err := conn.Trust(&TrustOptions{Typed: fingerprint(cert)}); err != nil {
		t.Fatal(err)
	}
	echoes(t, conn)
}

func TestAStapledRevocationIsRejected(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		c := newClient(t)
		cert := c.root.issue(t)
		config := &tls.Config{MinVersion: version, MaxVersion: version}
		cert.OCSPStaple = c.root.staple(t, cert, false)
		config.Certificates = []tls.Certificate{cert}
		good := c.connect(listen(t, config))
		echoes(t, good)
		good.Close()

		cert.OCSPStaple = c.root.staple(t, cert, true)
		config = config.Clone()
		config.Certificates = []tls.Certificate{cert}
		s := listen(t, config)
		conn := c.connect(s)
		if n, err := conn.Write([]byte("LOGIN alice secret")); n != 0 || !errors.Is(err, ErrReject) {
			t.Fatalf("wrote %d, %v", n, err)
		}
		verdict := conn.Verdict()
		if !verdict.HasProblem(ProblemRevoked) || verdict.Answer() != AnswerNone {
			t.Fatalf("verdict: %s", verdict.Text(80))
		}
		conn.Close()
		err := tls.Client(c.raw(s), Config(c.store, testHost, c.as, c.options())).Handshake()
		if !errors.Is(err, ErrReject) {
			t.Fatalf("Config: %v", err)
		}
		if s.got() != 0 {
			t.Fatalf("the server received %d bytes", s.got())
		}
	}
}

func TestARootAddedKeepsThePolicyInForce(t *testing.T) {
	c := newClient(t)
	private := newAuthority(t)
	file := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(file, private.pem(), 0o600); err != nil {
		t.Fatal(err)
	}
	chain := private.issue(t).Certificate
	for preset, wanted := range map[string]error{"strict": ErrReject, "ca-only": nil} {
		policy, err := NewPolicy(preset)
		if err != nil {
			t.Fatal(err)
		}
		options := &CheckOptions{Policy: policy, Tighten: map[string]string{"system-roots": "no"}}
		options.AddRoots = [][]byte{c.root.pem()}
		if _, err := c.store.Check(testHost, 993, chain, options); !errors.Is(err, ErrReject) {
			t.Fatalf("%s without the root: %v", preset, err)
		}
		options.AddRootFile = file
		if _, err := c.store.Check(testHost, 993, chain, options); !errors.Is(err, wanted) {
			t.Fatalf("%s with the root: %v", preset, err)
		}
	}
}

func TestAFieldMadeStricterCounts(t *testing.T) {
	c := newClient(t)
	options := c.options().CheckOptions
	options.Tighten["first-use"] = "reject"
	_, err := c.store.Check(testHost, 993, selfSigned(t, newKey(t)).Certificate, &options)
	if !errors.Is(err, ErrReject) {
		t.Fatal(err)
	}
}

func TestADowngradeTakesTheTypedFingerprintOnly(t *testing.T) {
	c := newClient(t)
	echoes(t, c.connect(serve(t, c.root.issue(t))))
	cert := selfSigned(t, newKey(t))
	conn := c.connect(serve(t, cert))
	defer conn.Close()
	if _, err := conn.Write([]byte("x")); err == nil {
		t.Fatal("a downgrade was accepted")
	}
	if verdict := conn.Verdict(); verdict.Answer() != AnswerFingerprint || verdict.Change() != ChangeDowngrade {
		t.Fatalf("verdict: %s", verdict.Text(80))
	}
	if err := conn.Trust(nil); !errors.Is(err, ErrNotOffered) {
		t.Fatalf("a yes was taken: %v", err)
	}
	if err := conn.Trust(&TrustOptions{Typed: fingerprint(cert), Kind: conn.Verdict().SuggestedKind()}); err != nil {
		t.Fatal(err)
	}
	echoes(t, conn)
}

func TestOnlyAKindThatIsOfferedIsTaken(t *testing.T) {
	c := newClient(t)
	conn := c.connect(serve(t, selfSigned(t, newKey(t))))
	defer conn.Close()
	if err := conn.HandshakeContext(context.Background()); !errors.Is(err, ErrAsk) {
		t.Fatal(err)
	}
	verdict := conn.Verdict()
	if verdict.SuggestedKind() != PinKey || !verdict.Offers(PinCertificate) || verdict.Offers(PinIssuer) {
		t.Fatalf("suggests %d", verdict.SuggestedKind())
	}
	if err := conn.Trust(&TrustOptions{Kind: PinIssuer}); !errors.Is(err, ErrNotOffered) {
		t.Fatal(err)
	}
	if err := conn.Trust(&TrustOptions{Kind: PinCertificate}); err != nil {
		t.Fatal(err)
	}
	echoes(t, conn)
}

func TestTrustOfOneAccountIsNoneForAnother(t *testing.T) {
	c := newClient(t)
	s := c.meet(selfSigned(t, newKey(t)))
	options := c.options()
	options.Account = "bob"
	conn := Client(c.raw(s), c.store, testHost, c.as, options)
	if err := conn.HandshakeContext(context.Background()); !errors.Is(err, ErrAsk) {
		t.Fatal(err)
	}
}

func TestConfigRefusesInTheHandshakeAndCannotBeAnswered(t *testing.T) {
	c := newClient(t)
	s := serve(t, selfSigned(t, newKey(t)))
	err := tls.Client(c.raw(s), Config(c.store, testHost, c.as, c.options())).Handshake()
	var refused *VerdictError
	if !errors.As(err, &refused) || !errors.Is(err, ErrAsk) {
		t.Fatal(err)
	}
	if err := refused.Verdict.Trust(nil); !errors.Is(err, ErrNotOffered) {
		t.Fatalf("a verdict of an unfinished handshake was answered: %v", err)
	}
	if s.got() != 0 {
		t.Fatalf("the server received %d bytes", s.got())
	}
}

func TestConfigAcceptsAKnownServerInBothVersions(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		c := newClient(t)
		s := c.meet(selfSigned(t, newKey(t)))
		config := Config(c.store, testHost, c.as, c.options())
		config.MinVersion, config.MaxVersion = version, version
		conn := tls.Client(c.raw(s), config)
		echoes(t, conn)
		if _, err := c.store.CheckConnection(testHost, c.as, conn.ConnectionState(), &c.options().CheckOptions); err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
}

func TestAnUnfinishedHandshakeIsNotChecked(t *testing.T) {
	c := newClient(t)
	if _, err := c.store.CheckConnection(testHost, c.as, tls.ConnectionState{}, nil); !errors.Is(err, ErrState) {
		t.Fatal(err)
	}
}

// What was not accepted in full before cannot be accepted by resumption: libtofu wants a full handshake.
func TestAResumedSessionIsCheckedAgain(t *testing.T) {
	c := newClient(t)
	cert := selfSigned(t, newKey(t))
	s := listen(t, &tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: tls.VersionTLS12})
	cache := tls.NewLRUClientSessionCache(4)
	for turn, account := range []string{"", "", "somebody else"} {
		options := c.options()
		options.Account = account
		options.TLS = &tls.Config{ClientSessionCache: cache}
		conn := Client(c.raw(s), c.store, testHost, c.as, options)
		err := conn.HandshakeContext(context.Background())
		if resumed := conn.ConnectionState().DidResume; resumed != (turn > 0) {
			t.Fatalf("turn %d: resumed %v", turn, resumed)
		}
		switch turn {
		case 0:
			if err := conn.Trust(nil); err != nil {
				t.Fatal(err)
			}
			echoes(t, conn)
		case 1:
			echoes(t, conn)
		default:
			if !errors.Is(err, ErrState) {
				t.Fatalf("a resumed session passed without trust: %v", err)
			}
		}
		conn.Close()
	}
}

func TestBadArgumentsAreErrorsThatNameThem(t *testing.T) {
	c := newClient(t)
	chain := selfSigned(t, newKey(t)).Certificate
	hosts := []string{"", "a\nb", "a\x00b", "*.example.org", "a b", strings.Repeat("a", 300)}
	for _, host := range hosts {
		_, err := c.store.Check(host, 993, chain, nil)
		if err == nil || errors.Is(err, ErrAsk) || errors.Is(err, ErrReject) || len(err.Error()) < 10 {
			t.Errorf("host %q: %v", host, err)
		}
	}
	calls := map[string]func() error{
		"port 0":   func() error { _, err := c.store.Check(testHost, 0, chain, nil); return err },
		"no chain": func() error { _, err := c.store.Check(testHost, 993, nil, nil); return err },
		"no bytes": func() error { _, err := c.store.Check(testHost, 993, [][]byte{{}}, nil); return err },
		"garbage":  func() error { _, err := c.store.Check(testHost, 993, [][]byte{[]byte("garbage")}, nil); return err },
		"flags":    func() error { _, err := c.store.Check(testHost, 993, chain, &CheckOptions{Flags: 1 << 60}); return err },
		"root": func() error {
			_, err := c.store.Check(testHost, 993, chain, &CheckOptions{AddRoots: [][]byte{[]byte("garbage")}})
			return err
		},
		"root file": func() error {
			_, err := c.store.Check(testHost, 993, chain, &CheckOptions{AddRootFile: "/no/such/file"})
			return err
		},
		"stricter": func() error {
			_, err := c.store.Check(testHost, 993, chain, &CheckOptions{Tighten: map[string]string{"change": "accept"}})
			return err
		},
		"preset":    func() error { _, err := NewPolicy("trusting"); return err },
		"nil store": func() error { _, err := (*Store)(nil).Check(testHost, 993, chain, nil); return err },
		"option": func() error {
			_, err := OpenStore("x", &StoreOptions{Fields: map[string]string{"no": "1"}})
			return err
		},
		"no verdict":  func() error { return Client(nil, c.store, testHost, 993, nil).Trust(nil) },
		"store path":  func() error { _, err := OpenStore("a\x00b", nil); return err },
		"policy root": func() error { p, _ := NewPolicy("default"); return p.AddRoot([]byte("garbage")) },
		"field":       func() error { p, _ := NewPolicy("default"); return p.Set("no-such-field", "1") },
	}
	for name, call := range calls {
		var failed *Error
		if err := call(); !errors.As(err, &failed) || failed.Status >= 0 || failed.Message == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAClosedStoreIsAnErrorAndClosingTwiceIsNone(t *testing.T) {
	c := newClient(t)
	if c.store.Close() != nil || c.store.Close() != nil {
		t.Fatal("close")
	}
	_, err := c.store.Check(testHost, 993, selfSigned(t, newKey(t)).Certificate, nil)
	if !errors.Is(err, ErrInvalid) {
		t.Fatal(err)
	}
}

func TestADamagedStoreIsAnErrorThatNamesTheFileAndLeavesIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pins.db")
	os.Chmod(filepath.Dir(path), 0o700)
	text := []byte("these are not the pins you are looking for")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := OpenStore(path, nil)
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
		t.Fatal(err)
	}
	if after, _ := os.ReadFile(path); string(after) != string(text) {
		t.Fatal("the file was changed")
	}
}

func TestEachErrorTextBelongsToItsOwnCall(t *testing.T) {
	c := newClient(t)
	chain := selfSigned(t, newKey(t)).Certificate
	var group sync.WaitGroup
	for i := 0; i < 64; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			host := fmt.Sprintf("bad host %03d", i)
			for turn := 0; turn < 20; turn++ {
				_, err := c.store.Check(host, 993, chain, nil)
				if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%03d", i)) {
					t.Errorf("%s: %v", host, err)
				}
			}
		}(i)
	}
	group.Wait()
}

func TestManyGoroutinesShareOneStore(t *testing.T) {
	c := newClient(t)
	s := c.meet(selfSigned(t, newKey(t)))
	stranger := selfSigned(t, newKey(t)).Certificate
	var group sync.WaitGroup
	for i := 0; i < 32; i++ {
		group.Add(2)
		go func() {
			defer group.Done()
			conn := c.connect(s)
			defer conn.Close()
			if _, err := io.WriteString(conn, "x"); err != nil {
				t.Error(err)
			}
		}()
		go func() {
			defer group.Done()
			_, err := c.store.Check(testHost, c.as, stranger, &c.options().CheckOptions)
			if !errors.Is(err, ErrAsk) {
				t.Error(err)
			}
		}()
	}
	group.Wait()
}

func TestAServerThatSpeaksNoTLSIsAnError(t *testing.T) {
	c := newClient(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			io.WriteString(conn, "* OK ready\r\n")
			conn.Close()
		}
	}()
	conn := c.connect(&server{port: uint16(listener.Addr().(*net.TCPAddr).Port)})
	_, err = conn.Write([]byte("x"))
	if err == nil || errors.Is(err, ErrAsk) || conn.Verdict() != nil {
		t.Fatal(err)
	}
}

func TestAHandshakeEndsAtItsDeadline(t *testing.T) {
	c := newClient(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn := c.connect(&server{port: uint16(listener.Addr().(*net.TCPAddr).Port)})
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err == nil {
		t.Fatal("a silent server was accepted")
	}
	if _, err := conn.Write([]byte("x")); err == nil {
		t.Fatal("wrote to it afterwards")
	}
}

func TestAVerdictExplainsItself(t *testing.T) {
	c := newClient(t)
	conn := c.connect(serve(t, selfSigned(t, newKey(t))))
	defer conn.Close()
	if err := conn.HandshakeContext(context.Background()); !errors.Is(err, ErrAsk) {
		t.Fatal(err)
	}
	verdict := conn.Verdict()
	for _, line := range strings.Split(verdict.Text(72), "\n") {
		if len([]rune(line)) > 72 {
			t.Errorf("longer than 72: %q", line)
		}
	}
	text, err := verdict.JSON()
	var fields struct{ Host, Decision, Pin string }
	if err != nil || json.Unmarshal(text, &fields) != nil {
		t.Fatal(err, string(text))
	}
	if fields.Host != testHost || fields.Decision != "ask" || fields.Pin != "first-use" {
		t.Fatalf("%+v", fields)
	}
	if verdict.ID() == "" || verdict.Headline() == "" || verdict.Line() == "" || strings.Contains(verdict.Line(), "\n") || len(verdict.Statements(SectionProblem)) == 0 {
		t.Fatal("no id, headline or problem")
	}
	for _, statement := range verdict.Statements(SectionAdvice) {
		if statement.Code == "" || statement.Text == "" {
			t.Fatalf("%+v", statement)
		}
	}
}

func TestDialReturnsTheOpenConnectionOfAQuestion(t *testing.T) {
	c := newClient(t)
	s := serve(t, selfSigned(t, newKey(t)))
	conn, err := Dial(context.Background(), c.store, "127.0.0.1", s.port, c.options())
	if !errors.Is(err, ErrAsk) || conn == nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Trust(nil); err != nil {
		t.Fatal(err)
	}
	echoes(t, conn)
}

func TestVersionIsThatOfTheLibrary(t *testing.T) {
	if len(strings.Split(Version(), ".")) != 3 {
		t.Fatal(Version())
	}
}
