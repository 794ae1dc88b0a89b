//! A request that was checked against everything but the browser (spec: idporten §6.1, §6.2 step 7).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{AuthorizationParameters, EidasRequest, Prompt, RequestFault, ReturnAddress, legacy};
use crate::client::{Client, ClientId, GrantType, OnBehalfOf};
use crate::login::acr::{AcceptableSet, Acr};
use crate::login::issuer::LoginIssuer;
use crate::login::pkce::{CodeChallenge, S256};
use crate::login::refusal::{LoginRefusal, LoginRefusalCode};
use crate::login::scopes::{self, OPENID};
use crate::ports::ScopeFact;
use crate::scope::{Scope, ScopeName};

/// The longest `nonce`, in characters.
const MAX_NONCE: usize = 512;
/// Most values of `resource`.
const MAX_RESOURCES: usize = 10;
/// The longest `resource`, in characters.
const MAX_RESOURCE_CHARACTERS: usize = 2048;

/// What the checks need to know of the registry and of the server.
#[derive(Clone, Copy)]
pub struct RequestFacts<'a> {
    /// The client.
    pub client: &'a Client,
    /// Of each scope that [`scopes::parse`] finds, in the same order.
    pub scopes: &'a [ScopeFact],
    /// The client's active registration of `onbehalfof`.
    pub on_behalf_of: Option<&'a OnBehalfOf>,
    /// The levels that the enabled eID providers reach.
    pub levels: &'a [Acr],
}

/// What a client may ask, and did. A login carries it through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidRequest {
    /// Who asks.
    pub client_id: ClientId,
    /// Where the answer goes.
    pub return_to: ReturnAddress,
    /// The scopes, without repetition, in the order of the request.
    pub scopes: Vec<ScopeName>,
    /// The levels that satisfy it.
    pub acceptable: AcceptableSet,
    /// What may, or must, be shown.
    #[serde(default)]
    pub prompt: Prompt,
    /// How old a login may be, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u32>,
    /// For the id token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// What the token request must prove.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<CodeChallenge>,
    /// The APIs that the access token is for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// The customer for whom the client asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
    /// What a client of the platform before wants of a foreign login.
    #[serde(default)]
    pub eidas: EidasRequest,
    /// Thumbprint of the key that the token request must prove (RFC 9449 §10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpop_jkt: Option<String>,
}

impl ValidRequest {
    /// Checks everything that is told to the client. `address` is where.
    pub fn new(
        parameters: &AuthorizationParameters,
        facts: RequestFacts<'_>,
        address: &ReturnAddress,
        issuer: &LoginIssuer,
    ) -> Result<(Self, Vec<Arc<Scope>>), RequestFault> {
        check(parameters, facts, address, issuer)
            .map_err(|refusal| RequestFault::client(refusal, address))
    }

    /// Whether an id token is issued.
    pub fn is_openid(&self) -> bool {
        self.scopes.iter().any(|scope| scope.as_str() == OPENID)
    }
}

fn check(
    parameters: &AuthorizationParameters,
    facts: RequestFacts<'_>,
    address: &ReturnAddress,
    issuer: &LoginIssuer,
) -> Result<(ValidRequest, Vec<Arc<Scope>>), LoginRefusal> {
    let client = facts.client;
    if let Some(name) = parameters.repeated() {
        return Err(LoginRefusal::Parameter(
            LoginRefusalCode::ParameterRepeated,
            name,
        ));
    }
    if parameters.registration.is_some() {
        return Err(LoginRefusalCode::RegistrationNotSupported.into());
    }
    match parameters.response_type.as_deref() {
        Some("code") => {}
        Some(_) => return Err(LoginRefusalCode::ResponseTypeUnsupported.into()),
        None => return Err(missing("response_type")),
    }
    if !client.grant_types.contains(&GrantType::AuthorizationCode) {
        return Err(LoginRefusalCode::GrantNotRegistered.into());
    }
    let tokens = scopes::parse(parameters.scope.as_deref())?;
    let openid = tokens.iter().any(|token| token.as_str() == OPENID);
    let code_challenge = code_challenge(parameters, client)?;
    check_state_and_nonce(parameters, address, client, issuer, openid)?;
    let acceptable = acceptable(parameters, client, issuer)?;
    if !acceptable.accepts_any(facts.levels.iter().copied()) {
        return Err(LoginRefusalCode::AcrUnreachable.into());
    }
    let prompt =
        Prompt::parse(parameters.prompt.as_deref()).ok_or(LoginRefusalCode::PromptUnsupported)?;
    if parameters.onbehalfof.is_some() && facts.on_behalf_of.is_none() {
        return Err(LoginRefusalCode::OnBehalfOfUnknown.into());
    }
    let scopes = scopes::requested(&tokens, facts.scopes, client)?;
    let request = ValidRequest {
        client_id: client.client_id.clone(),
        return_to: address.clone(),
        scopes: scopes.iter().map(|scope| scope.name.clone()).collect(),
        acceptable,
        prompt,
        max_age: max_age(parameters.max_age.as_deref())?,
        nonce: parameters.nonce.clone(),
        code_challenge,
        resources: resources(&parameters.resource)?,
        on_behalf_of: facts.on_behalf_of.map(|known| known.onbehalfof.clone()),
        eidas: legacy::claims(parameters.claims.as_deref(), client)?,
        dpop_jkt: dpop_jkt(parameters, issuer)?,
    };
    Ok((request, scopes))
}

