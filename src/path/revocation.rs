//! Whether a list from the caller, signed by the issuer of a certificate on the path, revokes that
//! certificate. Only a verified "yes" is a problem, and every verified "yes" is one. A list that
//! cannot be used, or that cannot show that nothing is revoked, only gives a note; otherwise an
//! attacker could keep the user from their mail with a bad list. Uses no network.

use super::crl::{self, List};
use super::judge::called;
use super::ocsp;
use super::problem::{Problem, ProblemKind};
use super::signers::{Known, Target};
use crate::cert::{Cert, Name};
use crate::text::Statement;
use crate::time::{Timestamp, date};

/// Bytes of CRLs looked at, at most, in one examination.
const MAX_CRL_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of CRLs hashed, at most: a list is tried with several keys.
const MAX_HASHED: usize = 4 * MAX_CRL_BYTES;

/// Looks every certificate of the path up in the lists and, for the leaf, in the stapled response.
pub(super) fn check(
    known: &Known<'_, '_>,
    crls: &[Vec<u8>],
    staple: Option<&[u8]>,
    at: Timestamp,
    notes: &mut Vec<Statement>,
) -> Vec<Problem> {
    if crls.is_empty() && staple.is_none() {
        return Vec::new();
    }
    let targets = known.targets();
    let mut look = Look {
        targets: &targets,
        open_end: known.path.last().filter(|_| !known.valid).map(|node| node.cert.issuer()),
        at,
        hashed: MAX_HASHED,
        entries: Vec::new(),
        removals: Vec::new(),
        complete: Vec::new(),
    };
    look.lists(crls, notes);
    let mut found = look.standing();
    if let Some(staple) = staple {
        found.extend(stapled(staple, &targets, at, notes));
    }
    let of = |(place, target): (usize, &Target<'_>)| {
        let dates = found.iter().filter(|(revoked, _)| *revoked == place).map(|(_, when)| *when);
        // The earliest date known; one that is unknown says less than any other.
        let when = dates.min_by_key(|when| when.unwrap_or(Timestamp::MAX))?;
        Some(revoked(target, when))
    };
    targets.iter().enumerate().filter_map(of).collect()
}

/// The leaf's place among the targets and the date, where a stapled response says that it is revoked.
fn stapled(
    staple: &[u8],
    targets: &[Target<'_>],
    at: Timestamp,
    notes: &mut Vec<Statement>,
) -> Option<(usize, Option<Timestamp>)> {
    let leaf = targets.iter().enumerate().find(|(_, target)| target.element.index == Some(0));
    let answer = match leaf {
        Some((_, leaf)) => ocsp::check(staple, leaf, at),
        None => Err("it cannot be checked because the certificate of the authority is missing".to_owned()),
    };
    match answer {
        Ok(ocsp::Status::Revoked(when)) => leaf.map(|(place, _)| (place, when)),
        Ok(ocsp::Status::Good) => None,
        Err(reason) => {
            let mut note = Statement::new("staple-unusable").about(0);
            note.args.push(("reason", reason));
            notes.push(note);
            None
        }
    }
}

/// What the lists have said so far.
struct Look<'s, 'a> {
    targets: &'s [Target<'a>],
    /// Who issued the last certificate of a path that ends before an anchor.
    open_end: Option<&'a Name>,
    at: Timestamp,
    /// Bytes that may still be hashed.
    hashed: usize,
    entries: Vec<Listed>,
    removals: Vec<Removal>,
    /// Complete lists: for which target, and their number.
    complete: Vec<(usize, Vec<u8>)>,
}

/// An entry for a target.
struct Listed {
    target: usize,
    when: Option<Timestamp>,
    /// For one that is only on hold, the number of the list if that is known.
    hold: Option<Vec<u8>>,
}

/// A delta list takes a target off again that a list from `base` to `number` has on hold.
struct Removal {
    target: usize,
    base: Vec<u8>,
    number: Vec<u8>,
}

/// A list that was used: why it shows no more than what it revokes.
struct Used {
    limits: Vec<String>,
    /// For a delta list the targets and the number of the list that it adds to.
    delta: Option<(Vec<usize>, Vec<u8>)>,
}

