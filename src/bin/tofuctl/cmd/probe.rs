//! `tofuctl probe`: fetches what a server presents. Asks neither the CA system nor the store.

use tofu::endpoint::Host;
use tofu::tls::{self, Probe, Sni};

use crate::cli::network;
use crate::context::Context;
use crate::input::reach;
use crate::process::exit::{Exit, Failure};
use crate::process::interrupt::guarded;
use crate::render::probe::page;
use crate::render::sheet::Sheet;

/// Fetches and prints. The exit status is 0 where certificates were seen, whatever they are worth.
pub fn run(args: &network::Probe, cx: &Context) -> Result<Exit, Failure> {
    guarded(|interrupt| {
        let target = reach::target(&args.target, &args.reach)?;
        let names: Vec<&[u8]> = args.alpn.iter().map(|name| name.as_bytes()).collect();
        let dial = reach::dial(&target, &args.reach, interrupt.cancel())?;
        let dial = dial.alpn(&names).map_err(Failure::usage)?.sni(sni(args)?);
        let probe = tls::probe(&target.host, target.port, dial)?;
        if cx.out.json {
            cx.out.value(&probe.to_json())?;
        } else if args.pem {
            cx.out.print(&pem(&probe))?;
        } else {
            let mut sheet = Sheet::new(cx.out.width, cx.out.paint);
            page(&mut sheet, &target, &probe, cx.now());
            cx.out.print(&sheet.finish())?;
        }
        Ok(Exit::Done)
    })
}

fn sni(args: &network::Probe) -> Result<Sni, Failure> {
    Ok(match args.sni.as_deref() {
        None => Sni::Host,
        Some("") => Sni::None,
        Some(name) => Sni::Name(Host::parse(name).map_err(Failure::usage)?),
    })
}

/// The chain as sent. What is no certificate has no PEM.
fn pem(probe: &Probe) -> String {
    probe.chain().certs().map(|(_, cert)| cert.to_pem()).collect()
}
