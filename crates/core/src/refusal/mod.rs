//! Every reason for which a token request is refused.
//!
//! A [`Refusal`] is one fact about one request, with what was compared. Its [`RefusalCode`] names
//! the row of the table ([`RefusalRow`]) that says how it looks on the wire and what helps. The
//! documentation is generated from the same table, so the two cannot differ.

mod table;
mod wording;

use std::time::Duration;

use portvakt_jose::{
    Algorithm, CertificateError, JwsError, OrganizationNumberError, SignatureError,
};

pub use self::table::{RefusalCode, RefusalRow};

use crate::client::{ClientId, IntegrationType};
use crate::clock::Timestamp;
use crate::grant::ClaimFault;
use crate::organization::OrgNumber;
use crate::scope::{ScopeName, ScopeToken};

/// Why a request is refused, with what was compared. Never holds a key, a token, an assertion or
/// a national identity number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The request uses another method than POST.
    MethodNotAllowed,
    /// The body is not `application/x-www-form-urlencoded`.
    UnsupportedMediaType,
    /// The body is larger than the limit.
    BodyTooLarge,
    /// The request did not arrive in time.
    RequestTimeout,
    /// The form has a fault, described in words that repeat nothing of it.
    MalformedRequest(String),
    /// `grant_type` is not one that the server offers.
    UnsupportedGrantType,
    /// The assertion is no compact JWS with a header that the server accepts.
    MalformedAssertion(JwsError),
    /// `alg` is one that this server does not accept for grants.
    AlgorithmNotAccepted(Algorithm),
    /// `typ` says that the assertion is something else than a grant.
    NotAGrant,
    /// The header names neither a key nor a certificate, and the client has no registered key.
    NoKeyReference,
    /// Claims are missing, unknown or malformed.
    InvalidClaims(Vec<ClaimFault>),
    /// `iss` names no client that may use this endpoint.
    ClientNotFound(ClientFault),
    /// The client has registered keys and the grant names none.
    KeyIdRequired,
    /// The grant names a key that the client does not have.
    UnknownKeyId {
        /// What the grant names.
        presented: String,
        /// The client's key ids.
        registered: Vec<String>,
    },
    /// The key is past its life.
    ExpiredKey {
        /// Which key.
        kid: String,
        /// Since when.
        expired_at: Timestamp,
    },
    /// `x5c` is not an array of certificates.
    InvalidCertificateHeader,
    /// The certificate is not one that the server trusts.
    InvalidCertificate(CertificateError),
    /// The certificate is another organization's, or names none.
    CertificateOrganizationMismatch {
        /// What the certificate says.
        certificate: Result<String, OrganizationNumberError>,
        /// Whose client it is.
        client: OrgNumber,
    },
    /// The signature does not verify.
    InvalidSignature(SignatureFault),
    /// `aud` is not this server.
    AudienceMismatch {
        /// What the grant says.
        presented: Vec<String>,
        /// What would be right.
        accepted: Vec<String>,
    },
    /// `exp` lies too far behind `iat`.
    LifetimeTooLong {
        /// `exp - iat`, in seconds.
        seconds: i64,
    },
    /// `iat` lies in the future.
    IssuedInFuture {
        /// `iat`.
        issued_at: i64,
        /// The server's clock.
        now: i64,
    },
    /// `nbf` lies in the future.
    NotYetValid {
        /// `nbf`.
        not_before: i64,
        /// The server's clock.
        now: i64,
    },
    /// `exp` has passed.
    GrantExpired {
        /// `exp`.
        expires_at: i64,
        /// The server's clock.
        now: i64,
    },
    /// The grant was used before.
    GrantReplayed,
    /// `authorization_details` names a type that the server does not offer.
    UnknownAuthorizationDetailsType(String),
    /// `authorization_details` has a member that its type does not have.
    UnknownAuthorizationDetailsField(String),
    /// `authorization_details` has a wrong value; the text names which.
    InvalidAuthorizationDetails(&'static str),
    /// Scopes that do not exist, are not active, or are not registered on the client.
    InvalidScopes(Vec<(ScopeToken, ScopeFault)>),
    /// Scopes that do not admit the client's type.
    IntegrationTypeNotAllowed {
        /// The client's type.
        client: IntegrationType,
        /// The scopes, with the types that they admit.
        scopes: Vec<(ScopeName, Vec<IntegrationType>)>,
    },
    /// The claims that name another organization do not fit the client or the scopes.
    InvalidCombination(CombinationFault),
    /// The consumer has no access to a scope.
    AccessNotGranted {
        /// Whose access was looked for.
        consumer: OrgNumber,
        /// The first scope without.
        scope: ScopeName,
        /// Who can grant it.
        owner: OrgNumber,
        /// Every scope without.
        all: Vec<ScopeName>,
    },
    /// The consumer has not delegated a scope to the supplier.
    NotDelegated {
        /// Who would have to delegate.
        consumer: OrgNumber,
        /// Who asks.
        supplier: OrgNumber,
        /// The first scope that is not delegated.
        scope: ScopeName,
        /// Where it would have to be recorded.
        source: String,
    },
    /// No system user fits.
    NoSystemUser {
        /// The customer.
        owner: OrgNumber,
        /// The client.
        client_id: ClientId,
    },
    /// No consent fits.
    NoConsent,
    /// The address, the client or its organization sends more requests than it may.
    TooManyRequests {
        /// When the next one is granted.
        retry_after: Duration,
    },
    /// The server has more to do than it can.
    Overloaded,
    /// The server cannot decide now.
    Unavailable,
    /// The server is at fault.
    Internal,
}

