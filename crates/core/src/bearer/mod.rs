//! Who calls with an access token of our own issuer (spec: selfservice §3.1, maskinporten §15.1).
//!
//! The organization comes from `consumer` alone; `client_id` and `supplier` are for the log. A
//! claim that the judgment needs and that is missing or of another form refuses the token.

use portvakt_jose::{JwkSet, JwtError, verify_jwt};
use serde_json::{Map, Value};

use crate::client::ClientId;
use crate::clock::Timestamp;
use crate::grant::{CLIENT_AMR_REGISTERED_KEY, Sender};
use crate::organization::{IDENTIFIER_AUTHORITY, OrgNumber};
use crate::scope::ScopeToken;

/// How long after `exp` a token still counts, in seconds.
const LEEWAY_SECONDS: u32 = 10;

/// What `aud` may say when the token is for no API in particular.
pub(crate) const UNRESTRICTED: &str = "unspecified";

/// What an API asks of the tokens that it accepts.
#[derive(Clone, Copy, Debug)]
pub struct BearerPolicy<'a> {
    /// The only issuer, byte for byte.
    pub issuer: &'a str,
    /// Where the API is reached. A token that has an `aud` names an address below one of them.
    pub base_urls: &'a [String],
    /// Refuses clients that authenticated with a registered key (`administration_requires_certificate`).
    pub requires_certificate: bool,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The organization whose resources the caller administers; `consumer`.
    pub organization: OrgNumber,
    /// Who acts for it, if somebody does; for the log.
    pub supplier: Option<OrgNumber>,
    /// The client; for the log.
    pub client_id: String,
    /// How the client authenticated.
    pub client_amr: String,
    /// What the token is good for.
    pub scopes: Vec<ScopeToken>,
}

impl Caller {
    /// The caller that a token proves, if it proves one at `now`.
    pub fn authenticate(
        token: &str,
        keys: &JwkSet,
        policy: BearerPolicy<'_>,
        now: Timestamp,
    ) -> Result<Self, BearerError> {
        let claims = verify_jwt(token, keys, now.seconds(), LEEWAY_SECONDS)?;
        check_token(&claims, policy)?;
        let caller = Self::of_claims(&claims)?;
        if policy.requires_certificate && caller.client_amr == CLIENT_AMR_REGISTERED_KEY {
            return Err(BearerError::CertificateRequired);
        }
        Ok(caller)
    }

    /// The caller whom the claims of a token name that was verified, of either of our issuers.
    pub(crate) fn of_claims(claims: &Map<String, Value>) -> Result<Self, BearerError> {
        Ok(Self {
            organization: organization(claims, "consumer")?.ok_or(missing("consumer"))?,
            supplier: organization(claims, "supplier")?,
            client_id: text(claims, "client_id")?.to_owned(),
            client_amr: text(claims, "client_amr")?.to_owned(),
            scopes: scopes(text(claims, "scope")?)?,
        })
    }

    /// The client, whether or not it is the one that asks; none if the token names none that could be.
    pub(crate) fn sender(&self, is_proven: bool) -> Option<Sender> {
        Some(Sender {
            client_id: ClientId::parse(&self.client_id).ok()?,
            client_orgno: self.organization,
            supplier_orgno: self.supplier,
            is_proven,
        })
    }

    /// Whether the token has this scope. No scope implies another here.
    pub fn has_scope(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.as_str() == name)
    }
}

fn check_token(claims: &Map<String, Value>, policy: BearerPolicy<'_>) -> Result<(), BearerError> {
    if text(claims, "iss")? != policy.issuer {
        return Err(BearerError::Issuer);
    }
    if text(claims, "token_type")? != "Bearer" {
        return Err(missing("token_type"));
    }
    // A token bound to a key proves nothing without that proof (RFC 9449 §7.1).
    if claims.contains_key("cnf") {
        return Err(BearerError::Bound);
    }
    if is_meant_for(claims.get("aud"), policy.base_urls) {
        Ok(())
    } else {
        Err(BearerError::Audience)
    }
}

fn is_meant_for(audience: Option<&Value>, base_urls: &[String]) -> bool {
    let ours = |value: &Value| {
        value
            .as_str()
            .is_some_and(|url| base_urls.iter().any(|base| is_below(url, base)))
    };
    match audience {
        None => true,
        Some(Value::Array(elements)) => elements.iter().any(ours),
        Some(single) => single == UNRESTRICTED || ours(single),
    }
}

/// Whether `url` begins with `base` and goes on in another part of the path, if at all.
fn is_below(url: &str, base: &str) -> bool {
    let base = base.trim_end_matches('/');
    let rest = url.strip_prefix(base);
    !base.is_empty()
        && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
}

fn text<'a>(claims: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, BearerError> {
    claims
        .get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .ok_or(missing(name))
}

fn organization(
    claims: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<OrgNumber>, BearerError> {
    let Some(claim) = claims.get(name) else {
        return Ok(None);
    };
    let id = claim["ID"].as_str().unwrap_or_default();
    // Verifiers compare the whole identifier: nine digits alone are another register's.
    match OrgNumber::parse(id) {
        Ok(number) if claim["authority"] == IDENTIFIER_AUTHORITY && number.iso6523() == id => {
            Ok(Some(number))
        }
        _ => Err(missing(name)),
    }
}

fn scopes(claim: &str) -> Result<Vec<ScopeToken>, BearerError> {
    let scopes = claim.split(' ').map(ScopeToken::parse);
    scopes
        .collect::<Result<_, _>>()
        .map_err(|_| missing("scope"))
}

fn missing(claim: &'static str) -> BearerError {
    BearerError::Claim(claim)
}

/// Why a request proves no caller. No message holds anything of the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BearerError {
    /// No token was sent.
    #[error("an access token is required")]
    Missing,
    /// Something else than one bearer token was sent (RFC 6750 §2.1).
    #[error("the Authorization header does not hold one bearer token")]
    Malformed,
    /// The token is not ours, or not valid now.
    #[error(transparent)]
    Token(#[from] JwtError),
    /// `iss` is another issuer.
    #[error("the token is from another issuer")]
    Issuer,
    /// `aud` names other APIs only.
    #[error("the token is for another API: see its aud")]
    Audience,
    /// The token is bound to a key of which no proof was sent.
    #[error("the token is bound to a key, which is not supported here")]
    Bound,
    /// A claim is missing or of another form than ours.
    #[error("{0} of the token is missing or not understood")]
    Claim(&'static str),
    /// The organization, or its supplier, is deactivated: its tokens live on for a moment, its
    /// rights do not. For whoever looks organizations up.
    #[error("the organization of the token is deactivated")]
    Deactivated,
    /// The client must authenticate with the organization's certificate.
    #[error("administration requires a client that authenticates with a business certificate")]
    CertificateRequired,
}

#[cfg(test)]
mod tests;
