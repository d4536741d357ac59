//! What the C ABI declares, as data: read from the sources in `src/capi` ([`read`]), put into the order
//! of the table in [`nouns`], and written as the header ([`header`]), as its twins for other languages
//! ([`ffi`], [`json`]), and as programs for C that try every function.

pub mod doc;
pub mod facts;
pub mod ffi;
pub mod header;
pub mod json;
pub mod nouns;
pub mod read;

use doc::Doc;
use nouns::Noun;

/// Everything that is declared, in the order of the header.
pub struct Model {
    /// The version of the package, "0.1.0".
    pub version: String,
    /// The nouns with what belongs to them.
    pub chapters: Vec<Chapter>,
    /// What has no place in the table of nouns, or is used by no function.
    pub strays: Vec<String>,
}

/// One noun: the functions that deal with one thing, and what they need.
pub struct Chapter {
    pub noun: &'static Noun,
    /// Constants that belong to no family, as those of the version.
    pub loose: Vec<Constant>,
    pub types: Vec<Opaque>,
    /// Families of constants, each in the chapter of the first function that takes or returns it.
    pub families: Vec<Family>,
    pub callbacks: Vec<Callback>,
    pub functions: Vec<Export>,
}

/// A type of which C sees pointers only.
pub struct Opaque {
    pub name: String,
    pub doc: Doc,
}

/// A named integer type and the constants that are its values.
pub struct Family {
    pub name: String,
    /// The integer type, as C writes it.
    pub underlying: String,
    pub doc: Doc,
    pub constants: Vec<Constant>,
}

impl Family {
    /// Whether its constants are bits to be combined.
    pub fn is_flags(&self) -> bool {
        self.underlying.starts_with("uint")
    }
}

/// A number with a name.
pub struct Constant {
    pub name: String,
    pub value: Value,
    pub doc: Doc,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Value {
    Number(i64),
    /// The greatest size_t, which depends on the machine.
    SizeMax,
}

/// The type of a function that the application hands over.
pub struct Callback {
    pub name: String,
    pub returns: String,
    pub params: Vec<Param>,
    pub doc: Doc,
}

/// One function of the library.
pub struct Export {
    pub name: String,
    /// What it returns, as C writes it.
    pub returns: String,
    pub params: Vec<Param>,
    pub doc: Doc,
    /// Whether it is hidden by TOFU_NO_SHORT_NAMES.
    pub is_short: bool,
}

impl Export {
    /// Whether it can fail and takes `tofu_error **err`.
    pub fn is_fallible(&self) -> bool {
        self.params.last().is_some_and(|p| p.name == "err")
    }
}

/// One parameter of a function.
pub struct Param {
    /// Its type as C writes it, `const tofu_cert *`.
    pub kind: String,
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
    /// Whether the function writes through it.
    pub fn is_out(&self) -> bool {
        let pointee = self.kind.trim_end_matches('*').trim();
        let writes_pointers = self.kind.ends_with("**");
        let writes_numbers = self.kind.ends_with('*') && !pointee.starts_with("const ") && !is_object(pointee);
        writes_pointers || (writes_numbers && pointee != "void")
    }
}

/// Whether a name of a type without pointer or const is that of an opaque type: the others are numbers.
fn is_object(name: &str) -> bool {
    name.starts_with("tofu_") && !name.ends_with("_fn") && name != "tofu_status"
}

impl Model {
    pub fn functions(&self) -> impl Iterator<Item = &Export> {
        self.chapters.iter().flat_map(|chapter| &chapter.functions)
    }
    pub fn families(&self) -> impl Iterator<Item = &Family> {
        self.chapters.iter().flat_map(|chapter| &chapter.families)
    }
    pub fn types(&self) -> impl Iterator<Item = &Opaque> {
        self.chapters.iter().flat_map(|chapter| &chapter.types)
    }
    pub fn callbacks(&self) -> impl Iterator<Item = &Callback> {
        self.chapters.iter().flat_map(|chapter| &chapter.callbacks)
    }
    /// All constants, each with the name of its family if it has one.
    pub fn constants(&self) -> impl Iterator<Item = (Option<&str>, &Constant)> {
        self.chapters.iter().flat_map(|chapter| {
            let loose = chapter.loose.iter().map(|constant| (None, constant));
            loose.chain(
                chapter
                    .families
                    .iter()
                    .flat_map(|family| family.constants.iter().map(|constant| (Some(family.name.as_str()), constant))),
            )
        })
    }
    /// The family of that name.
    pub fn family(&self, name: &str) -> Option<&Family> {
        self.families().find(|family| family.name == name)
    }
    /// The function that frees an object of a type, if C may free it.
    pub fn frees(&self, type_name: &str) -> Option<&str> {
        let wanted = format!("{type_name}_free");
        self.functions().find(|export| export.name == wanted).map(|export| export.name.as_str())
    }
    /// The list of exports for the linker and for reviewers, in order of bytes.
    pub fn symbols(&self) -> String {
        let mut names: Vec<&str> = self.functions().map(|export| export.name.as_str()).collect();
        names.sort_unstable();
        names.join("\n") + "\n"
    }
}

/// What the sources beside this test declare.
pub fn current() -> Model {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    read::model(&root.join("src/capi"), env!("CARGO_PKG_VERSION"))
}
