// Command imap is a small IMAP client that lets libtofu decide about the server. It is bindings/c/tofu-imap.c in Go, with
// the same options and exit statuses (0 trusted and done, 1 error, 2 usage, 3 not answered with yes, 4 rejected).
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"libtofu/tofu"
)

const (
	exitTrusted = 0
	exitError   = 1
	exitUsage   = 2
	exitAsk     = 3
	exitReject  = 4

	openTimeout     = 20 * time.Second
	dialogueTimeout = 30 * time.Second
	maxLine         = 8192
	maxLines        = 2000
)

type options struct {
	store, account, cafile, connect, answer string
	noSystemRoots                           bool
	at                                      int64
	host                                    string
	port                                    uint16
}

func parseOptions() (*options, error) {
	o := new(options)
	flag.StringVar(&o.store, "store", "", "the file of pins (default: the user's own)")
	flag.StringVar(&o.account, "account", "", "keep this account's pins apart")
	flag.StringVar(&o.cafile, "cafile", "", "trust the roots in this file as well; the policy in force stays in force")
	flag.BoolVar(&o.noSystemRoots, "no-system-roots", false, "do not trust the system's roots")
	flag.Int64Var(&o.at, "at", 0, "judge at this time, in seconds since the epoch, instead of now")
	flag.StringVar(&o.connect, "connect", "", "connect there; HOST remains the name that is checked")
	flag.StringVar(&o.answer, "answer", "", "answer every question with this (yes, no or a fingerprint) instead of asking: for tests")
	flag.Parse()
	if flag.NArg() != 1 {
		return nil, errors.New("one HOST[:PORT] is needed")
	}
	return o, o.target(flag.Arg(0))
}

// target takes HOST[:PORT], [ADDRESS]:PORT or a bare IPv6 address.
func (o *options) target(text string) error {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host, port = strings.Trim(text, "[]"), "993"
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 || host == "" {
		return fmt.Errorf("%q is no HOST[:PORT]", text)
	}
	o.host, o.port = host, uint16(number)
	return nil
}

// checkOptions adds to the policy that the user set for this server. A policy made here would take its place, and a
// "strict" of the user's would be lost.
func (o *options) checkOptions() tofu.CheckOptions {
	check := tofu.CheckOptions{Account: o.account, AddRootFile: o.cafile}
	if o.at != 0 {
		check.Time = time.Unix(o.at, 0)
	}
	if o.noSystemRoots {
		check.Tighten = map[string]string{"system-roots": "no"}
	}
	return check
}

func (o *options) open(ctx context.Context, store *tofu.Store) (*tofu.Conn, error) {
	address := o.host
	if o.connect != "" {
		address = o.connect
	}
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(address, strconv.Itoa(int(o.port))))
	if err != nil {
		return nil, err
	}
	return tofu.Client(raw, store, o.host, o.port, &tofu.Options{CheckOptions: o.checkOptions()}), nil
}

// read reads the user's answer; it is no if nobody can be asked.
func (o *options) read(question string) string {
	fmt.Print(question, " ")
	if o.answer != "" {
		fmt.Printf("%s   (given by -answer)\n", o.answer)
		return o.answer
	}
	if info, err := os.Stdin.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		fmt.Println("no   (nobody to ask: not a terminal)")
		return "no"
	}
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil {
		fmt.Println("no   (no answer)")
		return "no"
	}
	return strings.TrimRight(line, "\r\n")
}

// ask asks what the verdict says is to be asked; nil if the server is not to be trusted.
func (o *options) ask(verdict *tofu.Verdict) *tofu.TrustOptions {
	var question string
	switch verdict.Answer() {
	case tofu.AnswerYes:
		question = "Trust this server from now on? [yes, no, or the fingerprint you were told]"
	case tofu.AnswerFingerprint:
		question = "To trust this server all the same, type its full fingerprint; anything else is no:"
	default:
		return nil
	}
	trust := &tofu.TrustOptions{Typed: o.read(question), Comment: "answered in examples/imap"}
	if trust.Typed == "" || strings.EqualFold(trust.Typed, "no") {
		return nil
	}
	if verdict.Answer() == tofu.AnswerYes && strings.EqualFold(trust.Typed, "yes") {
		trust.Typed = ""
	}
	return trust
}

// judge finishes the handshake and decides; exitTrusted means go ahead. Trust records the answer and checks the same
// connection again: that check decides, with the answer and with everything else that is known by then.
func (o *options) judge(ctx context.Context, conn *tofu.Conn) int {
	err := conn.HandshakeContext(ctx)
	var open *tofu.VerdictError
	if errors.As(err, &open) {
		fmt.Println(open.Verdict.Text(80))
		if trust := o.ask(open.Verdict); trust != nil {
			if refused := conn.Trust(trust); refused != nil {
				fmt.Fprintln(os.Stderr, "imap: not trusted:", refused)
			}
			err = conn.HandshakeContext(ctx) // what the latest check says
		}
	}
	result := exitTrusted
	switch {
	case errors.Is(err, tofu.ErrAsk):
		result = exitAsk
	case errors.Is(err, tofu.ErrReject):
		result = exitReject
	case err != nil:
		fmt.Fprintf(os.Stderr, "imap: %s:%d: %v\n", o.host, o.port, err)
		return exitError
	}
	if result == exitTrusted {
		fmt.Println(conn.Verdict().Headline())
	} else {
		fmt.Println("Connection closed. Nothing was sent: no user name, no password, no command.")
	}
	return result
}

func run(o *options) int {
	store, err := tofu.OpenStore(o.store, nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, "imap: store:", err)
		return exitError
	}
	defer store.Close()
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	conn, err := o.open(ctx, store)
	if err != nil {
		fmt.Fprintf(os.Stderr, "imap: %s:%d: %v\n", o.host, o.port, err)
		return exitError
	}
	defer conn.Close()
	if result := o.judge(ctx, conn); result != exitTrusted {
		return result
	}
	if err := conn.SetDeadline(time.Now().Add(dialogueTimeout)); err != nil {
		fmt.Fprintf(os.Stderr, "imap: %s: %v\n", o.host, err)
		return exitError
	}
	session := &session{conn: conn, lines: bufio.NewReaderSize(conn, maxLine)}
	if err := session.run(); err != nil {
		fmt.Fprintf(os.Stderr, "imap: %s: %v\n", o.host, err)
		return exitError
	}
	return exitTrusted
}

func main() {
	o, err := parseOptions()
	if err != nil {
		fmt.Fprintln(os.Stderr, "imap:", err)
		flag.Usage()
		os.Exit(exitUsage)
	}
	os.Exit(run(o))
}
