//! What every command is run with: the store, the time, the account, standard output. No other file opens
//! a store or reads the clock.

pub mod in_force;
pub mod outlook;
pub mod pages;

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use tofu::endpoint::{Account, Endpoint, Host};
use tofu::store::{Event, Filter, Store, StoreError, StoreOptions, Tx};
use tofu::text::escape;
use tofu::time::{Timestamp, system_now};
use tofu::tls::Target;

use crate::cli::Global;
use crate::process::exit::Failure;
use crate::process::out::Out;

/// What every command is run with.
pub struct Context {
    pub out: Out,
    options: StoreOptions,
    account: Account,
    account_given: bool,
    at: Option<Timestamp>,
    /// What the changes made by this command left in the log.
    changes: Arc<Mutex<Vec<Event>>>,
}

impl Context {
    pub fn new(global: Global) -> Result<Self, Failure> {
        let out = Out::new(&global);
        let account_given = global.any_account || global.account.is_some();
        let account = match &global.account {
            _ if global.any_account => Account::any(),
            Some(name) => Account::parse(name).map_err(Failure::usage)?,
            None => Account::default(),
        };
        let options = StoreOptions {
            path: global.store,
            application: "tofuctl".to_owned(),
            accept_loss: global.accept_loss,
            layers: global.system_store,
            ..StoreOptions::default()
        };
        Ok(Self { out, options, account, account_given, at: global.at, changes: Arc::default() })
    }

    /// The present time: the clock's, or the one given.
    pub fn now(&self) -> Timestamp {
        self.at.unwrap_or_else(system_now)
    }

    /// Whether the time was given.
    pub fn has_stated_time(&self) -> bool {
        self.at.is_some()
    }

    /// The account given, or the one without a name.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Whether an account was named, be it any.
    pub fn account_given(&self) -> bool {
        self.account_given
    }

    /// Whether this account is meant, where none given means all.
    pub fn means(&self, account: &Account) -> bool {
        !self.account_given || *account == self.account
    }

    /// The user's store, which is created if it does not exist. For commands that change something.
    pub fn store(&self) -> Result<Store, Failure> {
        let store = Store::open(&self.options)?;
        let changes = Arc::clone(&self.changes);
        store.set_listener(Some(Arc::new(move |event: &Event| {
            changes.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
        })));
        Ok(store)
    }

