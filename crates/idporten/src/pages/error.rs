use askama::Template;
use http::StatusCode;

use super::page::Policy;
use super::texts::Texts;
use super::{Frame, Page};

/// Says what went wrong, and what the person can do.
#[derive(Clone, Copy, Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage<'a> {
    /// The page's surroundings, with the service if it is known.
    pub frame: Frame<'a>,
    /// What went wrong.
    pub kind: ErrorKind,
    /// The request's id, which is in the log too.
    pub reference: &'a str,
    /// When, as RFC 3339 writes it.
    pub time: &'a str,
    /// What developers want to know.
    pub details: Option<ErrorDetails<'a>>,
}

/// What a person is told of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The service's request cannot be answered.
    Request,
    /// The person may not log in.
    Forbidden,
    /// The service wants a Norwegian identity number, and none was found.
    NoMatch,
    /// There is no such page.
    NotFound,
    /// The login took too long, was finished already, or was begun from a bookmark.
    Expired,
    /// There is no session to log out of.
    NoSession,
    /// A rate limit.
    TooMany,
    /// Our own fault.
    Failure,
    /// Something that we need is away for now.
    Unavailable,
}

/// What is shown to developers. None of it may be a secret, a token or an identity number.
#[derive(Clone, Copy, Debug)]
pub struct ErrorDetails<'a> {
    /// OAuth `error`.
    pub error: &'a str,
    /// OAuth `error_description`.
    pub description: &'a str,
    /// `client_id`, if it is registered.
    pub client_id: Option<&'a str>,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Request,
        Self::Forbidden,
        Self::NoMatch,
        Self::NotFound,
        Self::Expired,
        Self::NoSession,
        Self::TooMany,
        Self::Failure,
        Self::Unavailable,
    ];

    /// The status to answer with.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Request | Self::NoSession => StatusCode::BAD_REQUEST,
            Self::Forbidden | Self::NoMatch => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Expired => StatusCode::GONE,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Failure => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn title(self, text: Texts) -> &'static str {
        match self {
            Self::NotFound => text.error_notfound(),
            Self::Expired => text.error_expired(),
            Self::Request
            | Self::Forbidden
            | Self::NoMatch
            | Self::NoSession
            | Self::TooMany
            | Self::Failure
            | Self::Unavailable => text.error_title(),
        }
    }

    /// What happened, unless the title says it.
    fn happened(self, text: Texts) -> Option<&'static str> {
        match self {
            Self::Request => Some(text.error_request()),
            Self::Forbidden => Some(text.error_forbidden()),
            Self::NoMatch => Some(text.error_nomatch()),
            Self::NotFound | Self::Expired => None,
            Self::NoSession => Some(text.error_nosession()),
            Self::TooMany => Some(text.error_toomany()),
            Self::Failure => Some(text.error_failure()),
            Self::Unavailable => Some(text.error_unavailable()),
        }
    }

    /// What the person can do, if anything.
    fn advice(self, text: Texts) -> Option<&'static str> {
        match self {
            Self::Request | Self::NotFound | Self::Expired => Some(text.error_bookmark()),
            Self::Forbidden | Self::NoMatch => Some(text.error_forbidden_advice()),
            Self::NoSession => None,
            Self::TooMany | Self::Failure | Self::Unavailable => Some(text.error_wait()),
        }
    }
}

impl ErrorPage<'_> {
    /// The page.
    pub fn page(&self) -> Page {
        Page::new(self, &self.frame, &Policy::default())
    }
}
