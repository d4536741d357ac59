// Command imap is a small IMAP client that asks libtofu whom it is talking to: bindings/c/tofu-imap.c in Go, with the
// same options and exit statuses (0 trusted and done, 1 error, 2 usage, 3 not answered with yes, 4 rejected).
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
	flag.StringVar(&o.cafile, "cafile", "", "trust these roots as well (PEM)")
	flag.BoolVar(&o.noSystemRoots, "no-system-roots", false, "do not trust the system's roots")
	flag.Int64Var(&o.at, "at", 0, "judge at this time, in seconds since the epoch, instead of now")
	flag.StringVar(&o.connect, "connect", "", "connect there; HOST remains the name that is checked")
	flag.StringVar(&o.answer, "answer", "", "answer a question with yes, no or a fingerprint, for want of a terminal")
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

// checkOptions makes a policy only where an option asks for one, so that the store's own is used otherwise.
func (o *options) checkOptions() (tofu.CheckOptions, error) {
	check := tofu.CheckOptions{Account: o.account}
	if o.at != 0 {
		check.Time = time.Unix(o.at, 0)
	}
	if o.cafile == "" && !o.noSystemRoots {
		return check, nil
	}
	policy, err := tofu.NewPolicy("default")
	if err != nil {
		return check, err
	}
	if o.noSystemRoots {
		if err := policy.Set("system-roots", "no"); err != nil {
			return check, err
		}
	}
	if o.cafile != "" {
		pem, err := os.ReadFile(o.cafile)
		if err != nil {
			return check, err
		}
		if err := policy.AddRoot(pem); err != nil {
			return check, err
		}
	}
	check.Policy = policy
	return check, nil
}

func (o *options) open(ctx context.Context, store *tofu.Store) (*tofu.Conn, error) {
	check, err := o.checkOptions()
	if err != nil {
		return nil, err
	}
	address := o.host
	if o.connect != "" {
		address = o.connect
	}
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(address, strconv.Itoa(int(o.port))))
	if err != nil {
		return nil, err
	}
	return tofu.Client(raw, store, o.host, o.port, &tofu.Options{CheckOptions: check}), nil
}

// question asks where somebody can answer; a program that cannot ask takes the answer to be no.
func (o *options) question(firstUse bool) string {
	if firstUse {
		fmt.Print("Trust this server from now on? [yes, no, or the fingerprint you were told] ")
	} else {
		fmt.Print("To accept this all the same, type the new fingerprint in full; anything else is no: ")
	}
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

// ask stores a yes. At first contact a plain yes will do; whatever contradicts what was known is taken only for the
// typed fingerprint, which libtofu compares.
func (o *options) ask(conn *tofu.Conn) int {
	firstUse := conn.Verdict().FirstUse()
	answer := o.question(firstUse)
	trust := &tofu.TrustOptions{Typed: answer, Comment: "answered in examples/imap"}
	switch {
	case answer == "", strings.EqualFold(answer, "no"):
		return exitAsk
	case strings.EqualFold(answer, "yes"):
		if !firstUse {
			return exitAsk
		}
		trust.Typed = ""
	}
	if err := conn.Trust(trust); err != nil {
		fmt.Fprintln(os.Stderr, "imap: not trusted:", err)
		return exitAsk
	}
	return exitTrusted
}

// judge finishes the handshake and decides; exitTrusted means go ahead.
func (o *options) judge(ctx context.Context, conn *tofu.Conn) int {
	err := conn.HandshakeContext(ctx)
	result := exitTrusted
	switch {
	case errors.Is(err, tofu.ErrAsk):
		fmt.Println(conn.Verdict().Text(80))
		result = o.ask(conn)
	case errors.Is(err, tofu.ErrReject):
		fmt.Println(conn.Verdict().Text(80))
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
	conn.SetDeadline(time.Now().Add(dialogueTimeout))
	session := &session{conn: conn, lines: bufio.NewReaderSize(conn, maxLine)}
	if err := session.run(conn.Verdict().MaySendCredentials()); err != nil {
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