    /// The user's store, opened for reading only; `None` if there is none yet. A store that is missing but
    /// known to have existed is an error.
    pub fn existing(&self) -> Result<Option<Store>, Failure> {
        let path = self.path()?;
        let options = StoreOptions { read_only: true, must_exist: true, ..self.options.clone() };
        match Store::open(&options) {
            Ok(store) => Ok(Some(store)),
            // A store below that is missing is another matter; one that is there is looked at alone.
            Err(StoreError::NotFound { .. }) if !path.exists() && self.options.layers.is_empty() => Ok(None),
            Err(StoreError::NotFound { .. }) if !path.exists() => {
                Ok(Some(Store::open(&StoreOptions { path: Some(":memory:".into()), ..self.options.clone() })?))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// [`Context::existing`], with a remark if there is no store.
    pub fn existing_or_say(&self) -> Result<Option<Store>, Failure> {
        let store = self.existing()?;
        if store.is_none() {
            self.out.note(&format!("no store yet at {}", escape(&self.path()?.display().to_string())));
        }
        Ok(store)
    }

    fn path(&self) -> Result<PathBuf, Failure> {
        Ok(match &self.options.path {
            Some(path) => path.clone(),
            None => tofu::store::default_path()?,
        })
    }

    /// Whether a question can be put to a person.
    pub fn can_ask(&self) -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// The server that was typed, as an endpoint of the account; without a port 993.
    pub fn endpoint(&self, text: &str) -> Result<Endpoint, Failure> {
        let target = Target::parse(text, None).map_err(Failure::usage)?;
        Ok(Endpoint { host: target.host, port: target.port, account: self.account.clone() })
    }

    /// The host that was typed, without a port.
    pub fn host(&self, text: &str) -> Result<Host, Failure> {
        Host::parse(text).map_err(Failure::usage)
    }

    /// The server that was typed for a command that changes something. Without a port it is the only one
    /// known of the host; where several are, or only other accounts know it, that has to be named.
    pub fn known_endpoint(&self, store: &Store, text: &str) -> Result<Endpoint, Failure> {
        let typed = self.endpoint(text)?;
        let any_port = Host::parse(text).is_ok();
        let filter = Filter { host: Some(typed.host.clone()), ..Filter::default() };
        let mut known = Vec::new();
        let page = |tx: &Tx<'_>, from: &_| tx.list_endpoints(&filter, from, pages::PAGE);
        pages::each(store, page, |record| {
            known.extend(Some(record.endpoint).filter(|e| any_port || e.port == typed.port));
            Ok(())
        })?;
        let (own, others): (Vec<Endpoint>, Vec<Endpoint>) =
            known.into_iter().partition(|endpoint| endpoint.account == self.account);
        let accounts: BTreeSet<String> = others.iter().map(|e| escape(e.account.as_str())).collect();
        let accounts = accounts.into_iter().collect::<Vec<_>>().join(", ");
        match own.as_slice() {
            [] if !self.account_given && !others.is_empty() => {
                let text = format!("{}: known for the account {accounts}; name it with --account", typed.host);
                Err(Failure::usage(text))
            }
            [] => Ok(typed),
            [only] => {
                if !self.account_given && !others.is_empty() {
                    self.out.note(&format!("{only} is also known for the account {accounts}, which this leaves alone"));
                }
                Ok(only.clone())
            }
            several => {
                let ports: Vec<String> = several.iter().map(|e| e.port.to_string()).collect();
                let text = format!("{}: known on ports {}; name one", typed.host, ports.join(", "));
                Err(Failure::usage(text))
            }
        }
    }

    /// The changes made so far that left an event.
    pub fn changes(&self) -> Vec<Event> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The last change made that can be undone.
    pub fn undoable(&self) -> Option<u64> {
        self.changes().iter().rev().find(|event| event.before.is_some()).map(|event| event.id)
    }

    /// A command line for the same store and account, for a person to copy.
    pub fn command(&self, words: &str) -> String {
        let mut line = "tofuctl".to_owned();
        if let Some(path) = &self.options.path {
            line.push_str(&format!(" --store {}", quoted(&path.display().to_string())));
        }
        if self.account == Account::any() {
            line.push_str(" --any-account");
        } else if !self.account.as_str().is_empty() {
            line.push_str(&format!(" --account {}", quoted(self.account.as_str())));
        }
        format!("{line} {words}")
    }

    /// Says what was done, and how it is taken back where it can be.
    pub fn done(&self, text: &str) -> Result<(), Failure> {
        self.done_with(text, json!({}))
    }

    /// [`Context::done`] with more for JSON.
    pub fn done_with(&self, text: &str, more: Value) -> Result<(), Failure> {
        self.done_undo(text, self.undoable(), more)
    }

    /// Says what was done where `undo` does not take it back.
    pub fn done_for_good(&self, text: &str, more: Value) -> Result<(), Failure> {
        self.done_undo(text, None, more)
    }

    fn done_undo(&self, text: &str, undo: Option<u64>, more: Value) -> Result<(), Failure> {
        let value = crate::render::json::with(json!({ "done": text, "undo": undo }), more);
        let hint = undo.map(|id| format!("(to undo: {})\n", self.command(&format!("undo {id}")))).unwrap_or_default();
        let text = crate::render::layout::wrapped("", "", text, self.out.width);
        self.out.done(&format!("{text}{}", self.out.paint.paint(crate::process::out::Style::Dim, &hint)), &value)
    }

    /// A yes to what cannot be taken back: given on the command line, or by a person now.
    pub fn confirm(&self, question: &str, yes: bool) -> Result<(), Failure> {
        if yes {
            return Ok(());
        }
        if !self.can_ask() {
            return Err(Failure::ask(format!("{question} Nobody can be asked; repeat it with --yes")));
        }
        // What was typed before there was a question is no answer to it.
        rustix::termios::tcflush(std::io::stdin(), rustix::termios::QueueSelector::IFlush)
            .map_err(std::io::Error::from)?;
        eprint_flush(&format!("{question} [yes/No] "));
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        if answer.trim().eq_ignore_ascii_case("yes") { Ok(()) } else { Err(Failure::ask("nothing was done")) }
    }
}

fn eprint_flush(text: &str) {
    use std::io::Write;
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// Quoted for a shell where it needs to be.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@:+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", escape(word).replace('\'', "'\\''"))
}
