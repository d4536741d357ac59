//! What `include/tofu.h` declares, read back from its text: every export with its parameters and the
//! words of its comment. Used by the header test and by the generator of the NULL walk.

/// One parameter of an export.
pub struct Param {
    /// Its type as written, `const tofu_cert *`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its `@param` text, white space folded; empty when there is none.
    pub doc: String,
}

impl Param {
    /// Whether it is a pointer of any depth, or a callback.
    pub fn is_pointer(&self) -> bool {
        self.kind.contains('*') || self.kind.ends_with("_fn")
    }
    /// Whether its comment lets it be NULL.
    pub fn may_be_null(&self) -> bool {
        self.doc.contains("may be NULL")
    }
    /// Whether its comment forbids NULL.
    pub fn must_not_be_null(&self) -> bool {
        self.doc.contains("must not be NULL")
    }
}

/// One export.
pub struct Export {
    /// Its name.
    pub name: String,
    /// What it returns, as written.
    pub returns: String,
    /// Its parameters in order.
    pub params: Vec<Param>,
    /// Its comment, without the decoration.
    pub doc: String,
}

impl Export {
    /// Whether it can fail and takes `tofu_error **err`.
    pub fn is_fallible(&self) -> bool {
        self.params.last().is_some_and(|p| p.name == "err")
    }
}

/// Every export of the header, in its order.
pub fn exports(header: &str) -> Vec<Export> {
    let mut exports = Vec::new();
    let (mut comment, mut declaration) = (String::new(), String::new());
    let (mut in_comment, mut in_typedef) = (false, false);
    for line in header.lines().map(str::trim) {
        if in_comment || line.starts_with("/*") {
            if line.starts_with("/*") {
                comment.clear();
            }
            let text = line.trim_start_matches('/').trim_start_matches('*').trim_end_matches("*/").trim();
            comment.push_str(text);
            comment.push('\n');
            in_comment = !line.ends_with("*/");
        } else if in_typedef || line.starts_with("typedef") {
            in_typedef = !line.ends_with(';');
            declaration.clear();
        } else if line.is_empty() || line.starts_with('#') || line.starts_with("extern") {
            declaration.clear();
        } else {
            declaration.push_str(line);
            declaration.push(' ');
            if line.ends_with(';') {
                exports.extend(export(&declaration, &comment));
                declaration.clear();
            }
        }
    }
    exports
}

fn export(declaration: &str, comment: &str) -> Option<Export> {
    let (head, tail) = declaration.split_once('(')?;
    let (returns, name) = split_name(head);
    let list = tail.rsplit_once(')')?.0.trim();
    let params = list.split(',').map(str::trim).filter(|p| !p.is_empty() && *p != "void").map(|param| {
        let (kind, name) = split_name(param);
        Param { doc: tag(comment, &format!("@param {name} ")), kind, name }
    });
    Some(Export { params: params.collect(), name, returns, doc: comment.to_owned() })
}

/// `const char *host` is the type `const char *` and the name `host`.
fn split_name(declared: &str) -> (String, String) {
    let declared = declared.trim().replace("struct ", "");
    let start = declared.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_').map_or(0, |i| i + 1);
    (declared[..start].trim().to_owned(), declared[start..].to_owned())
}

/// The text of a tag up to the next one or the next empty line, white space folded.
pub fn tag(comment: &str, tag: &str) -> String {
    let Some((_, rest)) = comment.split_once(tag) else { return String::new() };
    let lines = rest.lines().enumerate().take_while(|(i, l)| *i == 0 || !(l.is_empty() || l.starts_with('@')));
    lines.flat_map(|(_, l)| l.split_whitespace()).collect::<Vec<_>>().join(" ")
}
