use askama::Template;

use super::page::Policy;
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
    /// Whether one of them was just tried and failed.
    pub failed: bool,
}

impl Selector<'_> {
    /// The page.
    pub fn page(&self) -> Page {
        Page::new(self, &self.frame, &Policy::of(&self.interaction))
    }
}
