//! Sequences of C calls. Each object that a call makes goes into a small place of its sort, from
//! which later calls take theirs, NULL now and then; every number and text comes from the input.
//! What the header promises is asserted for each: a status that it knows, an object or NULL, text
//! that is fit to show.

use std::ffi::{CStr, CString, c_char};
use std::ptr::{null, null_mut};

use tofu::capi::cert::*;
use tofu::capi::cert_fields::*;
use tofu::capi::chain::*;
use tofu::capi::check::*;
use tofu::capi::check_options::*;
use tofu::capi::diff::*;
use tofu::capi::endpoint::*;
use tofu::capi::error::*;
use tofu::capi::event::*;
use tofu::capi::iter::*;
use tofu::capi::library::*;
use tofu::capi::pending::*;
use tofu::capi::pin::*;
use tofu::capi::pin_options::*;
use tofu::capi::policy::*;
use tofu::capi::policy_store::*;
use tofu::capi::status::*;
use tofu::capi::store::*;
use tofu::capi::store_manage::*;
use tofu::capi::store_options::*;
use tofu::capi::text::*;
use tofu::capi::trust::*;
use tofu::capi::verdict::*;
use tofu::capi::verdict_words::*;

use super::fit_to_show;
use super::take::Take;

/// The most calls in one sequence.
const LONGEST: usize = 64;

/// Exports that no sequence calls: they reach the network, a path of the machine, what the process
/// shares, or belong to callbacks. A test holds the list of exports against this one and the calls
/// below.
pub fn left_out(symbol: &str) -> bool {
    let parts = ["tofu_dial_", "tofu_probe", "tofu_conn", "tofu_sink_", "tofu_batch_"];
    let alone = [
        "cert_parse_der",
        "tofu_roots_reload",
        "tofu_store_backup",
        "tofu_store_restore",
        "tofu_store_set_listener",
        "tofu_store_options_set_backend",
        "tofu_check_options_add_root_file",
        "tofu_last_error",
    ];
    alone.contains(&symbol) || parts.iter().any(|part| symbol.starts_with(part))
}

/// A few objects of one type, which later calls use.
struct Place<T> {
    held: Vec<*mut T>,
    free: unsafe extern "C" fn(*mut T),
}

impl<T> Place<T> {
    fn new(free: unsafe extern "C" fn(*mut T)) -> Self {
        Self { held: Vec::new(), free }
    }

    /// One of the objects held, or NULL.
    fn any(&self, take: &mut Take<'_>) -> *mut T {
        let choice = usize::from(take.byte());
        if choice % 16 == 15 {
            null_mut()
        } else {
            self.held.get(choice % self.held.len().max(1)).copied().unwrap_or(null_mut())
        }
    }

    /// Keeps the object that a call made, and frees the oldest if there are too many.
    fn keep(&mut self, made: *mut T, status: i32) {
        // The header: NULL unless the call worked.
        assert!(status >= 0 || made.is_null());
        if !made.is_null() {
            self.held.push(made);
        }
        if self.held.len() > 3 {
            let oldest = self.held.remove(0);
            unsafe { (self.free)(oldest) }
        }
    }
}

impl<T> Drop for Place<T> {
    fn drop(&mut self) {
        self.held.drain(..).for_each(|object| unsafe { (self.free)(object) });
    }
}

struct Machine<'a> {
    take: Take<'a>,
    certs: Place<tofu_cert>,
    chains: Place<tofu_chain>,
    policies: Place<tofu_policy>,
    checks: Place<tofu_check_options>,
    verdicts: Place<tofu_verdict>,
    diffs: Place<tofu_diff>,
    texts: Place<tofu_text>,
    iters: Place<tofu_iter>,
    endpoints: Place<tofu_endpoint>,
    options: Place<tofu_store_options>,
    stores: Place<tofu_store>,
}

/// Shows a text that the library gave; NULL only where the header allows it, which these do not.
fn say(text: *const c_char) {
    assert!(!text.is_null());
    let text = unsafe { CStr::from_ptr(text) }.to_str().expect("UTF-8");
    fit_to_show("a text", text);
}

