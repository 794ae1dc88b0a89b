//! The Markdown subset of scope descriptions: `**bold**`, `*italic*`, paragraphs and links.
//!
//! A text is parsed into paragraphs of runs, which a template shows. HTML is never passed through:
//! whatever is not of the subset is text.

use super::name::is_invisible;
use super::{Plain, WebAddress};

/// More is cut off. Registered descriptions are shorter.
const MAX_CHARACTERS: usize = 8000;

/// A parsed text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Markdown {
    pub(super) paragraphs: Vec<Vec<Run>>,
}

/// Characters that look alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) text: String,
    pub(super) style: Style,
    pub(super) link: Option<WebAddress>,
}

/// How a run looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) bold: bool,
    pub(super) italic: bool,
}

impl Markdown {
    /// Parses a text. Links lead to `https` addresses, and to `http` ones where `plain` says so; others
    /// are shown as they are written.
    pub fn parse(text: &str, plain: Plain) -> Self {
        let text: String = text
            .chars()
            .filter(|character| *character == '\n' || !is_invisible(*character))
            .take(MAX_CHARACTERS)
            .collect();
        let paragraphs = text
            .split('\n')
            .map(str::trim)
            .collect::<Vec<_>>()
            .split(|line| line.is_empty())
            .filter(|lines| !lines.is_empty())
            .map(|lines| Paragraph::parse(&lines.join(" "), plain))
            .collect();
        Self { paragraphs }
    }
}

/// A paragraph that is being parsed.
struct Paragraph<'a> {
    rest: &'a str,
    plain: Plain,
    style: Style,
    runs: Vec<Run>,
}

impl<'a> Paragraph<'a> {
    fn parse(text: &'a str, plain: Plain) -> Vec<Run> {
        let mut paragraph = Self {
            rest: text,
            plain,
            style: Style::default(),
            runs: Vec::new(),
        };
        while paragraph.step() {}
        paragraph.runs
    }

    /// Reads a marker, a link or a character.
    fn step(&mut self) -> bool {
        let Some(character) = self.rest.chars().next() else {
            return false;
        };
        let marker = self.bold() || self.italic() || self.link();
        if !marker {
            let (text, rest) = self.rest.split_at(character.len_utf8());
            self.rest = rest;
            self.push(text, None);
        }
        true
    }

    fn bold(&mut self) -> bool {
        let Some(rest) = self.rest.strip_prefix("**") else {
            return false;
        };
        if !self.style.bold && !opens(rest, "**") {
            return false;
        }
        self.style.bold = !self.style.bold;
        self.rest = rest;
        true
    }

    fn italic(&mut self) -> bool {
        let Some(rest) = self.rest.strip_prefix('*') else {
            return false;
        };
        // Two would be bold, and are not, or `bold` had taken them.
        let single = !rest.starts_with('*');
        if !single || !self.style.italic && !opens(rest, "*") {
            return false;
        }
        self.style.italic = !self.style.italic;
        self.rest = rest;
        true
    }

    fn link(&mut self) -> bool {
        let Some((label, address, rest)) = link(self.rest) else {
            return false;
        };
        let Some(address) = WebAddress::parse(address, self.plain) else {
            return false;
        };
        self.push(label, Some(address));
        self.rest = rest;
        true
    }

    fn push(&mut self, text: &str, link: Option<WebAddress>) {
        match self.runs.last_mut() {
            Some(run) if run.style == self.style && run.link.is_none() && link.is_none() => {
                run.text.push_str(text);
            }
            _ => self.runs.push(Run {
                text: text.to_owned(),
                style: self.style,
                link,
            }),
        }
    }
}

/// Whether something follows that the same marker ends.
fn opens(rest: &str, marker: &str) -> bool {
    let begins = rest.starts_with(|character: char| !character.is_whitespace());
    begins && rest.find(marker).is_some_and(|end| end > 0)
}

/// The label and the address of a link that a text begins with, and what follows it.
fn link(text: &str) -> Option<(&str, &str, &str)> {
    let (label, rest) = text.strip_prefix('[')?.split_once("](")?;
    let (address, rest) = rest.split_once(')')?;
    let label_is_text = !label.trim().is_empty() && !label.contains(['[', ']']);
    label_is_text.then_some((label, address, rest))
}

#[cfg(test)]
mod tests;
