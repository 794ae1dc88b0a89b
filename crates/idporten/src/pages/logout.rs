//! Pages of logging out.

use std::fmt;

use askama::Template;

use super::page::Policy;
use super::{Frame, Interaction, LocalPath, Name, Page, ReturnAddress, WebAddress};

/// How long services have to hear of the logout, in seconds.
const PATIENCE: u32 = 5;

/// Tells every service of the session that it has ended, in frames that are not seen, and goes on when
/// all have answered, at latest after five seconds.
#[derive(Clone, Copy, Template)]
#[template(path = "logout_progress.html")]
pub struct LogoutProgress<'a> {
    /// The page's surroundings.
    pub frame: Frame<'a>,
    /// The services to tell.
    pub services: &'a [Notified],
    /// Where to go then.
    pub onward: &'a Onward,
    /// Who has been logged out.
    pub of: LogoutOf,
}

/// Who has been logged out, as the person before the page sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutOf {
    /// They themselves.
    Oneself,
    /// Whoever was logged in in this browser before them.
    Former,
}

/// A service that is told of a logout.
#[derive(Clone, Debug)]
pub struct Notified {
    /// Its name.
    pub name: Name,
    /// `frontchannel_logout_uri`, with the parameters that it asks for.
    pub address: WebAddress,
}

/// Where a logout leads.
#[derive(Clone, Debug)]
pub enum Onward {
    /// To a page of ours.
    Here(LocalPath),
    /// To a registered `post_logout_redirect_uri`, with `state`.
    Service(ReturnAddress),
}

impl fmt::Display for Onward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here(path) => path.fmt(f),
            Self::Service(address) => address.fmt(f),
        }
    }
}

impl LogoutProgress<'_> {
    fn title(&self) -> &'static str {
        match self.of {
            LogoutOf::Oneself => self.frame.text.logout_progress(),
            LogoutOf::Former => self.frame.text.logout_former(),
        }
    }

    /// The page.
    pub fn page(&self) -> Page {
        let origins = self.services.iter();
        let policy = Policy {
            frames: origins
                .filter_map(|service| service.address.origin())
                .collect(),
            ..Policy::default()
        };
        Page::new(self, &self.frame, &policy)
    }
}

/// Says that the person is logged out.
#[derive(Clone, Copy, Template)]
#[template(path = "logged_out.html")]
pub struct LoggedOut<'a> {
    /// The page's surroundings. With a service if the person may return to it.
    pub frame: Frame<'a>,
    /// A registered `post_logout_redirect_uri` of that service.
    pub return_to: Option<&'a ReturnAddress>,
}

impl LoggedOut<'_> {
    /// The page.
    pub fn page(&self) -> Page {
        Page::new(self, &self.frame, &Policy::default())
    }
}

/// Asks whether the person wants to be logged out, where it is not certain.
///
/// `POST /logout` with `txn`, `csrf` and `action` (`logout` or `cancel`).
#[derive(Clone, Copy, Template)]
#[template(path = "logout_confirmation.html")]
pub struct LogoutConfirmation<'a> {
    /// The page's surroundings.
    pub frame: Frame<'a>,
    /// The logout that is asked for.
    pub interaction: Interaction<'a>,
    /// Whether the request was to log out somebody else than is logged in here.
    pub other_person: bool,
}

impl LogoutConfirmation<'_> {
    /// The page.
    pub fn page(&self) -> Page {
        Page::new(self, &self.frame, &Policy::of(&self.interaction))
    }
}

/// Says that the person did not log out.
#[derive(Clone, Copy, Template)]
#[template(path = "still_logged_in.html")]
pub struct StillLoggedIn<'a> {
    /// The page's surroundings. With the service that asked for the logout, if it is known.
    pub frame: Frame<'a>,
}

impl StillLoggedIn<'_> {
    /// The page.
    pub fn page(&self) -> Page {
        Page::new(self, &self.frame, &Policy::default())
    }
}
