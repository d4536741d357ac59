//! Policies: a preset and named fields, and the trust anchors given by the caller.

use std::ffi::c_char;

use super::building::Building;
use super::error::{Code, Failure, tofu_error};
use super::guard::{free, guard, read};
use super::ptr::{EMPTY, Object, Poison, name};
use super::shelf::Shelf;
use super::status::{Answer, tofu_status};
use crate::cert::Cert;
use crate::path::{RootFile, Roots};
use crate::trust::Policy;

/// How facts become a decision. One thread builds it. It is copied where it is set or saved, which freezes it.
pub struct tofu_policy {
    poison: Poison,
    pub(super) policy: Building<Policy>,
    shelf: Shelf,
}

impl From<Policy> for tofu_policy {
    fn from(policy: Policy) -> Self {
        Self { poison: Poison::default(), policy: Building::new("policy", policy), shelf: Shelf::default() }
    }
}

impl Object for tofu_policy {
    const NOUN: &'static str = "policy";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// Makes a policy from a preset. docs/policy.md says what each preset contains.
///
/// It has no effect until it is set on a check or saved.
///
/// @param preset  "default", "accept-new", "careful", "strict", "ca-only", "rfc8314" or "local", NUL-terminated; must
///                not be NULL.
/// @param out     where to write the policy, owned by the caller, freed with tofu_policy_free; NULL on failure; must
///                not be NULL.
/// @param err     where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_INVALID also for another preset.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_policy_new(
    preset: *const c_char,
    out: *mut *mut tofu_policy,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let out = call.out(out, "out")?;
            let policy = Policy::preset(call.text(preset, "preset")?)?;
            out.give(policy.into());
            Ok(Answer::Ok)
        })
    }
}

/// Sets a field of a policy. docs/policy.md lists the fields and their values.
///
/// @param policy  not yet set on a check or saved; must not be NULL.
/// @param field   the name of the field, "first-use" for example, NUL-terminated; must not be NULL.
/// @param value   its value, "ask" for example, NUL-terminated; must not be NULL.
/// @param err     where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_INVALID also for an unknown field or value; TOFU_E_STATE once it was set on a check or
///         saved. A refusal is remembered, and the call that uses the policy fails with it.
///
/// Thread safety: the thread that builds the policy. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_policy_set(
    policy: *mut tofu_policy,
    field: *const c_char,
    value: *const c_char,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let policy = call.object(policy, "policy")?;
            policy.policy.edit(|draft| Ok(draft.set(call.text(field, "field")?, call.text(value, "value")?)?))?;
            Ok(Answer::Ok)
        })
    }
}

/// Adds trust anchors to a policy: all certificates of a file in PEM or DER.
///
/// Text around them and blocks of other kinds are ignored, and so are certificates that OpenSSL's trust settings
/// (TRUSTED CERTIFICATE) do not trust for TLS servers. The anchors count beside the system's, or alone if the field
/// "system-roots" is "no". A program that only wants to add a private root uses tofu_check_options_add_root, which
/// keeps the user's policy in force.
///
/// @param policy      not yet set on a check or saved; must not be NULL.
/// @param pem_or_der  the bytes, copied; may be NULL with len 0, which holds no certificate and is refused.
/// @param len         their number.
/// @param err         where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_PARSE for a certificate that cannot be read, and if none counts for TLS servers;
///         TOFU_E_STATE once it was set on a check or saved. A refusal is remembered, and the call that uses the policy
///         fails with it.
///
/// Thread safety: the thread that builds the policy. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_policy_add_root(
    policy: *mut tofu_policy,
    pem_or_der: *const u8,
    len: usize,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let policy = call.object(policy, "policy")?;
            policy.policy.edit(|draft| add_roots(draft, call.bytes(pem_or_der, len, "pem_or_der")?))?;
            Ok(Answer::Ok)
        })
    }
}

fn add_roots(policy: &mut Policy, bytes: &[u8]) -> Result<(), Failure> {
    roots(bytes)?.into_iter().for_each(|root| policy.add_root(root));
    Ok(())
}

/// The trust anchors of a file; an error if there is none, or one cannot be read.
pub(super) fn roots(bytes: &[u8]) -> Result<Vec<Cert>, Failure> {
    let file = RootFile::read(bytes);
    if file.certs.is_empty() {
        return Err(Failure::new(Code::Parse, "certificate.parse", file.why_empty()));
    }
    if let Some((_, error)) = file.unreadable.into_iter().next() {
        return Err(error.into());
    }
    Ok(file.certs)
}

/// Gives the text of a field of a policy; "json" gives all fields.
///
/// @param policy  borrowed; may be NULL, which gives "".
/// @param field   the name of the field, NUL-terminated; may be NULL, which gives "".
/// @return NUL-terminated UTF-8, borrowed from the policy; "" for an unknown field; never NULL.
///
/// Thread safety: any thread once the policy is frozen. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_policy_get(policy: *const tofu_policy, field: *const c_char) -> *const c_char {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        let field = name(field);
        read(policy, EMPTY, |policy| {
            let value = policy.policy.look(|policy| policy.get(field?))?;
            // A value may change while the policy is built; what was lent before stays as it was.
            policy.shelf.text(("field", 0, 0, &format!("{}={value}", field?)), || Some(value.clone()))
        })
    }
}

/// Frees a policy. Copies of it live on where it was set or saved.
///
/// @param policy  owned by the caller, who gives it up; may be NULL.
///
/// Thread safety: any thread, once no other one uses the policy. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_policy_free(policy: *mut tofu_policy) {
    // SAFETY: `policy` as its @param says.
    unsafe { free(policy) }
}

/// Reads the system's trust anchors again, for a program that runs for months. All stores and checks of this process
/// use the new set from their next check on.
///
/// It does not reload anchors that the program added.
///
/// @param err  where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_ROOTS, with a message that names where they were looked for.
///
/// Thread safety: any thread; waits for the disk. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_roots_reload(err: *mut *mut tofu_error) -> tofu_status {
    // SAFETY: `err` as its @param says.
    unsafe {
        guard(err, |_| {
            Roots::reload_system()?;
            Ok(Answer::Ok)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_roots_is_read_as_every_other_and_what_does_not_count_is_refused_by_its_reason() {
        let pem = include_bytes!("../../tests/data/paths/root.pem");
        let der = Cert::parse_pem(pem).unwrap().remove(0).der().to_vec();
        let mail = [&der[..], &[0x30, 12, 0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 4]].concat();
        let add =
            |bytes: &[u8]| add_roots(&mut Policy::default(), bytes).map_err(|failure| failure.message().to_owned());
        for bytes in [&pem[..], &der, &[b"\xEF\xBB\xBF", &pem[..]].concat(), &[b"0 s:CN = x\n", &pem[..]].concat()] {
            assert_eq!(add(bytes), Ok(()));
        }
        let bad: [(&[u8], &str); 5] = [
            (&mail, "do not name TLS servers"),
            (b"", "it contains no certificate"),
            (b"text", "it contains no certificate"),
            (&der[..40], "not a certificate"),
            (b"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n", "1 block of the kind PRIVATE KEY"),
        ];
        for (bytes, said) in bad {
            assert!(add(bytes).is_err_and(|why| why.contains(said)), "{said}");
        }
    }
}