impl Look<'_, '_> {
    /// Reads all lists, and notes which could not be used and which only for what they revoke.
    fn lists(&mut self, crls: &[Vec<u8>], notes: &mut Vec<Statement>) {
        let mut bytes = 0usize;
        let mut read = Vec::new();
        for der in crls {
            bytes = bytes.saturating_add(der.len());
            read.push(if bytes > MAX_CRL_BYTES { Err("it is over the size limit".to_owned()) } else { self.list(der) });
        }
        for (number, outcome) in (1usize..).zip(read) {
            let (code, reason) = match outcome {
                Err(reason) => ("crl-unusable", reason),
                Ok(used) => match self.limits(used) {
                    limits if limits.is_empty() => continue,
                    limits => ("crl-limited", limits.join("; ")),
                },
            };
            let mut note = Statement::new(code).arg("number", number.to_string());
            // The reason is fit to show.
            note.args.push(("reason", reason));
            notes.push(note);
        }
    }

    /// One list for every target. An error is why it says nothing here.
    fn list(&mut self, der: &[u8]) -> Result<Used, String> {
        if der.starts_with(b"-----BEGIN") {
            return Err("it is PEM text instead of DER".to_owned());
        }
        let mut list = List::read(der).ok_or("it cannot be read as a certificate revocation list")?;
        if list.attributes_only {
            return Err("it is about attribute certificates only".to_owned());
        }
        let (used, by_right) = self.verified_for(&list)?;
        self.take(&mut list, &used);
        let mut limits = self.limits_of(&list);
        if !by_right {
            limits.push("its issuer's certificate does not allow it to sign revocation lists".to_owned());
        }
        let number = list.number.unwrap_or(&[]).to_vec();
        let delta = list.base.map(|base| (used.clone(), base.to_vec()));
        if delta.is_none() {
            self.complete.extend(used.iter().map(|target| (*target, number.clone())));
        }
        Ok(Used { limits, delta })
    }

    /// The targets whose issuer signed the list, and whether all certificates of the keys that did so
    /// allow it.
    fn verified_for(&mut self, list: &List<'_>) -> Result<(Vec<usize>, bool), String> {
        let (mut used, mut by_right) = (Vec::new(), true);
        let mut error = match self.open_end {
            _ if list.indirect => "indirect lists, of other issuers, are not supported",
            Some(name) if name.reads_as(&list.issuer) => "its issuer's certificate is missing or cannot be checked",
            _ => "no authority of this chain issued it",
        }
        .to_owned();
        for (place, target) in self.targets.iter().enumerate() {
            let names = [target.element.cert.issuer(), target.issuer.subject()];
            if !names.iter().any(|name| name.reads_as(&list.issuer)) {
                continue;
            }
            match self.verified(list, target) {
                Ok(signer) => {
                    used.push(place);
                    by_right &= may_sign(signer);
                }
                Err(reason) => error = reason,
            }
        }
        if used.is_empty() { Err(error) } else { Ok((used, by_right)) }
    }

    /// The signer of a list of certificates that may speak for the issuer.
    fn verified<'t>(&mut self, list: &List<'_>, target: &Target<'t>) -> Result<&'t Cert, String> {
        let mut signers: Vec<&'t Cert> = target.signers().collect();
        signers.sort_by_key(|signer| matches!((signer.subject_key_id(), list.key_id), (Some(a), Some(b)) if a != b));
        let mut error = None;
        for signer in signers {
            let message = list.signed.tbs.whole;
            let left = self.hashed.checked_sub(message.len()).ok_or("checking it would cost too much")?;
            self.hashed = left;
            match signer.verifies(list.signed.algorithm, message, list.signed.signature) {
                Ok(true) => return Ok(signer),
                Ok(false) => {}
                Err(reason) => error = Some(reason),
            }
        }
        Err(error.unwrap_or_else(|| "its signature does not verify".to_owned()))
    }