/// Why no client was found under `iss`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientFault {
    /// No client has this id.
    Unknown,
    /// The client is deactivated.
    Inactive,
    /// The client's organization, or the supplier that manages it, is deactivated.
    OrganizationInactive,
    /// The client is for logins.
    IntegrationType(IntegrationType),
    /// The client does not authenticate with a key.
    AuthenticationMethod,
    /// The client may not use the JWT bearer grant.
    GrantType,
}

/// Why a signature was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureFault {
    /// The header's algorithm is not the one that the key is registered with.
    Algorithm {
        /// In the header.
        presented: Algorithm,
        /// On the key.
        registered: Algorithm,
    },
    /// The client may not use this algorithm.
    NotPermitted(Algorithm),
    /// The key did not make this signature over this text.
    Mismatch,
}

impl From<SignatureError> for SignatureFault {
    fn from(_: SignatureError) -> Self {
        Self::Mismatch
    }
}

/// What is wrong with one requested scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeFault {
    /// No scope has this name.
    Unknown,
    /// The scope is deactivated.
    Inactive,
    /// The organization that owns the scope is deactivated.
    OwnerInactive,
    /// The client has not registered it.
    NotRegistered,
}

/// Why claims that name another organization do not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CombinationFault {
    /// `consumer_org` is the client's own organization.
    OwnOrganization,
    /// The client is managed by a supplier, so it acts for its customer already.
    SupplierManagedClient,
    /// A scope has no delegation source.
    NotDelegable(ScopeName),
    /// The scopes have different delegation sources.
    SeveralSources,
    /// A scope with a delegation source cannot be used through on-behalf-of.
    DelegatedScope(ScopeName),
    /// `iss_onbehalfof` and `authorization_details` together.
    OnBehalfOfWithAuthorizationDetails,
}

impl Refusal {
    /// The names of the scopes that it is about.
    pub fn scopes(&self) -> Vec<&str> {
        match self {
            Self::InvalidScopes(scopes) => scopes.iter().map(|(scope, _)| scope.as_str()).collect(),
            Self::IntegrationTypeNotAllowed { scopes, .. } => {
                scopes.iter().map(|(scope, _)| scope.as_str()).collect()
            }
            Self::AccessNotGranted { all, .. } => all.iter().map(ScopeName::as_str).collect(),
            Self::NotDelegated { scope, .. }
            | Self::InvalidCombination(
                CombinationFault::NotDelegable(scope) | CombinationFault::DelegatedScope(scope),
            ) => vec![scope.as_str()],
            _ => Vec::new(),
        }
    }

    /// The row of the table that this refusal belongs to.
    pub fn code(&self) -> RefusalCode {
        match self {
            Self::MethodNotAllowed => RefusalCode::MethodNotAllowed,
            Self::UnsupportedMediaType => RefusalCode::UnsupportedMediaType,
            Self::BodyTooLarge => RefusalCode::BodyTooLarge,
            Self::RequestTimeout => RefusalCode::RequestTimeout,
            Self::MalformedRequest(_) => RefusalCode::MalformedRequest,
            Self::UnsupportedGrantType => RefusalCode::UnsupportedGrantType,
            Self::MalformedAssertion(_)
            | Self::AlgorithmNotAccepted(_)
            | Self::NotAGrant
            | Self::NoKeyReference
            | Self::NotYetValid { .. }
            | Self::InvalidClaims(_) => RefusalCode::InvalidParameter,
            Self::ClientNotFound(_) => RefusalCode::ClientNotFound,
            Self::KeyIdRequired => RefusalCode::KeyIdRequired,
            Self::UnknownKeyId { .. } => RefusalCode::UnknownKeyId,
            Self::ExpiredKey { .. } => RefusalCode::ExpiredKey,
            Self::InvalidCertificateHeader => RefusalCode::InvalidCertificateHeader,
            Self::InvalidCertificate(_) => RefusalCode::InvalidCertificate,
            Self::CertificateOrganizationMismatch { .. } => {
                RefusalCode::CertificateOrganizationMismatch
            }
            Self::InvalidSignature(_) => RefusalCode::InvalidSignature,
            Self::AudienceMismatch { .. } => RefusalCode::AudienceMismatch,
            Self::LifetimeTooLong { .. } => RefusalCode::LifetimeTooLong,
            Self::IssuedInFuture { .. } => RefusalCode::IssuedInFuture,
            Self::GrantExpired { .. } => RefusalCode::GrantExpired,
            Self::GrantReplayed => RefusalCode::GrantReplayed,
            Self::UnknownAuthorizationDetailsType(_) => {
                RefusalCode::UnknownAuthorizationDetailsType
            }
            Self::UnknownAuthorizationDetailsField(_) => {
                RefusalCode::UnknownAuthorizationDetailsField
            }
            Self::InvalidAuthorizationDetails(_) => RefusalCode::InvalidAuthorizationDetails,
            Self::InvalidScopes(_) => RefusalCode::InvalidScopes,
            Self::IntegrationTypeNotAllowed { .. } => RefusalCode::IntegrationTypeNotAllowed,
            Self::InvalidCombination(_) => RefusalCode::InvalidCombination,
            Self::AccessNotGranted { .. } => RefusalCode::AccessNotGranted,
            Self::NotDelegated { .. } => RefusalCode::NotDelegated,
            Self::NoSystemUser { .. } => RefusalCode::NoSystemUser,
            Self::NoConsent => RefusalCode::NoConsent,
            Self::TooManyRequests { .. } => RefusalCode::TooManyRequests,
            Self::Overloaded => RefusalCode::Overloaded,
            Self::Unavailable => RefusalCode::Unavailable,
            Self::Internal => RefusalCode::Internal,
        }
    }
}
