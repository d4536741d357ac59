//! A store with something in it: made with the library, so that the tool finds what programs leave.
#![allow(dead_code)]

use tofu::endpoint::Endpoint;
use tofu::store::Store;
use tofu::time::DAY;
use tofu::trust::{self, Answer, Check, Flags};

use crate::support::Tool;
use crate::trust_support::{START, policy, self_signed};

pub const HOST: &str = "mail.example.org";

/// A server that is pinned and then met with another key, and one met for the first time; both questions
/// were left for later.
pub fn busy(tool: &Tool) -> (String, String) {
    let store = Store::open(&tool.options()).unwrap();
    let policy = policy("default", &[]);
    let (mail, other) =
        (Endpoint::parse("", HOST, 993).unwrap(), Endpoint::parse("work", "other.example", 143).unwrap());
    let known = self_signed(&[HOST], "known", START, 3650);
    let verdict = trust::check(&store, &Check { policy: Some(&policy), ..Check::new(&mail, &known, START) }).unwrap();
    trust::trust(&store, &verdict, &Answer { now: START, ..Answer::default() }).unwrap();
    let flags = Flags { leave_pending: true, ..Flags::default() };
    let changed = self_signed(&[HOST], "changed", START, 3650);
    let first = self_signed(&["other.example"], "first", START, 3650);
    let later = START + 5 * DAY;
    let ids = [(&mail, &changed), (&other, &first)].map(|(endpoint, chain)| {
        let check = Check { policy: Some(&policy), flags, ..Check::new(endpoint, chain, later) };
        trust::check(&store, &check).unwrap().id().to_owned()
    });
    store.set_policy(None, Some(&policy.to_map()), later).unwrap();
    let [a, b] = ids;
    (a, b)
}

pub fn key_pin(name: &str, host: &str) -> String {
    let chain = self_signed(&[host], name, START, 3650);
    format!("sha256//{}", chain.leaf().unwrap().spki().base64())
}

pub fn states(tool: &Tool, host: &str) -> Vec<String> {
    let shown = tool.json(&["list", "--pins", "--host", host]);
    shown.as_array().unwrap().iter().map(|pin| pin["state"].as_str().unwrap().to_owned()).collect()
}
