//! English templates of verdicts: headlines, reasons, meanings and advice, for somebody who reads
//! mail. Rules of style: say what was checked and what was not; never reassure beyond that
//! (docs/pitfalls.md#34); say what to do in the words of a mail program's settings.

pub(super) const TEMPLATES: &[(&str, &str)] = &[
    // Headlines.
    ("headline-ca-valid", "The certificate of {host} is valid for this name; it was issued under {authority}."),
    (
        "headline-new-issuer",
        "{host} has a new key in a valid certificate from another authority than before: {authority}.",
    ),
    (
        "headline-upgrade",
        "{host} was known by its key alone and now presents another key in a valid certificate, issued under {authority}.",
    ),
    ("headline-dane", "{host} presents the certificate that its domain's DNS records announce."),
    ("headline-pinned", "{host} presents the key that was trusted for it on {trusted-on}."),
    (
        "headline-pinned-issuer",
        "{host} presents a certificate issued under the private authority that was trusted for it on {trusted-on}.",
    ),
    (
        "headline-pinned-name",
        "{host} presents a valid certificate for the other name that was trusted for it on {trusted-on}.",
    ),
    ("headline-session", "{host} presents the key that was trusted for this session."),
    ("headline-overlap", "{host} presents its old key, which still counts for a short time after its replacement."),
    ("headline-staged", "{host} presents the next key, which was announced beforehand."),
    ("headline-sibling", "{host} presents the same key that was trusted for {elsewhere}."),
    (
        "headline-first-use-accepted",
        "First contact with {host}: its key was trusted because it is the first one seen. No authority vouches for it.",
    ),
    (
        "headline-first-contact",
        "First contact with {host}, and nothing that this device trusts vouches for its certificate.",
    ),
    (
        "headline-first-contact-issued",
        "First contact with {host}. An authority that this device trusts issued its certificate, but something is wrong with it.",
    ),
    (
        "headline-other-service",
        "What answers for {host} presents a certificate that is for {host} as a server of {services} only.",
    ),
    (
        "headline-no-name",
        "What answers for {host} presents a certificate of a trusted authority that cannot be for any server.",
    ),
    ("headline-other-name", "What answers for {host} presents a certificate for another name: {names}."),
    (
        "headline-known-before",
        "{host} was known until {known-until} and was then forgotten, so its key cannot be compared.",
    ),
    ("headline-changed", "The key of {host} has changed since it was last seen on {last-seen}."),
    ("headline-changed-unseen", "{host} presents another key than the one that was trusted for it."),
    (
        "headline-second-key",
        "{host} presents another key than the one trusted on {trusted-on}, which it still proves on a second connection.",
    ),
    ("headline-rolled-over", "{host} has a new key, in a certificate that the old key signed."),
    (
        "headline-new-problem",
        "{host} presents what was trusted for it, but something is wrong that was not so when it was trusted.",
    ),
    ("headline-pin-expired", "The trust that was given to the key of {host} ended on {pin-ended}."),
    ("headline-key-retired", "{host} presents an old key again that was replaced on {pin-ended}."),
    ("headline-key-masked", "{host} presents a key of the system's store that was set aside here on {pin-ended}."),
    ("headline-lapsed", "The certificate of {host} expired {expired-days} ago. The key is the one known."),
    ("headline-no-longer-valid", "{host} presents its known key in a certificate that is no longer valid."),
    ("headline-lapsed-newer", "{host} presents a newer certificate than the known one, and it has expired already."),
    (
        "headline-downgrade",
        "{host} was vouched for until {validated-until}; what answers now presents another key that nothing vouches for.",
    ),
    (
        "headline-downgrade-not-valid",
        "{host} was vouched for until {validated-until}; what answers now presents another key, in a certificate that is not valid for it.",
    ),
    (
        "headline-downgrade-known-key",
        "{host} was vouched for until {validated-until}; what answers now presents a key known from before, which is no longer vouched for.",
    ),
    (
        "headline-other-program",
        "Another program on this computer accepts the certificate of {host} through the authority {authority}, which this program does not know.",
    ),
    (
        "headline-left-authority",
        "{host} was accepted through an authority that a person trusted for it; what answers now presents another key, and its certificate does not lead to that authority.",
    ),
    (
        "headline-left-authority-same-key",
        "{host} was accepted through an authority that a person trusted for it; what answers now presents the same key in a certificate that does not lead to that authority.",
    ),
    (
        "headline-left-name",
        "{host} was accepted under another name that a person trusted for it; what answers now presents another key, in a certificate that is not valid for that name.",
    ),
    (
        "headline-left-name-same-key",
        "{host} was accepted under another name that a person trusted for it; what answers now presents the same key, in a certificate that is not valid for that name.",
    ),
    (
        "headline-left-program",
        "{host} was accepted until {validated-until} through an authority that a program had added; what answers now presents another key, and its certificate does not lead to that authority.",
    ),
    (
        "headline-left-program-same-key",
        "{host} was accepted until {validated-until} through an authority that a program had added; what answers now presents the same key in a certificate that does not lead to that authority.",
    ),
    (
        "headline-not-pinned",
        "{host} presents a valid certificate with a key that was accepted before, but only pinned keys count here, and this one is not pinned.",
    ),
    ("headline-trust-ended", "{host} presents a key that was accepted before, and no trust covers it any more."),
    (
        "headline-other-certificate",
        "{host} presents another certificate than the one that was trusted for it. The key is the same.",
    ),
    (
        "headline-other-authority",
        "{host} presents a certificate that does not lead to the authority that was trusted for it.",
    ),
    (
        "headline-not-the-pinned-name",
        "{host} presents a certificate that is not valid for the other name that was trusted for it.",
    ),
    (
        "headline-first-contact-not-pinned",
        "First contact with {host}. Its certificate is valid, but only pinned keys count here, and none is pinned.",
    ),
    ("headline-blocked", "What answers for {host} presents a key or certificate that was blocked."),
    ("headline-compromised", "What answers for {host} presents a key that is known to be in other hands."),
    ("headline-revoked", "The certificate of {host} was revoked by the authority that issued it."),
    ("headline-tlsa-mismatch", "The certificate of {host} is none of those that its domain's DNS records announce."),
    ("headline-bad-key", "The key of {host} is of no use: anybody could stand in for this server."),
    ("headline-not-ca-valid", "The certificate of {host} is not valid, and only valid certificates are allowed here."),
    (
        "headline-policy-unknown",
        "The rules set for {host} were written by a newer version and are not understood here.",
    ),
    ("headline-published-key", "The private key of {host} is public: anybody can impersonate this server."),
    ("headline-objection", "{host} presents a key that was refused for another server: {objection}."),
    // Reasons: what led to the decision.
    ("policy-unknown", "The policy of this server holds a field that this version does not know."),
    ("blocked", "The key or certificate, or one it depends on, is on the list of blocked ones."),
    ("key-compromised", "The key was retired because its private half is in other hands."),
    ("revoked-by-issuer", "The authority that issued the certificate says that it is revoked."),
    ("server-key-unreadable", "The server's key cannot be read, so nothing can be checked with it."),
    ("key-too-small", "The server's RSA key is smaller than the smallest that is accepted."),
    ("tlsa-mismatch", "The domain's TLSA records, validated by DNSSEC, name another certificate or key."),
    ("not-ca-valid", "The policy lets nothing but a valid certificate from a trusted authority count."),
    ("pin-matches", "It matches what was trusted for this server on {trusted-on}."),
    ("session-trust", "It was trusted for this session only; that is not kept."),
    ("overlap", "The key was replaced on {pin-ended} and still counts for the agreed overlap."),
    ("pin-new-problem", "It matches what was trusted on {trusted-on}, but not every problem was accepted then."),
    ("pin-expired", "The trust in this key ended on {pin-ended}."),
    ("key-retired", "The key was replaced on {pin-ended}, and a replaced key is not taken back unasked."),
    (
        "key-masked",
        "A store of the system trusts this key, and a person decided on {pin-ended} that it counts no more here.",
    ),
    ("system-pin", "The pin is one of the system's store {system-store}."),
    ("system-block", "It is blocked by the system's store {system-store}; whoever manages that can lift it."),
    ("dane-ee", "A TLSA record validated by DNSSEC names this key or certificate; names and dates were not examined."),
    ("dane-ta", "A TLSA record validated by DNSSEC names the authority above this certificate."),
    ("ca-valid", "The certificate is valid for this name under {authority}."),
    ("upgrade-begins", "The server was trusted by its key and now has a valid certificate with another key."),
    ("upgrade-continues", "The change to a valid certificate is being watched; the old key is still trusted."),
    ("upgrade-confirmed", "The change to a valid certificate has lasted; the old key is no longer trusted."),
    ("upgrade-cancelled", "The known key came back; the valid certificate with another key no longer counts as known."),
    ("staged-key-arrived", "It is the next key, announced on {trusted-on}."),
    ("lapsed", "The certificate was valid until it expired, and the key is the same."),
    ("lapsed-newer-key", "The certificate is newer than every known one, was valid, and expired a short time ago."),
    ("no-longer-valid", "The key is the one known, but its certificate is no longer valid."),
    ("downgrade", "This server was vouched for until {validated-until}, and now it is not."),
    ("not-vouched-again", "What vouched for this server before does not vouch for what it presents now."),
    ("other-program", "The certificate leads to the authority that vouched for this server in another program."),
    ("not-pinned", "The policy lets nothing but pins count, and no pin trusts this server."),
    ("first-contact-not-pinned", "Nothing is known of this server, and the policy lets nothing but pins count."),
    ("trust-ended", "The key was accepted before; the trust that it rested on was taken back."),
    ("other-certificate", "One certificate was trusted here, and this is another one for the same key."),
    ("other-authority", "An authority was trusted for this server, and this certificate does not lead to it."),
    ("not-the-pinned-name", "Another name was trusted for this server, and this certificate is not valid for it."),
    ("anchors-left", "Every authority that vouched for this server before is gone from this device's list."),
    ("change-expected", "A change was announced for this time."),
    ("key-changed", "The server is known with another key."),
    ("sibling-key", "The same key was trusted by a person for {elsewhere}."),
    ("first-contact", "Nothing is known of this server."),
    ("first-use-accepted", "The policy accepts the first key that a server presents."),
    (
        "made-at-start",
        "The certificate is valid for a few days at most and signed by its own key, as servers make them for themselves when they start.",
    ),
    ("known-before", "The server was known before, so this is no ordinary first contact."),
    ("policy-rejects", "The policy does not ask in this case."),
    ("existing-account", "The account exists already; certificates are accepted by hand only while it is set up."),
    ("possession-unproven", "No handshake proved that the server holds this key, so this is for display only."),
    ("cannot-remember", "To accept this unasked means to remember it, and nothing is written now."),
    ("pending-full", "No question was left for later: too many are waiting. Answer some, or put them aside."),
    ("not-remembered", "This could not be recorded, because the store could not be written."),
    ("ca-unavailable", "The list of trusted authorities could not be loaded."),
    ("clock-wrong", "The clock of this device shows {now}, which cannot be right."),
    ("interception-hint", "Several servers changed their keys within a day."),
    ("contradicted", "The known key was seen again after this one had first appeared."),
    ("host-ca-valid-elsewhere", "The same host is known with a valid certificate on another port or account."),
    ("host-other-key-elsewhere", "The same host is known with another key on another port or account."),
    ("key-trusted-on-sibling", "This key is already trusted for {elsewhere}."),
    ("key-published", "The private key comes with {package}, so everybody who has that has it too."),
    (
        "published-key-loopback",
        "The private key is published with {package}; on this device's own address that guards against nobody else.",
    ),
    ("key-blocked-elsewhere", "This key, or one that its certificate depends on, was {objection}."),
    (
        "key-compromised-elsewhere",
        "This key, or one that its certificate depends on, was {objection}: its private half is in other hands.",
    ),
    ("key-replaced-elsewhere", "This key was replaced: {replaced}. It is no longer trusted there."),
    ("key-known-elsewhere", "This key is known from {elsewhere}."),
    ("may-be-a-farm", "Several keys were seen in turn: the server may be a group of machines."),
    ("same-key", "The key is the same as before; only the certificate is new."),
    ("validated-path", "The new certificate is vouched for like the old one."),
    ("new-issuer", "No authority that vouched for this server in the last 400 days vouches for it now."),
    ("signed-by-old-key", "The old key signed the new certificate."),
    ("old-was-due", "The old certificate had to be replaced about now."),
    ("old-not-due", "The old certificate did not have to be replaced yet."),
    ("old-unknown", "The old certificate was not kept, so the two cannot be compared."),
    ("weaker-key", "The new key is weaker than the old one."),
    ("names-lost", "The new certificate leaves out names that the old one had."),
    ("other-name", "The old certificate was for this host, and the new one is not."),
    ("other-algorithm", "The new key is of another kind than the old one."),
    (
        "known-key-still-proven",
        "Asked on a second connection for other kinds of keys, the server still proves the key trusted on {trusted-on}: it holds a second certificate.",
    ),
    (
        "known-key-not-proven",
        "Asked on a second connection for other kinds of keys, the server did not prove a known one.",
    ),
    // What it means.
    (
        "meaning-ca-valid",
        "An authority on this device's list says that this key belongs to {host}. Whether {host} is the right server is not checked by this.",
    ),
    (
        "meaning-new-issuer",
        "Providers do change authorities. So does the certificate when somebody on the way stands in with one issued by mistake or by a company's or antivirus program's own authority.",
    ),
    (
        "meaning-upgrade",
        "Usually the provider has obtained a proper certificate. Until this has lasted two weeks the old key stays trusted beside it; if the old key comes back, this change is undone.",
    ),
    ("meaning-dane", "The domain's owner published this in DNS, and the caller states that DNSSEC validated it."),
    ("meaning-pinned-and-valid", "It is the key known from before, and an authority vouches for it as well."),
    (
        "meaning-pinned",
        "It is the server known from before, as far as its key shows. No authority vouches for who it is; that rests on the trust given then.",
    ),
    (
        "meaning-first-use-accepted",
        "If an attacker stood between you and the server at this first contact, it is the attacker's key that was trusted.",
    ),
    (
        "meaning-first-contact",
        "It may be the right server with a certificate of its own making, as many mail servers have, or an attacker between you and the server. The certificate alone cannot tell the two apart.",
    ),
    (
        "meaning-first-contact-private",
        "It may be the right server with a certificate from its organisation's own authority, or an attacker between you and the server. The certificate alone cannot tell the two apart.",
    ),
    (
        "meaning-first-contact-incomplete",
        "Without the missing certificate nobody can tell whose this one is: it may be the right server whose operator forgot to send it, one with an authority of its own, or an attacker between you and the server.",
    ),
    (
        "meaning-first-contact-issued",
        "It may be the right server with a mistake in its certificate. It can also be an attacker between you and the server with a certificate that was issued for something else.",
    ),
    (
        "meaning-missing-intermediate",
        "An operator who renews a certificate and forgets to send the authority's certificate with it causes the same. So can an attacker, who may write any authority's name.",
    ),
    (
        "meaning-made-at-start",
        "This server seems to make itself a new certificate, with a new key, each time it starts. Trust in such a key cannot last, and after a restart nobody can tell the server from an attacker in its place.",
    ),
    (
        "meaning-other-service",
        "The certificate speaks for one service of {host} and for nothing else there. If that service is what answers here, the certificate is right for it.",
    ),
    (
        "meaning-no-name",
        "Usually somebody wrote the server's name into the certificate in a form that does not count. It can also be an attacker between you and the server with a certificate that was issued for something else.",
    ),
    (
        "meaning-other-name",
        "Usually the provider serves many domains under one name of its own. It can also be a network's login page, or an attacker between you and the server with a certificate of their own.",
    ),
    (
        "meaning-known-before",
        "What was known was removed by somebody who uses this device. The key presented now may be the same as then or another.",
    ),
    (
        "meaning-changed",
        "Either the server was given a new key, or an attacker between you and the server presents their own. An ordinary renewal looks the same as an attack here: only the server's operator can tell.",
    ),
    (
        "meaning-second-key",
        "Servers can hold certificates with keys of different kinds, and show each program the kind that it prefers. An attacker between you and the server could let the second connection through, though, so this does not prove that the other key is the server's.",
    ),
    (
        "meaning-rolled-over",
        "Whoever holds the old key made this certificate. That is usually the operator, replacing the key; it is also what a thief of the old key could do.",
    ),
    (
        "meaning-published-key",
        "The key comes with {package} and is the same for everybody. An attacker between you and the server who has it could read your password and mail.",
    ),
    (
        "meaning-objection",
        "Somebody refused this key for another server. Whoever has its private half could stand in for this server too.",
    ),
    ("meaning-new-problem", "The trust given before covers only the problems that were shown then."),
    ("meaning-pin-expired", "Trust was given for a limited time only, and it is over. The key has not changed."),
    (
        "meaning-key-masked",
        "The key is the one that the system's store knows. Accepting it means to trust again what was set aside.",
    ),
    (
        "meaning-key-retired",
        "A replaced key should not come back. Old hardware may have been put back to work, or somebody has got hold of the old key.",
    ),
    (
        "meaning-farm",
        "Several machines with keys of their own behind one name look like this; so does somebody who is in between only now and then.",
    ),
    (
        "meaning-lapsed",
        "Most likely the provider forgot to renew in time. The key is the one that was valid before; whether it has been stolen since cannot be seen.",
    ),
    (
        "meaning-lapsed-newer",
        "Most likely the provider renewed once while this device was away, and then forgot to renew in time. The key is not the one known.",
    ),
    (
        "meaning-no-longer-valid",
        "The server holds the key that was valid before, so this is unlikely to be a stranger; but the checks that it passed then, it fails now.",
    ),
    (
        "meaning-downgrade",
        "A server that had a valid certificate does not usually lose it for another key. An attacker between you and the server looks exactly like this.",
    ),
    (
        "meaning-not-vouched-again",
        "Either the server's operator has replaced the certificate or its authority, or an attacker between you and the server presents their own. Only the operator can tell.",
    ),
    (
        "meaning-other-program",
        "The two programs do not trust the same authorities: this program was never told that {authority} may vouch for the server. Whether that is right is not checked by this.",
    ),
    (
        "meaning-not-pinned",
        "An authority on this device's list vouches for the name. The policy in force lets only keys count that were pinned beforehand.",
    ),
    (
        "meaning-trust-ended",
        "The server holds the key that it held before. That trust was taken back on this device, so it has to be given again or withheld.",
    ),
    (
        "meaning-other-certificate",
        "The server was given a new certificate for its old key, as with a renewal. Only the one certificate was trusted, so this has to be asked about.",
    ),
    (
        "meaning-anchors-left",
        "This happens when an antivirus program or a company's proxy that stood in between was removed, or when an authority lost the trust of this system. It can also be an attack.",
    ),
    ("meaning-blocked", "Somebody decided that this key or certificate must never be accepted."),
    (
        "meaning-never-waivable",
        "This cannot be accepted by anybody's word, because the connection would protect nothing.",
    ),
    ("meaning-ca-only", "The policy in force does not know any exception."),
    ("meaning-policy-unknown", "To ignore rules that are not understood could allow what they forbid."),
    (
        "meaning-interception",
        "When many servers change at once, something between this device and the network is the likely cause: an attacker, a company's proxy, a network's login page, or an antivirus program that reads mail.",
    ),
    (
        "meaning-clock-wrong",
        "With a wrong clock, dates of certificates cannot be judged; they were held against a later date.",
    ),
    // What to do.
    ("advice-set-clock", "Set the date and time of this device, and try again."),
    ("advice-look-at-change", "If this change is unexpected, ask the provider before sending anything important."),
    (
        "advice-compare-later",
        "Compare the fingerprint with the one that the provider publishes, when there is occasion.",
    ),
    ("advice-store-not-writable", "Make the store writable, so that later changes can be noticed."),
    ("advice-connect", "Connect to the server to have its key proven."),
    (
        "advice-no-session",
        "No connection to this server is possible, so its key cannot be proven. Only its operator can change that.",
    ),
    (
        "advice-cannot-prove",
        "No connection made by this library can prove this key: it verifies no handshake with a key of the kind {key}. The server's operator can add a certificate with an RSA or ECDSA key.",
    ),
    (
        "advice-set-server-name",
        "Set the server name in the account's settings to the name that the provider gives, which may be {server-name}. Then the certificate can be checked in full.",
    ),
    ("advice-check-server-name", "Check the server name in the account's settings: the certificate is for {settable}."),
    (
        "advice-service-name",
        "If {services} is spoken here, check the server as one of that kind (by its protocol or its usual port): the certificate is for {host} then.",
    ),
    (
        "advice-xmpp-domain",
        "Check the XMPP address: what follows its @ has to be a domain that the certificate is for ({names}). If the address is right, the server's operator has to get a certificate for {host}.",
    ),
    (
        "advice-names-unusable",
        "No server name fits this certificate. The server's operator has to get one that is for {host}.",
    ),
    (
        "advice-missing-intermediate",
        "The server does not send the certificate of {missing}. If that is a public authority, the server's operator has to add it to what the server sends, which is easily forgotten after a renewal; if it is the organisation's own, its operator can hand it out.",
    ),
    ("advice-expired", "The server's operator has to renew the certificate."),
    ("advice-check-clock", "Check the date and time of this device."),
    (
        "advice-name-in-cn",
        "The server's operator has to get a certificate that holds {host} among its alternative names.",
    ),
    ("advice-wrong-usage", "The server's operator has to install a certificate that may be used by servers."),
    ("advice-weak", "The server's operator has to get a certificate with a stronger key and signature."),
    ("advice-operator", "Only the server's operator can mend what is wrong with the certificates."),
    (
        "advice-once",
        "If the fingerprint is the one that the operator gives, trust it for this connection only. The operator can end these questions by giving the server a certificate that it keeps.",
    ),
    (
        "advice-name-pin",
        "If the provider confirms it, certificates for {name} (this one has {others}) can be accepted for {host}.",
    ),
    (
        "advice-wait-for-renewal",
        "If it can wait, try again tomorrow. Trust given now ends after a few days, or as soon as the certificate is renewed.",
    ),
    ("advice-renew-trust", "Trust it again if the reasons for the first time still hold."),
    (
        "advice-new-problem",
        "Trust it only if the provider confirms what is new; the new problems will then be accepted for this server too.",
    ),
    (
        "advice-published-key",
        "Tell the operator of the server to make a key of its own, and do not log in until then. Only its full fingerprint, typed in, is taken as a yes.",
    ),
    ("advice-objection", "Do not trust it unless you know why the key was refused there and why it is right here."),
    ("advice-confirm-change", "Ask the provider whether this change was made. If it was, accept it."),
    (
        "advice-do-not-trust",
        "Do not trust it now. Try another network, and compare the fingerprint with the provider's over the telephone or its web page.",
    ),
    (
        "advice-compare-fingerprint",
        "Compare the SHA-256 fingerprint below with one from the provider: its web page, a letter, or the telephone. Trust it only if they are equal.",
    ),
    ("advice-ask-provider", "Ask the provider whether the key was replaced, and when."),
    (
        "advice-issuer-pin",
        "If this is the organisation's own authority, trusting the issuer {authority} covers its later renewals for this server, until the authority's own certificate ends on {issuer-ends}.",
    ),
    (
        "advice-issuer-pin-short",
        "Trusting the issuer {authority} covers later renewals for this server only until the authority's own certificate ends on {issuer-ends}. If it is the organisation's own, ask for the certificate of {issuer-above} above it, which usually lasts longer, and add that to the trusted authorities.",
    ),
    (
        "advice-add-key",
        "If the provider confirms that several machines share this name, add this key beside the known ones instead of replacing them.",
    ),
    (
        "advice-add-second-key",
        "If the fingerprint is right, add this key beside the known one instead of replacing it: other programs are shown that one.",
    ),
    (
        "advice-look-again",
        "A server can hold certificates with keys of different kinds and show each program the kind that it prefers. To find out whether this one still proves the known key: tofuctl check {server}",
    ),
    (
        "advice-pinned-only",
        "Accepting takes the certificate as seen. Pinning the key instead means that every later renewal with another key will be asked about.",
    ),
    (
        "advice-share-authority",
        "If {authority} is the authority of the organisation that runs this server, add it to the authorities of this program, or to the policy of the store, which every program has.",
    ),
    ("advice-no-password", "Do not enter a password for this connection."),
    ("advice-update", "Update the program that uses this library, or reset the rules of this server."),
    ("advice-unblock", "If it was blocked by mistake, whoever manages the store can lift that."),
    (
        "advice-way-back",
        "If the provider confirms the new certificate, type in its full SHA-256 fingerprint as the provider gives it, or announce the change beforehand.",
    ),
    (
        "advice-existing-account",
        "Check the account's settings. A certificate can be accepted only while setting an account up.",
    ),
    (
        "advice-announce",
        "The policy in force asks nobody here. If the provider confirms the fingerprint, announce it beforehand as the next key of {host}; the next contact then takes it.",
    ),
    ("advice-tell-provider", "Tell the provider; there is nothing to be accepted here."),
];
