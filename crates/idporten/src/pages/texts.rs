//! The pages' own texts, in every language. `texts/*.json` has them, the build script makes one
//! function of each.

use std::fmt;

use super::Language;

/// The texts of one language.
#[derive(Clone, Copy, Debug)]
pub(super) struct Texts(Language);

include!(concat!(env!("OUT_DIR"), "/texts.rs"));

impl Texts {
    pub(super) fn of(language: Language) -> Self {
        Self(language)
    }

    /// Takes the choice for this language of those in the order that the build script writes.
    pub(super) fn choose<T>(self, [nb, nn, en, se]: [T; 4]) -> T {
        match self.0 {
            Language::Bokmal => nb,
            Language::Nynorsk => nn,
            Language::English => en,
            Language::NorthernSami => se,
        }
    }
}

/// A piece of a text with a placeholder.
#[derive(Clone, Copy, Debug)]
enum Part {
    Literal(&'static str),
    Placeholder,
}

/// A text together with the value of its placeholder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    parts: &'static [Part],
    value: &'a str,
}

/// A piece of a [`Message`] as it is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a> {
    pub(crate) text: &'a str,
    /// Whether it is the value, and no text of ours.
    pub(crate) given: bool,
}

impl<'a> Message<'a> {
    fn new(parts: &'static [Part], value: &'a str) -> Self {
        Self { parts, value }
    }

    /// The pieces in their order, for a template that emphasizes the value.
    pub(crate) fn pieces(self) -> impl Iterator<Item = Piece<'a>> {
        self.parts.iter().map(move |part| match part {
            Part::Literal(text) => Piece { text, given: false },
            Part::Placeholder => Piece {
                text: self.value,
                given: true,
            },
        })
    }
}

impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces().try_for_each(|piece| f.write_str(piece.text))
    }
}
