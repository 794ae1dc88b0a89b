//! The companion APIs: what organizations and people are told about logins, and what they may end
//! (spec: companion-apis).
//!
//! [`Companion`] is the shell around pure decisions: [`bearer`] says what a token proves, and each
//! module beside it which records an answer holds. It stands beside the [`Provider`], whose tokens
//! it accepts, and also takes those of the machine-to-machine issuer.

mod authorizations;
pub mod bearer;
mod contacts;
mod history;
mod level;
mod recorded;
mod revoked;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

pub use self::authorizations::{AuthorizationFilter, ListedAuthorization, View};
pub use self::bearer::{Bearer, Holder};
pub use self::contacts::{Release, Told};
pub use self::history::history_eid;
pub use self::revoked::{MAX_REVOKED, RevokeList};
use super::port::LoginStore;
use super::provider::{Denied, Provider};
use super::record::{Identity, LoginPerson};
use super::refusal::{LoginRefusal, LoginRefusalCode};
use crate::ports::{GrantRegistry, Store};
use crate::signing::SigningKeys;

/// An entry is there within a second (spec: companion-apis §5), of which making the list takes a part.
const REVOKE_LIST_LIFETIME: Duration = Duration::from_millis(900);

/// What a [`Companion`] is made of.
#[derive(Clone)]
pub struct CompanionParts {
    /// The issuer of tokens of people, with everything that it knows.
    pub provider: Provider,
    /// The issuer of tokens of organizations; none if they are not accepted.
    pub machines: Option<MachineIssuer>,
    /// Where the audit log is.
    pub log: Arc<dyn Store>,
    /// Addresses and switches.
    pub settings: CompanionSettings,
}

/// The issuer whose tokens stand for organizations.
#[derive(Clone)]
pub struct MachineIssuer {
    /// `iss`, byte for byte.
    pub identifier: String,
    /// Its keys.
    pub keys: Arc<SigningKeys>,
}

/// How the companion APIs are run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompanionSettings {
    /// Where the APIs about logins are reached, without a slash at its end. Tokens with an `aud` must
    /// name it.
    pub api_base_url: String,
    /// The same of the contact registry.
    pub krr_base_url: String,
    /// Which of them are served.
    pub served: BTreeSet<Api>,
    /// Whether the contact registry keeps back how people are reached who may not be notified,
    /// whatever the scope (spec: companion-apis §6.6).
    pub filter_expired_contacts: bool,
    /// How long a revoke list that was made is given to whoever asks. What is revoked is in it no later.
    pub revoke_list_lifetime: Duration,
}

impl CompanionSettings {
    /// All of them at one address.
    pub fn at(base_url: &str) -> Self {
        Self {
            api_base_url: base_url.to_owned(),
            krr_base_url: base_url.to_owned(),
            served: Api::ALL.into(),
            filter_expired_contacts: false,
            revoke_list_lifetime: REVOKE_LIST_LIFETIME,
        }
    }
}

/// One of the APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Api {
    /// Authorizations of a person (spec: companion-apis §2).
    Authorizations,
    /// Their logins (§3).
    History,
    /// Whether they have lately logged in at the highest level (§4).
    AuthenticationLevel,
    /// Tokens that count no more (§5).
    RevokeList,
    /// The contact registry (§6).
    Contacts,
}

impl Api {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Authorizations,
        Self::History,
        Self::AuthenticationLevel,
        Self::RevokeList,
        Self::Contacts,
    ];
}

/// The use-cases of the companion APIs.
#[derive(Clone)]
pub struct Companion(Arc<CompanionParts>);

impl Companion {
    /// Puts the parts together.
    pub fn new(parts: CompanionParts) -> Self {
        Self(Arc::new(parts))
    }

    /// Addresses and switches.
    pub fn settings(&self) -> &CompanionSettings {
        &self.0.settings
    }

    /// Where an API is reached; the revoke list is at the issuer's own address.
    pub fn base_url(&self, api: Api) -> &str {
        let settings = self.settings();
        match api {
            Api::Authorizations | Api::History | Api::AuthenticationLevel => &settings.api_base_url,
            Api::RevokeList => &self.provider().issuer().identifier,
            Api::Contacts => &settings.krr_base_url,
        }
    }

    /// The issuer of tokens of people.
    pub fn provider(&self) -> &Provider {
        &self.0.provider
    }

    fn store(&self) -> &dyn LoginStore {
        self.provider().store()
    }

    fn registry(&self) -> &dyn GrantRegistry {
        self.provider().registry()
    }

    /// The person with this national identity number, if they have ever logged in.
    async fn known(&self, identity: &Identity) -> Result<Option<LoginPerson>, Denied> {
        Ok(self.store().find_person_by_identity(identity).await?)
    }
}

/// What the caller may not know of does not exist for them.
fn not_found() -> Denied {
    LoginRefusalCode::ResourceNotFound.into()
}

fn wrong_kind(wanted: &'static str) -> Denied {
    LoginRefusal::Detail(LoginRefusalCode::TokenOfWrongKind, wanted).into()
}
