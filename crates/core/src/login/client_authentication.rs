//! How clients prove who they are (spec: idporten §9).
//!
//! The method that is registered is the only one that counts, at every endpoint. Outside the log,
//! nobody learns whether the client exists.

use portvakt_jose::{Jws, TrustStore};

use super::assertion::{AssertionClaims, AssertionFault, UsedOnce};
use super::issuer::LoginIssuer;
use super::refusal::{LoginRefusal, LoginRefusalCode};
use crate::client::{AuthenticationMethod, ClientId};
use crate::clock::Timestamp;
use crate::grant::proven_by;
use crate::ports::ClientRecord;

/// The only `client_assertion_type` (RFC 7523 §2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Names the kind in the ledger.
const KIND: &str = "client-assertion";

/// What a request shows. It has no `Debug`.
#[derive(Clone, Copy, Default)]
pub struct Credentials<'a> {
    /// The parameter `client_id`.
    pub client_id: Option<&'a str>,
    /// Client id and secret of the `Authorization` header, decoded.
    pub basic: Option<(&'a str, &'a str)>,
    /// The parameter `client_secret`.
    pub client_secret: Option<&'a str>,
    /// The parameter `client_assertion_type`.
    pub client_assertion_type: Option<&'a str>,
    /// The parameter `client_assertion`.
    pub client_assertion: Option<&'a str>,
}

/// The one credential of a request, and whose it says it is.
pub struct Claimed<'a> {
    /// Whom to look up; none if it can be nobody's id.
    pub client_id: Option<ClientId>,
    credential: Credential<'a>,
}

enum Credential<'a> {
    Nothing,
    Secret {
        method: AuthenticationMethod,
        secret: &'a str,
    },
    Assertion(Box<Assertion<'a>>),
}

struct Assertion<'a> {
    jws: Jws<'a>,
    claims: AssertionClaims,
}

/// A client that proved itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientProof {
    /// `client_amr` of access tokens.
    pub client_amr: &'static str,
    /// What keeps the assertion from being used again. The caller uses it up.
    pub used: Option<UsedOnce>,
}

/// Why a client did not prove itself: what the wire says, and what the log does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationFault {
    /// For the answer.
    pub refusal: LoginRefusal,
    /// For the log: fixed text.
    pub cause: &'static str,
}

impl<'a> Claimed<'a> {
    /// Finds out who is said to be asking, and by what.
    pub fn read(
        credentials: Credentials<'a>,
        issuer: &LoginIssuer,
    ) -> Result<Self, AuthenticationFault> {
        let Credentials {
            client_id,
            basic,
            client_secret,
            client_assertion_type,
            client_assertion,
        } = credentials;
        let assertion = client_assertion_type.or(client_assertion);
        match (basic, client_secret, assertion) {
            (None, None, None) => Ok(Self::of(client_id, Credential::Nothing)),
            (Some((id, secret)), None, None) => {
                same(client_id, id)?;
                let method = AuthenticationMethod::ClientSecretBasic;
                Ok(Self::of(Some(id), Credential::Secret { method, secret }))
            }
            (None, Some(secret), None) => {
                let method = AuthenticationMethod::ClientSecretPost;
                Ok(Self::of(client_id, Credential::Secret { method, secret }))
            }
            (None, None, Some(_)) => {
                if client_assertion_type != Some(ASSERTION_TYPE) {
                    return Err(failed("client_assertion_type is missing or another"));
                }
                let text = client_assertion.ok_or(failed("client_assertion is missing"))?;
                let assertion = Assertion::read(text, issuer)?;
                let id = assertion.claims.text("sub").unwrap_or_default().to_owned();
                if client_id.is_none() && issuer.strict_client_id_parameter {
                    return Err(malformed(LoginRefusalCode::ClientIdRequired));
                }
                same(client_id, &id)?;
                let credential = Credential::Assertion(Box::new(assertion));
                Ok(Self {
                    client_id: ClientId::parse(&id).ok(),
                    credential,
                })
            }
            _ => Err(malformed(LoginRefusalCode::SeveralAuthenticationMethods)),
        }
    }

    fn of(client_id: Option<&str>, credential: Credential<'a>) -> Self {
        Self {
            client_id: client_id.and_then(|id| ClientId::parse(id).ok()),
            credential,
        }
    }

