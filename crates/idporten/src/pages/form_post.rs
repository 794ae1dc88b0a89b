use askama::Template;

use super::page::Policy;
use super::{Frame, Nonce, Page, ReturnAddress};

/// Carries an authorization response to the client in a form (OAuth 2.0 Form Post Response Mode). It
/// is sent by a script, or with a button.
#[derive(Clone, Copy, Template)]
#[template(path = "form_post.html")]
pub struct FormPost<'a> {
    /// The page's surroundings, with the service that the person returns to.
    pub frame: Frame<'a>,
    /// The redirect URI.
    pub action: &'a ReturnAddress,
    /// The parameters of the response, in their order.
    pub fields: &'a [(&'a str, &'a str)],
    /// Lets the script run.
    pub nonce: &'a Nonce,
}

impl FormPost<'_> {
    /// The page.
    pub fn page(&self) -> Page {
        let policy = Policy {
            form_targets: vec![self.action.origin()],
            nonce: Some(self.nonce),
            ..Policy::default()
        };
        Page::new(self, &self.frame, &policy)
    }
}
