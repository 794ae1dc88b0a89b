use askama::Template;

use super::page::Policy;
use super::texts::Texts;
use super::{EidOption, Frame, Interaction, Page};

/// The choice between ways to log in: `GET /login`.
///
/// Each is a link. The form is `POST /login` with `txn`, `csrf` and `action` = `cancel`.
#[derive(Clone, Copy, Template)]
#[template(path = "selector.html")]
pub struct Selector<'a> {
    /// The page's surroundings.
    pub frame: Frame<'a>,
    /// The login that this is part of.
    pub interaction: Interaction<'a>,
    /// The ways that the request accepts, in the order in which they are shown.
    pub options: &'a [EidOption],
    /// What came of the attempt that was just made.
    pub setback: Option<Setback>,
}

/// Why somebody chooses again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setback {
    /// The login was not completed.
    Failed,
    /// The service wants a Norwegian identity number, and none was found.
    NoMatch,
}

impl Setback {
    fn text(self, text: Texts) -> &'static str {
        match self {
            Self::Failed => text.login_failed(),
            Self::NoMatch => text.error_nomatch(),
        }
    }
}

impl Selector<'_> {
    /// The page.
    pub fn page(&self) -> Page {
        Page::new(self, &self.frame, &Policy::of(&self.interaction))
    }
}
