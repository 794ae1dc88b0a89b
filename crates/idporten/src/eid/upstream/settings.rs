//! How another OpenID provider is used.

use std::collections::BTreeMap;
use std::fmt;

use portvakt_core::login::Acr;
use portvakt_core::login::acr::Framework;
use portvakt_jose::Signer;
use portvakt_oauth_types::transport;
use url::Url;

/// The longest id, in characters.
const MAX_ID: usize = 32;
/// Ids of ways to log in that are built in.
const TAKEN: [&str; 3] = ["testid", "eidas", "email"];

/// Another OpenID provider, which logs people in for this one.
#[derive(Clone)]
pub struct UpstreamSettings {
    /// Names it in addresses and records: lower-case letters, digits and hyphens.
    pub id: String,
    /// What the selector calls it.
    pub name: String,
    /// Its issuer, compared byte for byte.
    pub issuer: String,
    /// What it knows this server by.
    pub client_id: String,
    /// How this server proves itself.
    pub authentication: UpstreamAuthentication,
    /// Scopes to ask for beside `openid`.
    pub scopes: Vec<String>,
    /// How it sends the browser back.
    pub response_mode: UpstreamResponseMode,
    /// What its levels are here. They are asked for by their names there, and another one is refused.
    pub acr: BTreeMap<String, Acr>,
    /// What its methods are called in tokens of this server.
    pub amr: BTreeMap<String, String>,
    /// What a method is called that is not among those.
    pub default_amr: String,
    /// The claim of its id tokens that holds the national identity number.
    pub pid_claim: String,
}

/// How this server proves itself to another provider.
#[derive(Clone)]
pub enum UpstreamAuthentication {
    /// `client_secret_basic`
    Secret(String),
    /// `private_key_jwt`
    Key {
        /// The key.
        signer: Signer,
        /// Its id there.
        key_id: String,
    },
}

/// How another provider sends the browser back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpstreamResponseMode {
    /// With parameters in the address.
    #[default]
    Query,
    /// With a form.
    FormPost,
}

/// Secrets stay out of sight.
impl fmt::Debug for UpstreamSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "UpstreamSettings({} at {})",
            self.id, self.issuer
        )
    }
}

/// Settings that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUpstream {
    /// The id.
    #[error(
        "id must be 1 to 32 lower-case letters, digits or hyphens, and none of testid, eidas and email"
    )]
    Id,
    /// The issuer.
    #[error("issuer must be an https address, or http on this machine, without query or fragment")]
    Issuer,
    /// The levels.
    #[error("acr must map at least one value, each to a level of idporten-loa-*")]
    Acr,
    /// The client, the name, the claim or a method.
    #[error("{0} must not be empty")]
    Empty(&'static str),
}

impl UpstreamSettings {
    pub(super) fn check(&self) -> Result<(), InvalidUpstream> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let id = &self.id;
        if !(1..=MAX_ID).contains(&id.len())
            || !id.bytes().all(allowed)
            || TAKEN.contains(&id.as_str())
        {
            return Err(InvalidUpstream::Id);
        }
        if !is_issuer(&self.issuer) {
            return Err(InvalidUpstream::Issuer);
        }
        let mut levels = self.acr.values();
        if self.acr.is_empty() || !levels.all(|acr| acr.framework() == Framework::Idporten) {
            return Err(InvalidUpstream::Acr);
        }
        for (name, value) in [
            ("name", &self.name),
            ("client_id", &self.client_id),
            ("pid_claim", &self.pid_claim),
            ("default_amr", &self.default_amr),
        ] {
            if value.trim().is_empty() {
                return Err(InvalidUpstream::Empty(name));
            }
        }
        Ok(())
    }

    /// What a method is called here.
    pub(super) fn method(&self, theirs: &[String]) -> &str {
        let known = theirs.iter().find_map(|method| self.amr.get(method));
        known.unwrap_or(&self.default_amr)
    }
}

fn is_issuer(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let plain = url.query().is_none() && url.fragment().is_none();
    plain && is_protected(&url)
}

/// Protected on its way, and without a name or a password in it.
pub(super) fn is_protected(url: &Url) -> bool {
    let anonymous = url.username().is_empty() && url.password().is_none();
    anonymous && transport::is_protected(url)
}
