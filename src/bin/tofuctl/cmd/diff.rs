//! `tofuctl diff`: two certificates side by side. Each is a file, or a server whose certificate is in the
//! store. No network.

use std::path::Path;

use tofu::cert::Cert;
use tofu::endpoint::Endpoint;
use tofu::hash::Hash;
use tofu::store::{EndpointRecord, PinState, Store, StoreError};
use tofu::text::excerpt;

use crate::cli::network;
use crate::context::Context;
use crate::input::cert_file::{certificates, read};
use crate::process::exit::{Exit, Failure};
use crate::process::out::Style;
use crate::render::diff::side_by_side;
use crate::render::sheet::Sheet;

/// Compares and prints. Whether they differ is in the output, not in the exit status.
pub fn run(args: &network::Diff, cx: &Context) -> Result<Exit, Failure> {
    if args.before == "-" && args.now == "-" {
        return Err(Failure::usage("standard input can be only one of the two"));
    }
    let (before, now) = (take(&args.before, cx)?, take(&args.now, cx)?);
    let diff = tofu::cert::compare(&before, &now);
    if cx.out.json {
        cx.out.value(&diff.to_json())?;
        return Ok(Exit::Done);
    }
    let mut sheet = Sheet::new(cx.out.width, cx.out.paint);
    let (style, answer) = match (before == now, before.spki() == now.spki()) {
        (true, _) => (Style::Good, "The two are the same certificate, byte for byte."),
        (false, true) => (Style::Warn, "Two certificates for the same key."),
        (false, false) => (Style::Warn, "Two certificates for different keys."),
    };
    sheet.paragraph(0, style, answer);
    sheet.gap();
    side_by_side(&mut sheet, (&excerpt(&args.before, 60), &excerpt(&args.now, 60)), &diff);
    cx.out.print(&sheet.finish())?;
    Ok(Exit::Done)
}

/// A certificate by what names it: a file that is there, or else a server in the store.
fn take(name: &str, cx: &Context) -> Result<Cert, Failure> {
    let path = Path::new(name);
    if name == "-" || path.exists() {
        let named = |why: String| Failure::about(path, why);
        let found = certificates(&read(path).map_err(named)?).map_err(named)?;
        return found.certs.into_iter().next().ok_or_else(|| named("it contains no certificate".to_owned()));
    }
    let neither = |why: &str| Failure::new(format!("{}: no such file, and {why}", excerpt(name, 80)));
    let endpoint = cx.endpoint(name).map_err(|_| neither("no server can be called so"))?;
    let Some(store) = cx.existing()? else {
        return Err(neither("there is no store yet that could know a server"));
    };
    stored(&store, &endpoint)?.ok_or_else(|| neither(&format!("the store holds no certificate of {endpoint}")))
}

/// The certificate that an endpoint was last accepted with, else that of a pin.
fn stored(store: &Store, endpoint: &Endpoint) -> Result<Option<Cert>, StoreError> {
    store.read(|tx| {
        let record = tx.endpoint(endpoint)?;
        for hash in record.iter().flat_map(candidates) {
            if let Some(cert) = tx.cert(hash)? {
                return Ok(Some(cert));
            }
        }
        Ok(None)
    })
}

fn candidates(record: &EndpointRecord) -> Vec<Hash> {
    let latest = record.baseline.iter().max_by_key(|seen| seen.last).map(|seen| seen.cert);
    let pins = record.pins.iter().filter(|pin| pin.state == PinState::Trusted).filter_map(|pin| pin.cert);
    latest.into_iter().chain(pins).collect()
}