    /// Takes down what the list says of the targets that it was verified for.
    fn take(&mut self, list: &mut List<'_>, used: &[usize]) {
        let (number, base) = (list.number.map(<[u8]>::to_vec), list.base.map(<[u8]>::to_vec));
        let in_time = late(list, self.at).is_none();
        let targets: Vec<(usize, &Target<'_>)> =
            used.iter().filter_map(|place| Some((*place, self.targets.get(*place)?))).collect();
        let mut issuer = None;
        list.each(|entry| {
            issuer = entry.issuer.or(issuer.take());
            for (place, target) in &targets {
                let same = crl::integer(entry.serial) == crl::integer(target.element.cert.serial_bytes());
                let elsewhere =
                    |name: &Option<_>| name.as_ref().is_some_and(|n| !target.element.cert.issuer().reads_as(n));
                if !same || issuer.as_ref().is_some_and(elsewhere) {
                    continue;
                }
                match (&base, entry.reason) {
                    (Some(base), Some(crl::REMOVED)) => {
                        if let Some(number) = number.clone().filter(|_| in_time) {
                            self.removals.push(Removal { target: *place, base: base.clone(), number });
                        }
                    }
                    (_, reason) => {
                        let hold = number.clone().filter(|_| reason == Some(crl::ON_HOLD));
                        self.entries.push(Listed { target: *place, when: entry.date, hold });
                    }
                }
            }
        });
    }

    /// Why a list shows only what it revokes, whatever other lists there are.
    fn limits_of(&self, list: &List<'_>) -> Vec<String> {
        let mut limits = Vec::new();
        limits.extend(late(list, self.at));
        if list.indirect {
            limits.push("indirect lists are not supported".to_owned());
        }
        if list.some_reasons {
            limits.push("lists for only some reasons of revocation are not supported".to_owned());
        }
        if let Some(oid) = &list.unknown {
            limits.push(format!("it has a critical extension that is unknown here ({oid})"));
        }
        if !list.sound {
            limits.push("a part of it cannot be read".to_owned());
        }
        limits
    }

    /// All limits of a list, when all lists have been read.
    fn limits(&self, used: Used) -> Vec<String> {
        let mut limits = used.limits;
        if let Some((targets, base)) = used.delta {
            let has_base =
                |target: &usize| self.complete.iter().any(|(t, number)| t == target && crl::at_most(&base, number));
            if !targets.iter().all(has_base) {
                limits.push("delta lists are not supported without the list that they add to".to_owned());
            }
        }
        limits
    }

    /// The entries that count. A hold counts until a later delta list removes it.
    fn standing(&self) -> Vec<(usize, Option<Timestamp>)> {
        let lifted = |listed: &&Listed| {
            let Some(number) = &listed.hold else { return false };
            let lifts = |r: &Removal| {
                r.target == listed.target && crl::at_most(&r.base, number) && crl::at_most(number, &r.number)
            };
            self.removals.iter().any(lifts)
        };
        self.entries.iter().filter(|listed| !lifted(listed)).map(|listed| (listed.target, listed.when)).collect()
    }
}

/// Whether the certificate with which the issuer signs others lets it sign lists as well. Its entries
/// count without, since it was the issuer's key that signed them.
fn may_sign(issuer: &Cert) -> bool {
    issuer.key_usage().is_none_or(|bits| bits.contains(&"cRLSign"))
}

/// Why the list does not say what is so now.
fn late(list: &List<'_>, at: Timestamp) -> Option<String> {
    match (list.this_update, list.next_update) {
        (_, Some(next)) if at > next => Some(format!("it has been out of date since {}", date(next))),
        (Some(this), _) if this > at => Some(format!("it is dated {}, which is in the future", date(this))),
        _ => None,
    }
}

fn revoked(target: &Target<'_>, when: Option<Timestamp>) -> Problem {
    let element = target.element;
    let code = match (element.index, when) {
        (Some(0), Some(_)) => "revoked",
        (Some(0), None) => "revoked-undated",
        (_, Some(_)) => "revoked-issuer",
        (_, None) => "revoked-issuer-undated",
    };
    let problem = Problem::new(ProblemKind::Revoked, code, element.index)
        .shown("subject", called(element.cert.subject()))
        .shown("issuer", called(target.issuer.subject()));
    match when {
        Some(when) => problem.arg("date", date(when)),
        None => problem,
    }
}
