//! The comments of `src/capi`, taken apart: paragraphs, lists and code, then `@param` and `@return`, and
//! the last paragraph with thread safety and version. Also their printing, folded to the page's width.

use std::fmt::Write;

/// The comment of one item.
#[derive(Default)]
pub struct Doc {
    /// What stands before the tags.
    pub body: Vec<Block>,
    /// The parameters in the order of their tags.
    pub params: Vec<(String, Vec<Block>)>,
    /// What is returned; empty for nothing.
    pub returns: Vec<Block>,
    /// Which threads may call.
    pub threads: String,
    /// The version that brought it.
    pub since: String,
}

/// A piece of prose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A paragraph, white space folded.
    Text(String),
    /// An item of a list.
    Item(String),
    /// A line that is kept as it is.
    Code(String),
}

impl Doc {
    /// Takes the lines of a comment apart.
    pub fn read(lines: &[String]) -> Self {
        let mut doc = Self::default();
        let mut section: Vec<&str> = Vec::new();
        let mut sections = Vec::new();
        for line in lines {
            if line.starts_with('@') || line.starts_with("Thread safety:") {
                sections.push(std::mem::take(&mut section));
            }
            section.push(line);
        }
        sections.push(section);
        for section in sections {
            let first = section.first().copied().unwrap_or_default();
            if let Some(rest) = first.strip_prefix("@param ") {
                let (name, text) = rest.trim().split_once(' ').unwrap_or((rest, ""));
                doc.params.push((name.to_owned(), blocks(text.trim(), &section[1..])));
            } else if let Some(rest) = first.strip_prefix("@return ") {
                doc.returns = blocks(rest, &section[1..]);
            } else if let Some(rest) = first.strip_prefix("Thread safety:") {
                let all = fold(std::iter::once(rest).chain(section[1..].iter().copied()));
                let (threads, since) = all.split_once("Since:").unwrap_or((&all, ""));
                doc.threads = threads.trim().to_owned();
                doc.since = since.trim().trim_end_matches('.').to_owned();
            } else {
                doc.body = blocks("", &section);
            }
        }
        doc
    }

    /// The first sentence.
    pub fn summary(&self) -> &str {
        let Some(Block::Text(first)) = self.body.first() else { return "" };
        match first.match_indices(". ").find(|(at, _)| first[at + 2..].starts_with(|c: char| !c.is_lowercase())) {
            Some((at, _)) => &first[..=at],
            None => first,
        }
    }

    /// The body as text, one paragraph or item a line.
    pub fn text(&self) -> String {
        text(&self.body)
    }
}

/// Blocks as text: one a line.
pub fn text(blocks: &[Block]) -> String {
    let lines = blocks.iter().map(|block| match block {
        Block::Text(text) | Block::Code(text) => text.clone(),
        Block::Item(text) => format!("- {text}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn fold<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// Paragraphs end at an empty line and where an item or code begins.
fn blocks(first: &str, rest: &[&str]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut fresh = true;
    for line in std::iter::once(first).chain(rest.iter().copied()) {
        let words = fold(std::iter::once(line));
        if words.is_empty() {
            fresh = true;
            continue;
        }
        match (words.strip_prefix("- "), blocks.last_mut()) {
            (Some(item), _) => blocks.push(Block::Item(item.to_owned())),
            (None, Some(Block::Text(text) | Block::Item(text))) if !fresh => {
                text.push(' ');
                text.push_str(&words);
            }
            (None, _) if line.starts_with("    ") && fresh => blocks.push(Block::Code(line.trim_end().to_owned())),
            (None, Some(Block::Code(_))) if line.starts_with("    ") => {
                blocks.push(Block::Code(line.trim_end().to_owned()));
            }
            (None, _) => blocks.push(Block::Text(words)),
        }
        fresh = false;
    }
    blocks
}

/// Lines of at most `width` characters: the first after `first`, the others after `hang` spaces.
pub fn wrap(text: &str, first: &str, hang: usize, width: usize) -> Vec<String> {
    let mut lines = vec![first.to_owned()];
    let mut empty = true;
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        if !empty && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(format!("{}{word}", " ".repeat(hang)));
        } else {
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
        }
        empty = false;
    }
    lines
}

/// The lines of blocks, with empty lines between paragraphs where `airy`.
pub fn lines(blocks: &[Block], first: &str, hang: usize, width: usize, airy: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let indent = " ".repeat(hang);
    for (i, block) in blocks.iter().enumerate() {
        let lead = if i == 0 { first } else { &indent };
        let before = i.checked_sub(1).map(|j| &blocks[j]);
        let alike = matches!(
            (before, block),
            (Some(Block::Item(_) | Block::Text(_)), Block::Item(_)) | (Some(Block::Code(_)), Block::Code(_))
        );
        if airy && i > 0 && !alike {
            lines.push(String::new());
        }
        match block {
            Block::Text(text) => lines.extend(wrap(text, lead, hang, width)),
            Block::Item(text) => lines.extend(wrap(text, &format!("{lead}- "), hang + 2, width)),
            Block::Code(text) => lines.push(format!("{lead}{text}")),
        }
    }
    lines
}

/// A comment of C around lines.
pub fn comment(lines: &[String]) -> String {
    let mut text = String::from("/**\n");
    for line in lines {
        let _ = writeln!(text, " * {line}");
    }
    text.push_str(" */\n");
    text.replace(" * \n", " *\n")
}
