use std::time::Duration;

use askama::Template;

use super::lifetime;
use super::page::Policy;
use super::{Frame, Interaction, Localized, Markdown, Name, Page};

/// The question whether an application may have access: `GET /consent`.
///
/// `POST /consent` with `txn`, `csrf` and `action` (`accept` or `decline`).
#[derive(Clone, Copy, Template)]
#[template(path = "consent.html")]
pub struct Consent<'a> {
    /// The page's surroundings, with the service that asks.
    pub frame: Frame<'a>,
    /// The login that this is part of.
    pub interaction: Interaction<'a>,
    /// What access is asked for.
    pub scopes: &'a [ConsentScope],
    /// How long it lasts.
    pub lifetime: Duration,
}

/// A scope as a person reads it.
#[derive(Clone, Debug)]
pub struct ConsentScope {
    /// `description`
    pub description: Localized<Name>,
    /// `long_description`
    pub long_description: Option<Localized<Markdown>>,
}

impl Consent<'_> {
    /// The page.
    pub fn page(&self) -> Page {
        Page::new(self, &self.frame, &Policy::of(&self.interaction))
    }

    fn duration(&self) -> String {
        lifetime::in_words(self.lifetime, self.frame.text)
    }
}