/// PKCE is everybody's duty; a confidential client may be registered without, and is held to a
/// challenge that it sends all the same (spec: idporten §7).
fn code_challenge(
    parameters: &AuthorizationParameters,
    client: &Client,
) -> Result<Option<CodeChallenge>, LoginRefusal> {
    let method = parameters.code_challenge_method.as_deref();
    match parameters.code_challenge.as_deref() {
        Some(challenge) if method == Some(S256) => CodeChallenge::parse(challenge)
            .map(Some)
            .ok_or(LoginRefusalCode::CodeChallengeMalformed.into()),
        Some(_) => Err(LoginRefusalCode::CodeChallengeMethod.into()),
        None if method.is_none() && is_downgraded(client) => Ok(None),
        None => Err(LoginRefusalCode::CodeChallengeRequired.into()),
    }
}

/// Whether the client is exempt from PKCE. A public one never is.
fn is_downgraded(client: &Client) -> bool {
    client.login.code_challenge_method.as_deref() == Some("none") && !client.is_public()
}

fn check_state_and_nonce(
    parameters: &AuthorizationParameters,
    address: &ReturnAddress,
    client: &Client,
    issuer: &LoginIssuer,
    openid: bool,
) -> Result<(), LoginRefusal> {
    let strict = issuer.require_state_and_nonce || is_downgraded(client);
    if parameters.state.is_some() && address.state.is_none() {
        return Err(malformed("state"));
    }
    if address.state.is_none() && (strict || client.is_public()) {
        return Err(LoginRefusalCode::StateRequired.into());
    }
    match parameters.nonce.as_deref() {
        None if openid && strict => Err(LoginRefusalCode::NonceRequired.into()),
        Some(nonce) if !is_nonce(nonce) => Err(malformed("nonce")),
        None | Some(_) => Ok(()),
    }
}

fn is_nonce(text: &str) -> bool {
    text.len() <= MAX_NONCE && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn acceptable(
    parameters: &AuthorizationParameters,
    client: &Client,
    issuer: &LoginIssuer,
) -> Result<AcceptableSet, LoginRefusal> {
    let acceptable = match parameters.acr_values.as_deref() {
        None => AcceptableSet::default(),
        Some(values) => AcceptableSet::parse(values, issuer.acr_aliases)
            .map_err(|_| LoginRefusalCode::AcrUnknown)?,
    };
    Ok(legacy::hinted(parameters, client, acceptable))
}

/// Digits alone: no sign, no fraction. What is larger than any session counts as that.
fn max_age(text: Option<&str>) -> Result<Option<u32>, LoginRefusal> {
    let Some(text) = text else {
        return Ok(None);
    };
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(Some(text.parse().unwrap_or(u32::MAX)))
    } else {
        Err(malformed("max_age"))
    }
}

fn resources(values: &[String]) -> Result<Vec<String>, LoginRefusal> {
    let mut unique: Vec<String> = Vec::new();
    for value in values {
        if !is_resource(value) {
            return Err(LoginRefusalCode::TargetInvalid.into());
        }
        if !unique.contains(value) {
            unique.push(value.clone());
        }
    }
    if unique.len() > MAX_RESOURCES {
        return Err(LoginRefusalCode::TargetInvalid.into());
    }
    Ok(unique)
}

/// An absolute URI without a fragment (RFC 8707 §2), copied as it came.
fn is_resource(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
    text.len() <= MAX_RESOURCE_CHARACTERS
        && text.bytes().all(plain)
        && !text.contains('#')
        && Url::parse(text).is_ok()
}

/// A SHA-256 thumbprint, as a challenge is one.
fn dpop_jkt(
    parameters: &AuthorizationParameters,
    issuer: &LoginIssuer,
) -> Result<Option<String>, LoginRefusal> {
    match parameters.dpop_jkt.as_deref() {
        _ if !issuer.dpop => Ok(None),
        Some(jkt) if CodeChallenge::parse(jkt).is_none() => Err(malformed("dpop_jkt")),
        jkt => Ok(jkt.map(str::to_owned)),
    }
}

fn missing(name: &'static str) -> LoginRefusal {
    LoginRefusal::Parameter(LoginRefusalCode::ParameterMissing, name)
}

fn malformed(name: &'static str) -> LoginRefusal {
    LoginRefusal::Parameter(LoginRefusalCode::ParameterMalformed, name)
}

#[cfg(test)]
mod tests;
