//! Pages of the built-in login with an address of e-mail.

use askama::Template;

use super::page::Policy;
use super::texts::Texts;
use super::{Frame, Interaction, Page};

/// The form for an address.
///
/// `POST /login/email` with the fields `txn`, `csrf`, `email` and `action` (`send` or `cancel`). An
/// element's id is the name of its field; of `action` the ids are `action-send` and so on.
#[derive(Clone, Copy, Template)]
#[template(path = "email_address.html")]
pub struct EmailAddressPage<'a> {
    /// The page's surroundings.
    pub frame: Frame<'a>,
    /// The login that this is part of.
    pub interaction: Interaction<'a>,
    /// What the field holds at first.
    pub email: &'a str,
    /// Why the form is shown again.
    pub error: Option<EmailError>,
}

/// The form for the code that was made for the address.
///
/// `POST /login/email` with the fields `txn`, `csrf`, `code` and `action` (`login`, `back` or `cancel`).
#[derive(Clone, Copy, Template)]
#[template(path = "email_code.html")]
pub struct EmailCode<'a> {
    /// The page's surroundings.
    pub frame: Frame<'a>,
    /// The login that this is part of.
    pub interaction: Interaction<'a>,
    /// The code, which the test login shows instead of sending it.
    pub shown: Option<&'a str>,
    /// Why the form is shown again.
    pub error: Option<EmailError>,
}

/// What was wrong with what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailError {
    /// It is no address.
    Address,
    /// It is not the code.
    Code,
    /// The code counts no more.
    Over,
}

impl EmailError {
    fn text(self, text: Texts) -> &'static str {
        match self {
            Self::Address => text.email_error_address(),
            Self::Code => text.email_error_code(),
            Self::Over => text.email_error_over(),
        }
    }
}

impl EmailAddressPage<'_> {
    /// The page.
    pub fn page(&self) -> Page {
        Page::new(self, &self.frame, &Policy::of(&self.interaction))
    }
}

impl EmailCode<'_> {
    /// The page.
    pub fn page(&self) -> Page {
        Page::new(self, &self.frame, &Policy::of(&self.interaction))
    }
}
