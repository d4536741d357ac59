//! From the command line to what the library wants for a connection: the server, the way there, and the
//! terms on which it is judged.

use std::time::Duration;

use tofu::endpoint::Endpoint;
use tofu::store::Store;
use tofu::tls::{Address, Cancel, Dial, Limits, Target, Terms};
use tofu::trust::{Flags, Policy};

use crate::cli::network::{Judge, Reach};
use crate::context::Context;
use crate::context::in_force::in_force;
use crate::input::named;
use crate::process::exit::Failure;

/// What a connection that serves as a tunnel waits for data, longer than any server keeps it.
const TUNNEL_READ: Duration = Duration::from_secs(300 * 24 * 3600);

/// The server as typed.
pub fn target(text: &str, reach: &Reach) -> Result<Target, Failure> {
    Target::parse(text, reach.starttls).map_err(Failure::usage)
}

/// The same as an endpoint of the account.
pub fn endpoint(target: &Target, cx: &Context) -> Endpoint {
    Endpoint { host: target.host.clone(), port: target.port, account: cx.account().clone() }
}

/// The way to a server.
pub fn dial(target: &Target, reach: &Reach, cancel: &Cancel) -> Result<Dial, Failure> {
    let mut dial = Dial::new().service(target.service).cancel(cancel);
    if let Some(address) = reach.address {
        dial = dial.address(address.with_port(target.port.get()));
    }
    Ok(dial.limits(limits(reach))?)
}

/// The same for a tunnel, which may be quiet for long.
pub fn tunnel(target: &Target, reach: &Reach, cancel: &Cancel) -> Result<Dial, Failure> {
    Ok(dial(target, reach, cancel)?.limits(Limits { read: TUNNEL_READ, ..limits(reach) })?)
}

fn limits(reach: &Reach) -> Limits {
    match reach.timeout.map(Duration::from_secs) {
        Some(each) => Limits { connect: each, starttls: each, handshake: each, deadline: each, ..Limits::default() },
        None => Limits::default(),
    }
}

/// The store that a check may write to; with `--dry-run` what there is, unchanged.
pub fn store(judge: &Judge, cx: &Context) -> Result<Store, Failure> {
    if judge.dry_run { untouched(cx) } else { cx.store() }
}

/// The store as it is, or an empty one that is never kept.
pub fn untouched(cx: &Context) -> Result<Store, Failure> {
    Ok(cx.existing()?.unwrap_or_else(Store::memory))
}

/// The terms of a check.
pub fn terms(judge: &Judge, reach: &Reach, store: &Store, endpoint: &Endpoint, cx: &Context) -> Result<Terms, Failure> {
    let flags = Flags {
        dry_run: judge.dry_run,
        leave_pending: judge.leave_pending,
        setup: judge.setup,
        loopback: is_loopback(endpoint, reach),
        stated_time: cx.has_stated_time(),
        ..Flags::default()
    };
    Ok(Terms { flags, policy: policy(judge, store, endpoint, cx)?, now: Some(cx.now()), ..Terms::default() })
}

/// Where the name says that nothing leaves this machine (RFC 6761, section 6.3), or the address does. The
/// connection holds it against the address that it reaches.
fn is_loopback(endpoint: &Endpoint, reach: &Reach) -> bool {
    match reach.address.map(Address::ip).or(endpoint.host.ip()) {
        Some(address) => address.is_loopback(),
        None => endpoint.host.as_str() == "localhost" || endpoint.host.as_str().ends_with(".localhost"),
    }
}

/// The policy that the options make; `None` for the stored one as it is.
fn policy(judge: &Judge, store: &Store, endpoint: &Endpoint, cx: &Context) -> Result<Option<Policy>, Failure> {
    if judge.policy.is_none() && judge.cafile.is_empty() && !judge.no_system_roots {
        return Ok(None);
    }
    let mut policy = match &judge.policy {
        Some(name) => Policy::preset(name)?,
        None => store.read(|tx| in_force(tx, Some(endpoint)))?.policy,
    };
    if judge.no_system_roots {
        policy.set("system-roots", "no")?;
    }
    for file in &judge.cafile {
        named::roots(file, &cx.out)?.into_iter().for_each(|root| policy.add_root(root));
    }
    Ok(Some(policy))
}
