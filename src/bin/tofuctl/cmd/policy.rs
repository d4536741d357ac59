//! `policy`: the policies by which servers are judged: show the one in force, set fields, take it away,
//! list what there is to set. What the fields do is the library's; their meaning is `docs/policy.md`.

use serde_json::{Map, Value, json};

use tofu::trust::{FIELDS, PRESET_MEANINGS, Policy};

use crate::cli::store::{PolicyAction, PolicySet, PolicyShow};
use crate::context::Context;
use crate::context::in_force::{InForce, changed, in_force};
use crate::input::named;
use crate::process::exit::{Exit, Failure};
use crate::process::out::Style;
use crate::render::layout::wrapped;

pub fn run(args: &crate::cli::store::Policy, cx: &Context) -> Result<Exit, Failure> {
    match &args.action {
        PolicyAction::Show(args) => show(args, cx),
        PolicyAction::Set(args) => set(args, cx),
        PolicyAction::Reset(args) => reset(args, cx),
        PolicyAction::List => list(cx),
    }
}

fn show(args: &PolicyShow, cx: &Context) -> Result<Exit, Failure> {
    let typed = args.target.as_deref().map(|text| cx.endpoint(text)).transpose()?;
    let found = match cx.existing()? {
        Some(store) => {
            let endpoint = match (&args.target, typed) {
                (Some(text), Some(_)) => Some(cx.known_endpoint(&store, text)?),
                _ => None,
            };
            store.read(|tx| in_force(tx, endpoint.as_ref()))?
        }
        None => InForce::built_in(),
    };
    if cx.out.json {
        let fields = FIELDS.iter().map(|field| (field.name.to_owned(), found.effective().get(field.name).into()));
        let raised = found.raised().into_iter().map(|(name, _)| (name.to_owned(), found.policy.get(name).into()));
        let value = json!({
            "source": found.whose,
            "mandatory_below": found.has_mandatory_below(),
            "raised_from": raised.collect::<Map<String, Value>>(),
            "preset": found.policy.preset_name(),
            "fields": fields.collect::<Map<String, Value>>(),
            "stored": found.policy.to_map(),
        });
        cx.out.value(&value)?;
        return Ok(Exit::Done);
    }
    let paint = cx.out.paint;
    let base = Policy::preset(found.policy.preset_name()).unwrap_or_default();
    let mut text = wrapped("", "  ", &found.summary(), cx.out.width);
    let raised: Vec<&str> = found.raised().into_iter().map(|(name, _)| name).collect();
    for name in FIELDS.iter().map(|field| field.name) {
        let mut value = found.effective().get(name).unwrap_or_default();
        let differs = base.get(name).as_ref() != Some(&value);
        if raised.contains(&name) {
            let own = found.policy.get(name).unwrap_or_default();
            value.push_str(&format!(" (by the system's, which is mandatory; otherwise {own})"));
        }
        let line = wrapped(&format!("  {name:<18}"), &" ".repeat(20), &value, cx.out.width);
        let style = if differs { Style::Bold } else { Style::Plain };
        text.push_str(&paint.paint(style, line.trim_end()));
        text.push('\n');
    }
    cx.out.print(&text)?;
    Ok(Exit::Done)
}

fn set(args: &PolicySet, cx: &Context) -> Result<Exit, Failure> {
    let (target, words) = match args.words.split_first() {
        Some((first, rest)) if !first.contains('=') => (Some(first.as_str()), rest),
        _ => (None, args.words.as_slice()),
    };
    if words.is_empty() && args.add_root.is_empty() {
        return Err(Failure::usage("give FIELD=VALUE (tofuctl policy list shows the fields)"));
    }
    target.map(|text| cx.endpoint(text)).transpose()?;
    // All of it is tried before a store is made for it.
    let roots: Result<Vec<_>, Failure> = args.add_root.iter().map(|file| named::roots(file, &cx.out)).collect();
    let roots = roots?.concat();
    assign(Policy::default(), words)?;
    let store = cx.store()?;
    let endpoint = target.map(|text| cx.known_endpoint(&store, text)).transpose()?;
    let now = store.read(|tx| in_force(tx, endpoint.as_ref()))?;
    let mut policy = assign(now.policy, words)?;
    roots.into_iter().for_each(|root| policy.add_root(root));
    store.set_policy(endpoint.as_ref(), Some(&policy.to_map()), cx.now())?;
    let whose = endpoint.map_or_else(|| "the store".to_owned(), |e| e.to_string());
    let changed = changed(&policy);
    let with = if changed.is_empty() { String::new() } else { format!(" with {}", changed.join(", ")) };
    cx.done(&format!("the policy of {whose} is {}{with}", policy.preset_name()))?;
    Ok(Exit::Done)
}