/// As [`say`], for a text that holds what a certificate or a person wrote, which a program escapes.
fn raw(text: *const c_char) {
    assert!(text.is_null() || unsafe { CStr::from_ptr(text) }.to_str().is_ok());
}

/// Checks the error against the status, frees it, and returns the status.
fn settled(status: i32, error: *mut tofu_error) -> i32 {
    unsafe {
        say(tofu_status_name(status));
        assert_eq!(status < 0, !error.is_null(), "{status}");
        assert!(status >= 0 || tofu_error_status(error) == status);
        say(tofu_error_message(error));
        say(tofu_error_detail(error));
        tofu_error_free(error);
    }
    assert!(status != tofu::capi::status::TOFU_E_INTERNAL, "an internal error");
    status
}

/// Makes a call whose last argument receives the error.
macro_rules! call {
    ($f:ident $(, $arg:expr)*) => {{
        let mut error: *mut tofu_error = null_mut();
        #[allow(unused_unsafe)]
        let status = unsafe { $f($($arg,)* &mut error) };
        settled(status, error)
    }};
}

/// Makes calls until the input is used up.
pub fn calls(data: &[u8]) {
    let mut machine = Machine {
        take: Take(data),
        certs: Place::new(tofu_cert_free),
        chains: Place::new(tofu_chain_free),
        policies: Place::new(tofu_policy_free),
        checks: Place::new(tofu_check_options_free),
        verdicts: Place::new(tofu_verdict_free),
        diffs: Place::new(tofu_diff_free),
        texts: Place::new(tofu_text_free),
        iters: Place::new(tofu_iter_free),
        endpoints: Place::new(tofu_endpoint_free),
        options: Place::new(tofu_store_options_free),
        stores: Place::new(tofu_store_free),
    };
    for _ in 0..LONGEST {
        if machine.take.0.is_empty() {
            break;
        }
        match machine.take.byte() % 5 {
            0 => machine.certificates(),
            1 => machine.checking(),
            2 => machine.verdict(),
            3 => machine.managing(),
            _ => machine.listing(),
        }
    }
}

