//! Ways to log in, behind one port (spec: idporten §18.1).
//!
//! A provider is asked for an authentication and nothing else: it sees neither client nor scopes, and
//! what it keeps between two requests is in the login under way, so that any node can go on.

mod eidas;
mod email;
mod kept;
pub(crate) mod levels;
mod people;
mod testid;
mod upstream;

use async_trait::async_trait;
use portvakt_core::clock::Timestamp;
use portvakt_core::entropy::Entropy;
use portvakt_core::login::acr::{AcceptableSet, Acr};
use portvakt_core::login::locale::Locale;
use portvakt_core::login::provider::Proven;
use portvakt_oauth_types::Parameters;

pub use self::eidas::{EidasCountries, EidasProvider};
pub use self::email::EmailProvider;
pub use self::kept::Kept;
pub use self::people::{PeopleSource, RegistryPeople};
pub use self::testid::TestIdProvider;
pub use self::upstream::{
    HttpAnswer, HttpFault, InvalidUpstream, OutgoingHttp, UpstreamAuthentication, UpstreamProvider,
    UpstreamResponseMode, UpstreamSettings,
};

use crate::pages::{EidOption, Frame, Interaction, Language, Level, LocalPath, Page};

/// What is known of a provider before anybody uses it.
#[derive(Clone, Debug)]
pub struct Description {
    /// Names it in addresses and records.
    pub id: String,
    /// The levels that it can reach.
    pub levels: Vec<Acr>,
    /// Nobody real logs in with it, so that it cannot be enabled in production.
    pub test_only: bool,
}

/// A login that is under way at a provider.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The levels that satisfy the request.
    pub acceptable: &'a AcceptableSet,
    /// The language of the page.
    pub locale: Locale,
    /// The page's surroundings.
    pub frame: Frame<'a>,
    /// What forms need to come back.
    pub interaction: Interaction<'a>,
    /// A session that the provider itself has with the person does not suffice.
    pub force_fresh: bool,
    /// A test person whom the client would like to log in.
    pub test_person: Option<&'a str>,
    /// Further attributes of a foreign identity that the client asks for, by the names of their claims.
    pub attributes: &'a [String],
    /// The present.
    pub now: Timestamp,
    /// Randomness.
    pub entropy: &'a dyn Entropy,
}

/// What a provider wants next.
pub enum Turn {
    /// Show this page.
    Page(Box<Page>),
    /// Send the browser to this address, from where it comes back to the provider's callback.
    Redirect(String),
    /// The person proved who they are.
    Completed(Box<Proven>),
    /// The person does not want to.
    Cancelled,
    /// It did not work out; the person may choose another way. The cause is for the log: no secret, no
    /// person.
    Failed(String),
}

/// A way to log in.
#[async_trait]
pub trait EidProvider: Send + Sync {
    /// What it is.
    fn describe(&self) -> Description;

    /// How the selector offers it: up to this level, beginning at this address.
    fn option(&self, language: Language, level: Level, begins_at: LocalPath) -> EidOption;

    /// The first page. What was kept of an earlier beginning is still there.
    async fn begin(&self, context: Context<'_>, kept: &mut Kept) -> Turn;

    /// Goes on with what the person sent.
    async fn resume(&self, context: Context<'_>, kept: &mut Kept, form: &Parameters<'_>) -> Turn;

    /// Goes on with what the browser brought back from elsewhere, `GET /authorize/callback/{id}`. The
    /// parameter `state` begins with the handle of the login and a dot; the rest of it is the provider's to
    /// check.
    async fn return_from(
        &self,
        _context: Context<'_>,
        _kept: &mut Kept,
        _answer: &Parameters<'_>,
    ) -> Turn {
        Turn::Failed("nobody was sent elsewhere".to_owned())
    }
}