/// Sets `FIELD=VALUE`s in their order; `preset=NAME` starts from that preset.
fn assign(mut policy: Policy, words: &[String]) -> Result<Policy, Failure> {
    for word in words {
        let Some((field, value)) = word.split_once('=') else {
            let shown = tofu::text::excerpt(word, 80);
            return Err(Failure::usage(format!("{shown}: give FIELD=VALUE (tofuctl policy list shows the fields)")));
        };
        if field == "preset" {
            policy = Policy::preset(value).map_err(Failure::usage)?;
        } else {
            policy.set(field, value).map_err(Failure::usage)?;
        }
    }
    Ok(policy)
}

fn reset(args: &PolicyShow, cx: &Context) -> Result<Exit, Failure> {
    args.target.as_deref().map(|text| cx.endpoint(text)).transpose()?;
    if cx.existing_or_say()?.is_none() {
        return Ok(Exit::Done);
    }
    let store = cx.store()?;
    let endpoint = args.target.as_deref().map(|text| cx.known_endpoint(&store, text)).transpose()?;
    // An endpoint of which nothing is known has no policy to take away.
    let known = match &endpoint {
        Some(endpoint) => store.read(|tx| tx.endpoint(endpoint))?.is_some(),
        None => true,
    };
    if known {
        store.set_policy(endpoint.as_ref(), None, cx.now())?;
    }
    let whose = endpoint.as_ref().map_or_else(|| "the store".to_owned(), ToString::to_string);
    let now = store.read(|tx| in_force(tx, endpoint.as_ref()))?;
    cx.done(&format!("{whose} has no policy of its own; in force is {}", now.summary()))?;
    Ok(Exit::Done)
}

fn list(cx: &Context) -> Result<Exit, Failure> {
    if cx.out.json {
        let presets = PRESET_MEANINGS.iter().map(|(name, text)| json!({ "name": name, "meaning": text }));
        let base = Policy::default();
        let fields = FIELDS.iter().map(|field| {
            let default = base.get(field.name);
            json!({ "name": field.name, "values": field.takes(), "default": default, "meaning": field.meaning })
        });
        cx.out.value(&json!({
            "presets": presets.collect::<Vec<_>>(),
            "fields": fields.collect::<Vec<_>>(),
        }))?;
        return Ok(Exit::Done);
    }
    let (paint, width) = (cx.out.paint, cx.out.width);
    let mut text = format!("{}\n", paint.paint(Style::Bold, "Presets"));
    for (name, meaning) in PRESET_MEANINGS {
        text.push_str(&wrapped(&format!("  {name:<12}"), &" ".repeat(14), meaning, width));
    }
    text.push_str(&format!(
        "\n{}\n",
        paint.paint(Style::Bold, "Fields: what they take, [the default], and what they mean")
    ));
    let base = Policy::default();
    for field in FIELDS {
        let (name, takes) = (field.name, field.takes());
        let default = base.get(name).unwrap_or_default();
        text.push_str(&wrapped(&format!("  {name:<18}"), &" ".repeat(20), &format!("{takes} [{default}]"), width));
        text.push_str(&wrapped("      ", "      ", field.meaning, width));
    }
    cx.out.print(&text)?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_does_not_exist_is_named() {
        let words = ["preset=careful".to_owned(), "first-used=ask".to_owned()];
        let Err(Failure::Told { text, status: 2 }) = assign(Policy::default(), &words) else {
            panic!("taken");
        };
        assert!(text.contains("first-used"), "{text}");
    }

    #[test]
    fn a_preset_takes_the_place_of_what_was_set_before_it() {
        let words = ["pin-days=3", "preset=strict", "late-days=4"].map(str::to_owned);
        let policy = assign(Policy::default(), &words).unwrap();
        assert_eq!(policy.get("pin-days").as_deref(), Some("0"));
        assert_eq!(changed(&policy), ["late-days=4"]);
    }
}
