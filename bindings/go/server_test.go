package tofu

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

const testHost = "mail.example.org"

// authority signs test certificates; all of them are made at the test's own time.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func template(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(90 * 24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{name},

		BasicConstraintsValid: true,
	}
}

func sign(t *testing.T, cert, issuer *x509.Certificate, key, issuerKey *ecdsa.PrivateKey) tls.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, cert, issuer, &key.PublicKey, issuerKey)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key := newKey(t)
	root := template("Private Root")
	root.IsCA, root.DNSNames, root.ExtKeyUsage, root.KeyUsage = true, nil, nil, x509.KeyUsageCertSign
	signed := sign(t, root, root, key, key)
	cert, err := x509.ParseCertificate(signed.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return &authority{key, cert}
}

func (a *authority) issue(t *testing.T) tls.Certificate {
	t.Helper()
	return sign(t, template(testHost), a.cert, newKey(t), a.key)
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// staple is the authority's OCSP response (RFC 6960) about the certificate: good or revoked.
func (a *authority) staple(t *testing.T, cert tls.Certificate, revoked bool) []byte {
	t.Helper()
	marshal := func(value interface{}, params string) []byte {
		der, err := asn1.MarshalWithParams(value, params)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	var key struct {
		Algorithm pkix.AlgorithmIdentifier
		Bits      asn1.BitString
	}
	if _, err := asn1.Unmarshal(a.cert.RawSubjectPublicKeyInfo, &key); err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Second)
	state := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0}
	if revoked {
		at := marshal(now.Add(-time.Hour), "generalized")
		state = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: at}
	}
	type certID struct {
		Hash      pkix.AlgorithmIdentifier
		Name, Key []byte
		Serial    *big.Int
	}
	type single struct {
		ID    certID
		State asn1.RawValue
		This  time.Time `asn1:"generalized"`
		Next  time.Time `asn1:"generalized,explicit,tag:0"`
	}
	name, id := sha1.Sum(a.cert.RawSubject), sha1.Sum(key.Bits.Bytes)
	tbs := marshal(struct {
		Responder []byte    `asn1:"explicit,tag:2"`
		Produced  time.Time `asn1:"generalized"`
		Responses []single
	}{id[:], now, []single{{
		ID: certID{pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, Parameters: asn1.NullRawValue},
			name[:], id[:], leaf.SerialNumber},
		State: state, This: now, Next: now.Add(24 * time.Hour),
	}}}, "")
	digest := sha256.Sum256(tbs)
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	basic := marshal(struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{asn1.RawValue{FullBytes: tbs}, pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}},
		asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}}, "")
	type responseBytes struct {
		Type  asn1.ObjectIdentifier
		Basic []byte
	}
	return marshal(struct {
		Status asn1.Enumerated
		Bytes  responseBytes `asn1:"explicit,tag:0"`
	}{0, responseBytes{asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}, basic}}, "")
}

func selfSigned(t *testing.T, key *ecdsa.PrivateKey) tls.Certificate {
	t.Helper()
	cert := template(testHost)
	return sign(t, cert, cert, key, key)
}

func fingerprint(cert tls.Certificate) string {
	sum := sha256.Sum256(cert.Certificate[0])
	return hex.EncodeToString(sum[:])
}

// server echoes application data and counts what it received of it.
type server struct {
	port     uint16
	received int64
	accepted int64
}

func (s *server) got() int64 { return atomic.LoadInt64(&s.received) }

// listen serves until the test ends.
func listen(t *testing.T, config *tls.Config) *server {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	s := &server{port: uint16(listener.Addr().(*net.TCPAddr).Port)}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.echo(conn)
		}
	}()
	return s
}

func serve(t *testing.T, cert tls.Certificate) *server {
	t.Helper()
	return listen(t, &tls.Config{Certificates: []tls.Certificate{cert}})
}

func (s *server) echo(conn net.Conn) {
	defer conn.Close()
	buffer := make([]byte, 1024)
	atomic.AddInt64(&s.accepted, 1)
	for {
		n, err := conn.Read(buffer)
		atomic.AddInt64(&s.received, int64(n))
		if err != nil {
			return
		}
		if _, err := conn.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// client is one user's store and the port under which it knows the server. Servers come and go on their own ports.
type client struct {
	t     *testing.T
	store *Store
	root  *authority // always trusted, so that no test depends on the system's roots
	as    uint16
}

func newClient(t *testing.T) *client {
	t.Helper()
	store, err := OpenStore(filepath.Join(t.TempDir(), "tofu", "pins.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return &client{t: t, store: store, root: newAuthority(t), as: 993}
}

// options trust the client's root alone.
func (c *client) options() *Options {
	c.t.Helper()
	return &Options{CheckOptions: CheckOptions{
		AddRoots: [][]byte{c.root.pem()},
		Tighten:  map[string]string{"system-roots": "no"},
	}}
}

func (c *client) raw(s *server) net.Conn {
	c.t.Helper()
	raw, err := net.Dial("tcp", (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(s.port)}).String())
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { raw.Close() })
	raw.SetDeadline(time.Now().Add(20 * time.Second))
	return raw
}

// connect is a connection to the server under the name and port that the client knows.
func (c *client) connect(s *server) *Conn {
	c.t.Helper()
	return Client(c.raw(s), c.store, testHost, c.as, c.options())
}

// meet makes the server of cert known and trusted.
func (c *client) meet(cert tls.Certificate) *server {
	c.t.Helper()
	s := serve(c.t, cert)
	conn := c.connect(s)
	defer conn.Close()
	if err := conn.HandshakeContext(context.Background()); !isAsk(err) {
		c.t.Fatalf("first contact: %v", err)
	}
	if err := conn.Trust(nil); err != nil {
		c.t.Fatalf("trust: %v", err)
	}
	return s
}

// echoes says that application data goes there and back.
func echoes(t *testing.T, conn net.Conn) {
	t.Helper()
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatalf("write: %v", err)
	}
	buffer := make([]byte, 5)
	if n, err := conn.Read(buffer); err != nil || string(buffer[:n]) != "hello" {
		t.Fatalf("read: %q, %v", buffer[:n], err)
	}
}
