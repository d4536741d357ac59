//! Settings in sections: `[section]`, `name = value`, and lines that begin with a space and go on with the
//! value above them. Mercurial, getmail and WeeChat write their files so.

use super::program::{heading, is_comment};
use crate::store::exchange::found::{Found, each_line};

/// The longest value that is kept, in bytes; what follows is cut, and then right for nobody.
const MAX_VALUE: usize = 64 * 1024;

/// One setting.
#[derive(Debug, Default)]
pub(in crate::store::exchange) struct Setting {
    /// The line on which its value begins.
    pub(in crate::store::exchange) number: usize,
    pub(in crate::store::exchange) section: String,
    /// As it is written; empty for none.
    pub(in crate::store::exchange) name: String,
    pub(in crate::store::exchange) value: String,
}

/// The settings of a file in their order. `separators` are the characters that end a name.
pub(in crate::store::exchange) fn settings(
    data: &[u8],
    found: &mut Found,
    separators: &[char],
    mut each: impl FnMut(&mut Found, Setting),
) {
    let mut section = String::new();
    let mut setting = Setting::default();
    each_line(data, found, |found, number, line| {
        let text = line.trim();
        if is_comment(text) {
            return;
        }
        if line.starts_with([' ', '\t']) && !setting.name.is_empty() {
            if setting.value.len().saturating_add(text.len()) < MAX_VALUE {
                setting.value.push(' ');
                setting.value.push_str(text);
            }
            return;
        }
        give(found, &mut setting, &mut each);
        if let Some(name) = heading(text) {
            name.clone_into(&mut section);
            return;
        }
        let (name, value) = text.split_once(separators).unwrap_or((text, ""));
        let (name, value, section) = (name.trim().to_owned(), value.trim().to_owned(), section.clone());
        setting = Setting { number, section, name, value };
    });
    give(found, &mut setting, &mut each);
}

fn give(found: &mut Found, setting: &mut Setting, each: &mut impl FnMut(&mut Found, Setting)) {
    let setting = std::mem::take(setting);
    if !setting.name.is_empty() {
        each(found, setting);
    }
}
