//! Ports by their names, as they stand in files of other programs. Programs ask the system for them
//! (`getservbyport`), and systems differ: the first name of 143 is `imap2` on Debian and `imap` elsewhere.

/// Names and ports (IANA, and what systems called them before).
const SERVICES: [(&str, u16); 24] = [
    ("ftp", 21),
    ("smtp", 25),
    ("http", 80),
    ("pop3", 110),
    ("nntp", 119),
    ("imap", 143),
    ("imap2", 143),
    ("ldap", 389),
    ("https", 443),
    ("submissions", 465),
    ("smtps", 465),
    ("ssmtp", 465),
    ("urd", 465),
    ("nntps", 563),
    ("submission", 587),
    ("ldaps", 636),
    ("ftps", 990),
    ("imaps", 993),
    ("pop3s", 995),
    ("sieve", 4190),
    ("xmpp-client", 5222),
    ("xmpp-server", 5269),
    ("postgresql", 5432),
    ("ircs-u", 6697),
];

/// The port that a number or a name stands for.
pub(super) fn port(text: &str) -> Option<u16> {
    let named = SERVICES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    named.map(|(_, port)| *port).or_else(|| text.parse().ok())
}

/// The names that a port has on one system or another.
pub(super) fn names(port: u16) -> impl Iterator<Item = &'static str> {
    SERVICES.iter().filter(move |(_, known)| *known == port).map(|(name, _)| *name)
}
