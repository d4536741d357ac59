//! The second look: finds out whether a server that presents an unknown key still proves a known key of
//! another kind. Each try is a connection of its own that offers only the kinds looked for, and
//! carries nothing but the handshake. [`crate::trust`] weighs what was found.

use std::net::SocketAddr;
use std::time::Duration;

use super::error::NetError;
use super::open::Route;
use crate::cert::KeyAlgorithm;
use crate::path::Chain;
use crate::store::Store;
use crate::trust::{self, Check, Flags, SecondLook, Sought};

/// How long the look may take altogether. The first connection waits meanwhile, and a server that
/// serves one client at a time answers the second connection only when the first is gone.
const LONGEST: Duration = Duration::from_secs(5);

/// Looks if the presented key is not known and a trusted key of another kind is. What was presented is
/// judged first without writing anything, so that the server is only connected to twice where the
/// second connection can change the answer.
pub(super) fn look_where_it_matters(
    store: &Store,
    check: &Check<'_>,
    route: &Route<'_>,
    reached: Option<SocketAddr>,
) -> Result<SecondLook, NetError> {
    let dry = Check { flags: Flags { dry_run: true, ..check.flags }, ..check.clone() };
    match trust::sought(store, &dry)? {
        Some(sought) if trust::worth_a_second_look(&trust::check(store, &dry)?) => look(route, reached, &sought),
        _ => Ok(SecondLook::NotMade),
    }
}

/// Looks until a sought key is proven or no kind is left. Each try leaves out the kind that was just
/// shown, so there are at most as many tries as kinds. Fails only if the user cancelled.
fn look(route: &Route<'_>, address: Option<SocketAddr>, sought: &Sought) -> Result<SecondLook, NetError> {
    let route = &route.within(LONGEST);
    let mut kinds = sought.kinds().to_vec();
    let mut reached = false;
    while super::witness::can_offer(&kinds) {
        let seen = match once(route, address, &kinds) {
            Ok(seen) => seen,
            Err(NetError::Tls { .. } | NetError::Limit { .. }) => return Ok(SecondLook::Nothing),
            Err(error @ NetError::Cancelled { .. }) => return Err(error),
            // We did not reach the server again, which says nothing about its keys.
            Err(_) if reached => return Ok(SecondLook::Nothing),
            Err(_) => return Ok(SecondLook::NotMade),
        };
        reached = true;
        let Some(leaf) = seen.leaf() else { return Ok(SecondLook::Nothing) };
        if sought.includes(leaf) {
            return Ok(SecondLook::Proved(seen));
        }
        let shown = leaf.key().algorithm;
        if !kinds.contains(&shown) {
            break;
        }
        kinds.retain(|kind| *kind != shown);
    }
    // A kind that no handshake here verifies was never asked for.
    Ok(if reached { SecondLook::Nothing } else { SecondLook::NotMade })
}

/// One handshake on a new connection to the address that the first one reached. An empty chain proves
/// nothing.
fn once(route: &Route<'_>, address: Option<SocketAddr>, kinds: &[KeyAlgorithm]) -> Result<Chain, NetError> {
    let (socket, timings) = route.connect(address)?;
    let mut session = route.begin_with(socket, timings, Some(kinds))?;
    session.complete()?;
    let seen = session.seen();
    session.tls.send_close_notify();
    let _ = session.tls.write_tls(&mut super::net::socket::Wire { socket: &session.socket, first: &mut Vec::new() });
    Ok(if seen.proven { seen.chain } else { Chain::new() })
}