    /// Whether the client that was looked up is the one that asks.
    pub fn authenticate(
        &self,
        record: Option<&ClientRecord>,
        trust: &TrustStore,
        issuer: &LoginIssuer,
        now: Timestamp,
    ) -> Result<ClientProof, AuthenticationFault> {
        let record = record.ok_or(failed("no client has this id"))?;
        if !record.client.active || !record.organization_active {
            return Err(failed("the client or its organization is not active"));
        }
        let registered = record.client.token_endpoint_auth_method;
        match &self.credential {
            Credential::Nothing if registered == AuthenticationMethod::None => {
                Ok(ClientProof::by("none"))
            }
            Credential::Secret { method, secret } if registered == *method => {
                if record.secrets.verify(secret, now) {
                    Ok(ClientProof::by(method_name(*method)))
                } else {
                    Err(failed("the secret is not one that counts"))
                }
            }
            Credential::Assertion(assertion)
                if registered == AuthenticationMethod::PrivateKeyJwt =>
            {
                assertion.authenticate(record, trust, issuer, now)
            }
            _ => Err(failed("the method is not the one that is registered")),
        }
    }
}

impl ClientProof {
    fn by(client_amr: &'static str) -> Self {
        Self {
            client_amr,
            used: None,
        }
    }
}

impl<'a> Assertion<'a> {
    /// What can be said without knowing the client.
    fn read(text: &'a str, issuer: &LoginIssuer) -> Result<Self, AuthenticationFault> {
        let jws = Jws::parse(text).map_err(|_| failed("the assertion is no signed JWT"))?;
        let header = jws.header();
        if !issuer.client_algorithms.contains(header.algorithm) {
            return Err(failed("alg of the assertion is not accepted"));
        }
        if !header.typ.as_deref().is_none_or(is_assertion_type) {
            return Err(failed("typ says that it is something else"));
        }
        if header.key_id.is_some() == header.certificates.is_some() {
            return Err(failed("the header must have one of kid and x5c"));
        }
        let claims = AssertionClaims::read(&jws)?;
        let subject = claims.text("sub");
        if subject.is_none() || subject != claims.text("iss") {
            return Err(failed("iss and sub must both be the client"));
        }
        Ok(Self { jws, claims })
    }

    fn authenticate(
        &self,
        record: &ClientRecord,
        trust: &TrustStore,
        issuer: &LoginIssuer,
        now: Timestamp,
    ) -> Result<ClientProof, AuthenticationFault> {
        self.claims.check(issuer, now)?;
        let one_amr = issuer.one_client_amr_for_certificates;
        let client_amr = proven_by(&self.jws, record, trust, one_amr, now)
            .map_err(|_| failed("no key or certificate of the client made the signature"))?;
        let client_id = record.client.client_id.as_str();
        let unique = match self.claims.jwt_id()? {
            Some(jti) => self.claims.used_once(KIND, client_id, jti),
            // Without an id the whole text is one.
            None => {
                self.claims
                    .used_once("client-assertion-text", client_id, self.jws.signing_input())
            }
        };
        Ok(ClientProof {
            client_amr,
            used: Some(unique),
        })
    }
}

/// RFC 7523 and its successor; media type names have no case.
fn is_assertion_type(typ: &str) -> bool {
    typ.eq_ignore_ascii_case("JWT") || typ.eq_ignore_ascii_case("client-authentication+jwt")
}

fn method_name(method: AuthenticationMethod) -> &'static str {
    match method {
        AuthenticationMethod::ClientSecretBasic => "client_secret_basic",
        AuthenticationMethod::ClientSecretPost => "client_secret_post",
        AuthenticationMethod::PrivateKeyJwt => "private_key_jwt",
        AuthenticationMethod::None => "none",
    }
}

fn same(parameter: Option<&str>, id: &str) -> Result<(), AuthenticationFault> {
    match parameter {
        Some(parameter) if parameter != id => {
            Err(malformed(LoginRefusalCode::SeveralAuthenticationMethods))
        }
        _ => Ok(()),
    }
}

fn failed(cause: &'static str) -> AuthenticationFault {
    AuthenticationFault {
        refusal: LoginRefusalCode::ClientAuthenticationFailed.into(),
        cause,
    }
}

fn malformed(code: LoginRefusalCode) -> AuthenticationFault {
    AuthenticationFault {
        refusal: code.into(),
        cause: code.row().text,
    }
}

impl From<AssertionFault> for AuthenticationFault {
    fn from(fault: AssertionFault) -> Self {
        failed(fault.0)
    }
}

#[cfg(test)]
mod tests;
