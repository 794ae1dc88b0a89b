//! Proofs that whoever asks holds a key (RFC 9449; spec: idporten §10.5).

use super::{Denied, Provider};
use crate::clock::Timestamp;
use crate::login::claims::LoginAccessToken;
use crate::login::dpop::{DpopFault, DpopHeader, ProvenKey, ProvenRequest};
use crate::login::record::Authorization;
use crate::login::refusal::{LoginRefusal, LoginRefusalCode};

/// An access token as it was sent to something that it protects.
#[derive(Clone, Copy)]
pub struct PresentedToken<'a> {
    /// The token.
    pub token: &'a str,
    /// The scheme that it came with.
    pub scheme: TokenScheme,
    /// What came with it.
    pub dpop: DpopHeader<'a>,
    /// The method of the request.
    pub method: &'a str,
    /// The address of what is protected, without query.
    pub uri: &'a str,
}

/// The scheme of an `Authorization` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenScheme {
    /// Whoever has the token may use it.
    Bearer,
    /// Whoever has its key as well.
    Dpop,
}

impl Provider {
    /// What a token is good for, if it counts now and came from whom it was issued to. Everything that
    /// takes access tokens of this issuer asks here: between taking the registry's moment and asking,
    /// once it has decided, whether that still holds.
    pub(in crate::login) async fn presented_token(
        &self,
        presented: PresentedToken<'_>,
    ) -> Result<(LoginAccessToken, Authorization), Denied> {
        let now = self.now();
        let found = self.usable_access_token(presented.token, now).await?;
        let found = found.ok_or(LoginRefusalCode::TokenInvalid)?;
        let held = match (presented.scheme, found.0.dpop_jkt()) {
            (TokenScheme::Bearer, None) => Ok(()),
            (TokenScheme::Dpop, Some(jkt)) => self.check_holder(presented, jkt, now).await,
            (TokenScheme::Bearer, Some(_)) => {
                Err(unproven("a bound token was sent as a bearer token"))
            }
            (TokenScheme::Dpop, None) => Err(unproven("the token is bound to no key")),
        };
        // Somebody else may have taken it.
        held.map_err(|denied| denied.of_token(&found.0, false))?;
        Ok(found)
    }

    async fn check_holder(
        &self,
        presented: PresentedToken<'_>,
        jkt: &str,
        now: Timestamp,
    ) -> Result<(), Denied> {
        let request = ProvenRequest {
            method: presented.method,
            uri: presented.uri,
            access_token: Some(presented.token),
        };
        let refused = |fault| denied(LoginRefusalCode::TokenProofInvalid, fault);
        let key = self.proven_by(presented.dpop, request, now);
        let key = key
            .map_err(refused)?
            .ok_or_else(|| unproven("the proof is missing"))?;
        if key.jkt != jkt {
            return Err(unproven("the proof is of another key"));
        }
        self.use_proof(&key).await?.map_err(refused)
    }

    /// The key that a client proves at one of the endpoints that clients call.
    pub(super) fn clients_key(
        &self,
        header: DpopHeader<'_>,
        endpoint: &str,
        now: Timestamp,
    ) -> Result<Option<ProvenKey>, Denied> {
        let request = ProvenRequest {
            method: "POST",
            uri: &self.issuer().url(endpoint),
            access_token: None,
        };
        let key = self.proven_by(header, request, now);
        key.map_err(|fault| denied(LoginRefusalCode::DpopProofInvalid, fault))
    }

    /// Uses a client's proof up, if there is one. To be called once the request has shown what only a
    /// client has, so that strangers make nobody write.
    pub(super) async fn use_clients_proof(&self, key: Option<&ProvenKey>) -> Result<(), Denied> {
        let Some(key) = key else { return Ok(()) };
        let used = self.use_proof(key).await?;
        used.map_err(|fault| denied(LoginRefusalCode::DpopProofInvalid, fault))
    }

    /// None without a proof, and where the operator wants none.
    fn proven_by(
        &self,
        header: DpopHeader<'_>,
        request: ProvenRequest<'_>,
        now: Timestamp,
    ) -> Result<Option<ProvenKey>, DpopFault> {
        match header {
            _ if !self.issuer().dpop => Ok(None),
            DpopHeader::Absent => Ok(None),
            DpopHeader::Malformed => Err(DpopFault("the header must be sent once")),
            DpopHeader::Sent(proof) => ProvenKey::of(proof, request, now).map(Some),
        }
    }

    async fn use_proof(&self, key: &ProvenKey) -> Result<Result<(), DpopFault>, Denied> {
        let first = self.use_up(key.used).await?;
        Ok(first.then_some(()).ok_or(DpopFault("it was used before")))
    }
}

/// Whether what is bound to a key comes with it. What is bound to none may come with any.
pub(super) fn check_binding(bound: Option<&str>, key: Option<&ProvenKey>) -> Result<(), Denied> {
    match (bound, key) {
        (None, _) => Ok(()),
        (Some(jkt), Some(key)) if key.jkt == jkt => Ok(()),
        (Some(_), Some(_)) => Err(mismatch("the proof is of another key")),
        (Some(_), None) => Err(mismatch("the proof is missing")),
    }
}

fn mismatch(cause: &str) -> Denied {
    Denied::of(LoginRefusalCode::DpopKeyMismatch, &cause)
}

fn unproven(cause: &str) -> Denied {
    Denied::of(LoginRefusalCode::TokenNotProven, &cause)
}

fn denied(code: LoginRefusalCode, fault: DpopFault) -> Denied {
    LoginRefusal::Detail(code, fault.0).into()
}
