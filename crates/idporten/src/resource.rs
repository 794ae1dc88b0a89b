//! Requests that come with an access token of this issuer: what was sent, and what is answered when it
//! does not do (RFC 6750 §3, RFC 9449 §7.1).

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::Response;
use portvakt_core::login::issuer::LoginIssuer;
use portvakt_core::login::provider::{Denied, PresentedToken, TokenScheme};
use portvakt_core::login::refusal::{LoginRefusal, LoginRefusalCode};
use portvakt_core::login::scopes::PROFILE;
use portvakt_jose::{Algorithm, DpopProof};
use portvakt_oauth_types::Parameters;

use crate::answer;
use crate::reading::{SentToken, dpop};

/// A request for something that an access token opens.
pub(crate) struct ResourceRequest<'r> {
    pub(crate) method: &'r Method,
    pub(crate) query: &'r str,
    pub(crate) headers: &'r HeaderMap,
    /// The address that the metadata or the documentation names.
    pub(crate) address: &'r str,
}

impl<'r> ResourceRequest<'r> {
    /// The token with its proof, for [`portvakt_core::login::provider::Provider::presented_token`].
    pub(crate) fn token(&self) -> Result<PresentedToken<'r>, LoginRefusalCode> {
        let query = Parameters::parse(self.query.as_bytes());
        if query.is_ok_and(|query| query.contains("access_token")) {
            return Err(LoginRefusalCode::TokenInQuery);
        }
        match SentToken::read(self.headers) {
            SentToken::Missing => Err(LoginRefusalCode::TokenMissing),
            SentToken::Malformed => Err(LoginRefusalCode::TokenInvalid),
            SentToken::Sent(scheme, token) => Ok(PresentedToken {
                token,
                scheme,
                dpop: dpop(self.headers),
                method: self.method.as_str(),
                uri: self.address,
            }),
        }
    }
}

/// A refusal with its challenge.
pub(crate) fn refused(headers: &HeaderMap, denied: &Denied, issuer: &LoginIssuer) -> Response {
    let mut response = answer::refusal(&denied.refusal);
    for challenge in challenges(headers, &denied.refusal, issuer) {
        if let Ok(challenge) = HeaderValue::try_from(challenge) {
            response.headers_mut().append(WWW_AUTHENTICATE, challenge);
        }
    }
    response
}

/// Who sent no token is told both ways, and nothing more; others the one that their token has.
fn challenges(headers: &HeaderMap, refusal: &LoginRefusal, issuer: &LoginIssuer) -> Vec<String> {
    let algorithms = DpopProof::ALGORITHMS.map(Algorithm::as_str).join(" ");
    let dpop = |error: &str| format!("DPoP {error}algs=\"{algorithms}\"");
    let sent = SentToken::read(headers);
    let is_dpop = issuer.dpop && matches!(sent, SentToken::Sent(TokenScheme::Dpop, _));
    let scheme = if is_dpop { "DPoP" } else { "Bearer" };
    let lacks = |scopes: &str| format!("{scheme} error=\"insufficient_scope\", scope=\"{scopes}\"");
    if let LoginRefusal::OneOf(scopes) = refusal {
        return vec![lacks(&scopes.join(" "))];
    }
    match refusal.code() {
        LoginRefusalCode::TokenMissing if issuer.dpop => vec!["Bearer".to_owned(), dpop("")],
        LoginRefusalCode::TokenMissing => vec!["Bearer".to_owned()],
        LoginRefusalCode::TokenNotProven => vec![dpop("error=\"invalid_token\", ")],
        LoginRefusalCode::TokenInvalid if is_dpop => vec![dpop("error=\"invalid_token\", ")],
        LoginRefusalCode::TokenInvalid => vec!["Bearer error=\"invalid_token\"".to_owned()],
        LoginRefusalCode::TokenProofInvalid => vec![dpop("error=\"invalid_dpop_proof\", ")],
        LoginRefusalCode::ProfileScopeRequired => vec![lacks(PROFILE)],
        _ => Vec::new(),
    }
}

/// Lets every origin's scripts read the answer, and what was wrong.
pub(crate) fn readable_by_all(response: &mut Response) {
    let headers = response.headers_mut();
    let everybody = HeaderValue::from_static("*");
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, everybody);
    let challenge = HeaderValue::from_static("WWW-Authenticate");
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, challenge);
}
