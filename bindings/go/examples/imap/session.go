package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// session is the IMAP dialogue; it knows nothing about trust.
type session struct {
	conn  io.Writer
	lines *bufio.Reader
}

// line reads one line of at most maxLine bytes.
func (s *session) line() (string, error) {
	line, err := s.lines.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", fmt.Errorf("the server sent a line of more than %d bytes", maxLine)
	}
	return strings.TrimRight(string(line), "\r\n"), err
}

// show prints what the server said; %+q lets nothing but printable ASCII reach the terminal.
func show(line string) {
	quoted := fmt.Sprintf("%+q", line)
	fmt.Println("  S:", strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`))
}

// reply reads to the tagged answer or a continuation.
func (s *session) reply(tag string) error {
	for n := 0; n < maxLines; n++ {
		line, err := s.line()
		if err != nil {
			return err
		}
		show(line)
		switch {
		case strings.HasPrefix(line, "+"):
			return nil
		case strings.HasPrefix(line, tag+" "):
			if !strings.HasPrefix(strings.ToUpper(line[len(tag)+1:]), "OK") {
				return errors.New("the server said no")
			}
			return nil
		}
	}
	return fmt.Errorf("the server sent more than %d lines", maxLines)
}

func (s *session) send(text string) error {
	_, err := io.WriteString(s.conn, text)
	return err
}

func (s *session) command(tag, command string) error {
	fmt.Printf("  C: %s %s\n", tag, command)
	if err := s.send(tag + " " + command + "\r\n"); err != nil {
		return err
	}
	return s.reply(tag)
}

// login sends both values as literals (RFC 9051 section 4.3), so that any byte may occur in them.
func (s *session) login(user string) error {
	password, given := os.LookupEnv("TOFU_IMAP_PASSWORD")
	if !given {
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if err != nil {
			return errors.New("no password given")
		}
		password = strings.TrimRight(line, "\r\n")
	}
	fmt.Println("  C: a2 LOGIN (user name and password not shown)")
	steps := []string{
		fmt.Sprintf("a2 LOGIN {%d}\r\n", len(user)),
		fmt.Sprintf("%s {%d}\r\n", user, len(password)),
		password + "\r\n",
	}
	for _, step := range steps {
		if err := s.send(step); err != nil {
			return err
		}
		if err := s.reply("a2"); err != nil {
			return err
		}
	}
	return nil
}

// run reads the greeting, asks for CAPABILITY, with TOFU_IMAP_USER set logs in and lists, and logs out.
func (s *session) run() error {
	greeting, err := s.line()
	if err != nil {
		return err
	}
	show(greeting)
	if !strings.HasPrefix(strings.ToUpper(greeting), "* OK") {
		return errors.New("the server's greeting is not an IMAP greeting")
	}
	if err := s.command("a1", "CAPABILITY"); err != nil {
		return err
	}
	if user, given := os.LookupEnv("TOFU_IMAP_USER"); given {
		if err := s.login(user); err != nil {
			return err
		}
		if err := s.command("a3", `LIST "" "*"`); err != nil {
			return err
		}
	}
	return s.command("a4", "LOGOUT")
}