impl Machine<'_> {
    fn string(&mut self) -> CString {
        const USUAL: [&str; 12] = [
            "mail.example.org",
            "a.example",
            "default",
            "accept-new",
            "strict",
            "system-roots",
            "no",
            "first-use",
            "accept",
            "comment",
            "cn",
            "json",
        ];
        match self.take.byte() {
            n if n < 192 => CString::new(USUAL[usize::from(n) % USUAL.len()]).unwrap(),
            _ => CString::new(self.take.text()).unwrap_or_default(),
        }
    }

    fn port(&mut self) -> u16 {
        [993, 143, 587, 0][self.take.below(4)]
    }

    /// A number of an enumeration or of fields, most often one that exists, or one beside it.
    fn small(&mut self) -> i32 {
        const BLOCKS: [i32; 24] = [
            0, 100, 200, 300, 500, 600, 700, 800, 900, 1000, 1100, 1200, 1300, 1400, 2000, 2000, 2100, 2200, 2300,
            2400, 2500, 2600, 4096, -10,
        ];
        let (block, offset) = (BLOCKS[self.take.below(BLOCKS.len())], self.take.below(48));
        block + i32::try_from(offset).unwrap_or_default()
    }

    /// A number of this block, most often.
    fn of(&mut self, block: i32) -> i32 {
        match self.take.byte() {
            n if n < 224 => block + i32::from(n % 12),
            _ => self.small(),
        }
    }

    /// Flags: any of these bits, and seldom others.
    fn flags(&mut self, first: u32, count: u32) -> u64 {
        match self.take.byte() {
            n if n < 240 => (u64::from(self.take.byte()) % (1 << count)) << first,
            n => u64::from(n),
        }
    }

    fn certificates(&mut self) {
        let op = self.take.below(8);
        match op {
            0 => {
                let (mut out, der) = (null_mut(), self.take.piece());
                let status = call!(tofu_cert_parse_der, der.as_ptr(), der.len(), &mut out);
                self.certs.keep(out, status);
            }
            1 => self.ask(),
            2 => {
                let (one, other) = (self.certs.any(&mut self.take), self.certs.any(&mut self.take));
                let mut out = null_mut();
                let status = call!(tofu_cert_compare, one, other, &mut out);
                self.diffs.keep(out, status);
                let diff = self.diffs.any(&mut self.take);
                let (format, width) = (self.small(), usize::from(self.take.byte()));
                let mut out = null_mut();
                let status = call!(tofu_diff_format, diff, format, width, &mut out);
                self.texts.keep(out, status);
                for index in 0..unsafe { tofu_diff_count(diff) }.saturating_add(1) {
                    let (mut field, mut before, mut now) = (null(), null(), null());
                    unsafe { tofu_diff_row(diff, index, &mut field, &mut before, &mut now) };
                    [field, before, now].into_iter().for_each(raw);
                }
            }
            3 => {
                let cert = self.certs.any(&mut self.take);
                let (format, mut out) = (self.small(), null_mut());
                let status = call!(tofu_cert_format, cert, format, &mut out);
                self.texts.keep(out, status);
                unsafe { say(tofu_text_get(out, null_mut())) }
            }
            4 => {
                let clone = unsafe { tofu_cert_clone(self.certs.any(&mut self.take)) };
                self.certs.keep(clone, 0);
            }
            5 => {
                let mut out = null_mut();
                let status = call!(tofu_chain_new, &mut out);
                self.chains.keep(out, status);
            }
            6 => {
                let (chain, kind, piece) = (self.chains.any(&mut self.take), self.take.byte(), self.take.piece());
                match kind % 4 {
                    0 | 1 => call!(tofu_chain_push_der, chain, piece.as_ptr(), piece.len()),
                    2 => call!(tofu_chain_push_pem, chain, piece.as_ptr(), piece.len()),
                    _ => call!(tofu_chain_set_ocsp, chain, piece.as_ptr(), piece.len()),
                };
                unsafe {
                    for index in 0..tofu_chain_count(chain).saturating_add(1) {
                        raw(tofu_cert_string(tofu_chain_cert(chain, index), TOFU_CERT_FIELD_SUBJECT, 0));
                    }
                }
            }
            _ => {
                let name = self.string();
                unsafe {
                    raw(tofu_text_template(name.as_ptr()));
                    let made = tofu_error_new(-7, name.as_ptr(), name.as_ptr());
                    say(tofu_error_message(made));
                    tofu_error_free(made);
                    say(tofu_version());
                    tofu_feature_has(name.as_ptr());
                }
            }
        }
    }

    fn ask(&mut self) {
        let cert = self.certs.any(&mut self.take);
        let (name, field, index) = (self.string(), self.small(), self.take.below(4));
        call!(tofu_cert_match_host, cert, name.as_ptr());
        unsafe {
            let mut len = 0;
            let shown = [
                TOFU_CERT_FIELD_SUBJECT,
                TOFU_CERT_FIELD_ISSUER,
                TOFU_CERT_FIELD_SHA256,
                TOFU_CERT_FIELD_SPKI_SHA256,
                TOFU_CERT_FIELD_SERIAL,
                TOFU_CERT_FIELD_NOT_BEFORE,
                TOFU_CERT_FIELD_NOT_AFTER,
            ];
            shown.into_iter().for_each(|field| say(tofu_cert_string(cert, field, 0)));
            raw(tofu_cert_attribute(cert, field, name.as_ptr(), index));
            raw(tofu_cert_attribute(cert, TOFU_CERT_FIELD_SUBJECT, name.as_ptr(), index));
            raw(tofu_cert_string(cert, field, index));
            let count = tofu_cert_count(cert, field);
            let bytes = tofu_cert_bytes(cert, field, index, &mut len);
            assert!(!bytes.is_null() || len == 0);
            let _ = (tofu_cert_number(cert, field, index), count);
        }
    }

    fn checking(&mut self) {
        let op = self.take.below(10);
        let check = self.checks.any(&mut self.take);
        match op {
            0 => {
                let mut out = null_mut();
                let status = call!(tofu_check_options_new, &mut out);
                self.checks.keep(out, status);
                // The system's roots differ from machine to machine.
                let (mut policy, preset) = (null_mut(), self.string());
                let status = call!(tofu_policy_new, preset.as_ptr(), &mut policy);
                if status == 0 {
                    call!(tofu_policy_set, policy, c"system-roots".as_ptr(), c"no".as_ptr());
                    call!(tofu_check_options_set_policy, out, policy);
                }
                self.policies.keep(policy, status);
            }
            1 => {
                let account = self.string();
                call!(tofu_check_options_set_account, check, account.as_ptr());
            }
            2 => {
                let now = self.take.number();
                call!(tofu_check_options_set_time, check, now);
            }
            3 => {
                let flags = self.flags(12, 9);
                call!(tofu_check_options_set_flags, check, flags);
            }
            4 => {
                let piece = self.take.piece();
                call!(tofu_check_options_add_tlsa, check, piece.as_ptr(), piece.len(), i32::from(piece.len() % 2 == 0));
                call!(tofu_check_options_add_crl, check, piece.as_ptr(), piece.len());
            }
            5 => {
                let policy = self.policies.any(&mut self.take);
                let (field, value) = (self.string(), self.string());
                call!(tofu_policy_set, policy, field.as_ptr(), value.as_ptr());
                unsafe { raw(tofu_policy_get(policy, field.as_ptr())) };
                let piece = self.take.piece();
                call!(tofu_policy_add_root, policy, piece.as_ptr(), piece.len());
                call!(tofu_check_options_tighten, check, field.as_ptr(), value.as_ptr());
                call!(tofu_check_options_add_root, check, piece.as_ptr(), piece.len());
            }
            6 => {
                let (store, host, port) = (self.store(), self.string(), self.port());
                if check.is_null() {
                    return;
                }
                let (one, other, ocsp) = (self.take.piece(), self.take.piece(), self.take.piece());
                let (ders, lens) = ([one.as_ptr(), other.as_ptr()], [one.len(), other.len()]);
                let (flags, mut out) = (self.flags(12, 9), null_mut());
                let status = call!(
                    tofu_check_peer,
                    store,
                    host.as_ptr(),
                    port,
                    ders.as_ptr(),
                    lens.as_ptr(),
                    2,
                    ocsp.as_ptr(),
                    ocsp.len(),
                    flags,
                    check,
                    &mut out
                );
                self.verdicts.keep(out, status);
            }
            _ => {
                let (store, chain) = (self.store(), self.chains.any(&mut self.take));
                let (host, port) = (self.string(), self.port());
                // Without a policy of its own a check would load the system's roots.
                if check.is_null() {
                    return;
                }
                let mut out = null_mut();
                let status = call!(tofu_check_chain, store, host.as_ptr(), port, chain, check, &mut out);
                unsafe {
                    // OK only with an accepting verdict.
                    assert_eq!(status == 0, tofu_verdict_decision(out) == 0, "{status}");
                }
                self.verdicts.keep(out, status);
            }
        }
    }

    fn store(&mut self) -> *mut tofu_store {
        if self.stores.held.is_empty() {
            let mut out = null_mut();
            let status = call!(tofu_store_open, c":memory:".as_ptr(), null_mut(), &mut out);
            self.stores.keep(out, status);
        }
        self.stores.any(&mut self.take)
    }

    fn verdict(&mut self) {
        let verdict = self.verdicts.any(&mut self.take);
        let (section, index, width) = (self.of(500), self.take.below(8), usize::from(self.take.byte()));
        unsafe {
            say(tofu_verdict_id(verdict));
            let numbers = [
                tofu_verdict_assurance(verdict),
                tofu_verdict_pin_result(verdict),
                tofu_verdict_change(verdict),
                tofu_verdict_risk(verdict),
                tofu_verdict_suggested_kind(verdict),
                tofu_verdict_answer(verdict),
            ];
            assert!(numbers.iter().all(|n| *n >= 0));
            let _ = (tofu_verdict_has_problem(verdict, section), tofu_verdict_offers(verdict, section));
            let _ = (tofu_verdict_number(verdict, section), tofu_chain_count(tofu_verdict_chain(verdict)));
            raw(tofu_cert_string(tofu_verdict_previous(verdict), TOFU_CERT_FIELD_SUBJECT, 0));
            raw(tofu_endpoint_string(tofu_verdict_endpoint(verdict), section));
            raw(tofu_pin_string(tofu_verdict_pin(verdict), section));
            let (mut code, mut about) = (null(), 0);
            let count = tofu_verdict_statement_count(verdict, section);
            say(tofu_verdict_statement(verdict, section, index, &mut code, &mut about));
            say(code);
            assert!(index >= count || CStr::from_ptr(code).count_bytes() > 0);
            let name = self.string();
            raw(tofu_verdict_statement_arg(verdict, section, index, name.as_ptr()));
        }
        let (mut out, format) = (null_mut(), self.of(300));
        let status = call!(tofu_verdict_format, verdict, format, width, &mut out);
        unsafe { say(tofu_text_get(out, null_mut())) };
        self.texts.keep(out, status);
        if self.take.byte() % 2 == 0 {
            let (store, kind, flags) = (self.store(), self.of(100), self.flags(24, 2));
            let (expires, typed, comment) = (self.take.number(), self.string(), self.string());
            let mut options = null_mut();
            let made = call!(tofu_trust_options_new, &mut options);
            if kind % 2 == 0 {
                call!(tofu_trust_options_set_kind, options, kind);
            }
            call!(tofu_trust_options_set_flags, options, flags);
            call!(tofu_trust_options_set_expires, options, expires);
            call!(tofu_trust_options_set_comment, options, comment.as_ptr());
            if kind % 3 == 0 {
                call!(tofu_trust_options_set_typed, options, typed.as_ptr());
            }
            call!(tofu_verdict_trust, store, verdict, options);
            assert_eq!(made, 0);
            unsafe { tofu_trust_options_free(options) };
        }
    }

    fn managing(&mut self) {
        let store = self.store();
        let endpoint = self.endpoints.any(&mut self.take);
        match self.take.below(14) {
            0 => {
                let (account, host, port) = (self.string(), self.string(), self.port());
                let account = if port == 143 { account.as_ptr() } else { null() };
                let mut out = null_mut();
                let status = call!(tofu_endpoint_new, account, host.as_ptr(), port, &mut out);
                self.endpoints.keep(out, status);
                let field = self.small();
                unsafe {
                    raw(tofu_endpoint_string(out, field));
                    tofu_endpoint_number(out, field);
                }
            }
            1 | 2 => {
                let (kind, state, cert) = (self.of(100), self.of(200), self.certs.any(&mut self.take));
                let (value, comment, expires, mut id) = (self.string(), self.string(), self.take.number(), 0);
                let mut options = null_mut();
                call!(tofu_pin_options_new, &mut options);
                call!(tofu_pin_options_set_kind, options, kind);
                call!(tofu_pin_options_set_state, options, state);
                if cert.is_null() {
                    call!(tofu_pin_options_set_value, options, value.as_ptr());
                } else {
                    call!(tofu_pin_options_set_cert, options, cert);
                }
                call!(tofu_pin_options_set_expires, options, expires);
                call!(tofu_pin_options_set_comment, options, comment.as_ptr());
                call!(tofu_pin_add, store, endpoint, options, &mut id);
                call!(tofu_pin_mask, store, endpoint, kind, value.as_ptr(), &mut id);
                unsafe { tofu_pin_options_free(options) };
            }
            3 => {
                let (id, field, value) = (i64::from(self.small()), self.string(), self.string());
                call!(tofu_pin_set, store, id, field.as_ptr(), value.as_ptr());
            }
            4 => {
                let id = i64::from(self.small());
                call!(tofu_pin_forget, store, id);
            }
            5 => {
                let until = self.take.number();
                call!(tofu_endpoint_expect_change, store, endpoint, until);
            }
            6 => {
                let what = self.flags(26, 4);
                call!(tofu_endpoint_forget, store, endpoint, what);
            }
            7 => {
                let (format, mode, piece) = (self.of(300), self.of(1400), self.take.piece());
                let mut report = null_mut();
                let (data, len) = (piece.as_ptr(), piece.len());
                let status = call!(tofu_store_import, store, format, data, len, endpoint, mode, &mut report);
                unsafe { say(tofu_text_get(report, null_mut())) };
                self.texts.keep(report, status);
            }
            8 => {
                let (format, mut out, mut report) = (self.of(300), null_mut(), null_mut());
                let status = call!(tofu_store_export, store, format, null(), &mut out, &mut report);
                unsafe { raw(tofu_text_get(out, null_mut())) };
                self.texts.keep(out, status);
                self.texts.keep(report, status);
            }
            9 => {
                let event = i64::from(self.small());
                call!(tofu_store_undo, store, event);
            }
            10 => {
                let (before, mut removed) = (self.take.number(), 0);
                call!(tofu_store_prune, store, before, &mut removed);
            }
            11 => {
                let (mut report, mut stats, mut generation) = (null_mut(), null_mut(), 0);
                let status = call!(tofu_store_verify, store, &mut report);
                assert!(status == 0 || store.is_null(), "a store in memory is damaged");
                self.texts.keep(report, status);
                let status = call!(tofu_store_stats, store, &mut stats);
                self.texts.keep(stats, status);
                call!(tofu_store_generation, store, &mut generation);
            }
            12 => {
                let policy = self.policies.any(&mut self.take);
                call!(tofu_policy_save, store, endpoint, policy);
                let mut out = null_mut();
                let status = call!(tofu_policy_load, store, endpoint, &mut out);
                self.policies.keep(out, status);
            }
            _ => {
                let (mut out, field, value) = (null_mut(), self.string(), self.string());
                let status = call!(tofu_store_options_new, &mut out);
                call!(tofu_store_options_set, out, field.as_ptr(), value.as_ptr());
                self.options.keep(out, status);
            }
        }
    }

    fn listing(&mut self) {
        if self.take.byte() % 2 == 0 {
            let (store, state, host) = (self.store(), self.of(200), self.string());
            let host = if state % 2 == 0 { null() } else { host.as_ptr() };
            let (key, mut out) = (null(), null_mut());
            let status = match self.take.below(4) {
                0 => call!(tofu_list_endpoints, store, host, state, &mut out),
                1 => call!(tofu_list_pins, store, host, key, state, &mut out),
                2 => call!(tofu_list_pending, store, host, key, &mut out),
                _ => call!(tofu_list_events, store, host, key, self.of(1000), &mut out),
            };
            self.iters.keep(out, status);
        }
        let iter = self.iters.any(&mut self.take);
        for _ in 0..8 {
            let status = call!(tofu_iter_next, iter);
            let field = self.small();
            unsafe {
                let (endpoint, pin) = (tofu_iter_endpoint(iter), tofu_iter_pin(iter));
                let (pending, event) = (tofu_iter_pending(iter), tofu_iter_event(iter));
                raw(tofu_endpoint_string(endpoint, field));
                let _ = tofu_endpoint_standing(endpoint);
                raw(tofu_pin_string(pin, field));
                raw(tofu_endpoint_string(tofu_pin_endpoint(pin), field));
                raw(tofu_cert_string(tofu_pin_cert(pin), TOFU_CERT_FIELD_SUBJECT, 0));
                let _ = tofu_pin_waives(pin, field);
                raw(tofu_pending_string(pending, field));
                raw(tofu_endpoint_string(tofu_pending_endpoint(pending), field));
                raw(tofu_event_string(event, field));
                let _ =
                    (tofu_pin_number(pin, field), tofu_pending_number(pending, field), tofu_event_number(event, field));
                if !pending.is_null() {
                    let (store, check) = (self.store(), self.checks.any(&mut self.take));
                    let id = CStr::from_ptr(tofu_pending_string(pending, TOFU_PENDING_FIELD_ID)).to_owned();
                    if !check.is_null() {
                        let mut out = null_mut();
                        let status = call!(tofu_pending_check, store, pending, check, &mut out);
                        self.verdicts.keep(out, status);
                    }
                    call!(tofu_pending_dismiss, store, id.as_ptr());
                }
            }
            if status != 0 {
                break;
            }
        }
    }
}
