//! Who is told of what the surface does.

use portvakt_core::login::provider::Denied;

/// Hears of what the surface does, before it is answered: so it must be quick, and must not block.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn heard(&self, event: Event<'_>);
}

/// What happened.
#[derive(Clone, Copy)]
pub enum Event<'a> {
    /// A request was refused, to whomever it was told.
    Refused(&'a Denied),
    /// An eID provider came to an end with a person.
    Proved {
        /// The provider's id.
        eid: &'a str,
        /// The end.
        outcome: Outcome,
    },
    /// A browser brings its client an answer: a code, or why there is none.
    Answered,
    /// A client got tokens.
    Issued(Grant),
    /// A session was ended by its person.
    LoggedOut,
}

/// How a turn at an eID provider ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The person proved who they are.
    Completed,
    /// The person did not want to.
    Cancelled,
    /// It did not work out.
    Failed,
}

/// What tokens were issued for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// A code.
    AuthorizationCode,
    /// A refresh token.
    RefreshToken,
}

/// Nobody.
impl Observer for () {
    fn heard(&self, _: Event<'_>) {}
}
