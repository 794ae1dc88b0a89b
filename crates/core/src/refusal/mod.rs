//! Every reason for which a token request is refused.
//!
//! A [`Refusal`] is one fact about one request, with what was compared. Its [`RefusalCode`] names
//! the row of the table ([`table`]) that says how it looks on the wire and what helps. The
//! documentation is generated from the same table, so the two cannot differ.

mod table;

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
    /// Too many requests.
    TooManyRequests,
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
            Self::TooManyRequests => RefusalCode::TooManyRequests,
            Self::Unavailable => RefusalCode::Unavailable,
            Self::Internal => RefusalCode::Internal,
        }
    }

    /// The `error_description`, without the trace id that the surface appends.
    ///
    /// The documented phrases stand verbatim at the beginning, because clients look for them;
    /// where they are general, what exactly was wrong follows.
    pub fn description(&self) -> String {
        let text = self.code().row().text;
        match self {
            Self::InvalidScopes(scopes) => {
                let names: Vec<_> = scopes.iter().map(|(scope, _)| scope.as_str()).collect();
                format!("{text}, {}", names.join(" "))
            }
            Self::AccessNotGranted { scope, .. } => format!("{text} {scope}."),
            Self::NotDelegated {
                consumer,
                supplier,
                scope,
                ..
            } => format!(
                "Consumer {consumer} has not delegated access to the scope {scope} to supplier {supplier}."
            ),
            Self::UnknownAuthorizationDetailsType(detail)
            | Self::UnknownAuthorizationDetailsField(detail) => format!("{text} {detail}"),
            Self::InvalidAuthorizationDetails(detail) => format!("{text} {detail}"),
            Self::NoSystemUser { owner, client_id } => {
                format!("No system user found for customer {owner} and client {client_id}")
            }
            Self::MalformedRequest(detail) => format!("{text}: {detail}"),
            Self::MalformedAssertion(_)
            | Self::AlgorithmNotAccepted(_)
            | Self::NotAGrant
            | Self::NoKeyReference
            | Self::NotYetValid { .. }
            | Self::InvalidClaims(_) => format!("{text}: {}", self.compared()),
            _ => text.to_owned(),
        }
    }

    /// What was compared with what, in one sentence for people. For the explanation: it may say
    /// more than the endpoint does, so it is shown only to those entitled to it.
    pub fn compared(&self) -> String {
        match self {
            Self::MalformedAssertion(fault) => fault.to_string(),
            Self::AlgorithmNotAccepted(algorithm) => {
                format!("alg is {algorithm}, which this server does not accept for grants")
            }
            Self::NotAGrant => "typ says that this is an access token, not a grant".to_owned(),
            Self::NoKeyReference => {
                "the header has neither kid nor x5c, so no key can be chosen".to_owned()
            }
            Self::InvalidClaims(faults) => faults
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; "),
            Self::MalformedRequest(detail) => detail.clone(),
            Self::ClientNotFound(fault) => fault.sentence(),
            Self::UnknownKeyId {
                presented,
                registered,
            } => format!(
                "kid is {presented:?}; the client's keys are {}",
                if registered.is_empty() {
                    "none".to_owned()
                } else {
                    registered.join(", ")
                }
            ),
            Self::ExpiredKey { kid, expired_at } => format!("key {kid:?} expired at {expired_at}"),
            Self::InvalidCertificate(fault) => fault.to_string(),
            Self::CertificateOrganizationMismatch {
                certificate,
                client,
            } => match certificate {
                Ok(number) => format!("the certificate is {number}'s; the client is {client}'s"),
                Err(fault) => format!("{fault}; the client is {client}'s"),
            },
            Self::InvalidSignature(fault) => fault.sentence(),
            Self::AudienceMismatch {
                presented,
                accepted,
            } => format!(
                "aud is {}; this server is {}",
                quoted(presented),
                quoted(accepted)
            ),
            Self::LifetimeTooLong { seconds } => {
                format!("exp - iat is {seconds} seconds; at most 120")
            }
            Self::IssuedInFuture { issued_at, now } => {
                format!(
                    "iat is {issued_at}; the server's clock is {now}, and 10 seconds ahead is the most"
                )
            }
            Self::NotYetValid { not_before, now } => {
                format!(
                    "nbf is {not_before}; the server's clock is {now}, and 10 seconds ahead is the most"
                )
            }
            Self::GrantExpired { expires_at, now } => {
                format!("exp is {expires_at}; the server's clock is {now}")
            }
            Self::GrantReplayed => "the ledger of used grants has this grant already".to_owned(),
            Self::InvalidScopes(scopes) => scopes
                .iter()
                .map(|(scope, fault)| format!("{scope} {}", fault.sentence()))
                .collect::<Vec<_>>()
                .join("; "),
            Self::IntegrationTypeNotAllowed { client, scopes } => scopes
                .iter()
                .map(|(scope, types)| {
                    let types: Vec<_> = types.iter().map(|kind| kind.as_str()).collect();
                    format!(
                        "{scope} admits {}; the client is {client}",
                        types.join(", ")
                    )
                })
                .collect::<Vec<_>>()
                .join("; "),
            Self::InvalidCombination(fault) => fault.sentence(),
            Self::AccessNotGranted {
                consumer,
                owner,
                all,
                ..
            } => {
                let names: Vec<_> = all.iter().map(ScopeName::as_str).collect();
                format!(
                    "{consumer} has no approved access to {}; the owner is {owner}",
                    names.join(", ")
                )
            }
            Self::NotDelegated {
                consumer,
                supplier,
                scope,
                source,
            } => {
                format!(
                    "{source} has no delegation of {scope} from {consumer} to {supplier} that holds now"
                )
            }
            _ => self.description(),
        }
    }
}

fn quoted(values: &[String]) -> String {
    values
        .iter()
        .map(|value| format!("{value:?}"))
        .collect::<Vec<_>>()
        .join(" or ")
}

impl ClientFault {
    fn sentence(self) -> String {
        match self {
            Self::Unknown => "no client has the id that iss names".to_owned(),
            Self::Inactive => "the client is deactivated".to_owned(),
            Self::OrganizationInactive => "the client's organization is deactivated".to_owned(),
            Self::IntegrationType(kind) => {
                format!(
                    "the client's integration type is {kind}; maskinporten, krr or eformidling is needed"
                )
            }
            Self::AuthenticationMethod => {
                "the client's token_endpoint_auth_method is not private_key_jwt".to_owned()
            }
            Self::GrantType => "the client's grant_types lack the JWT bearer grant".to_owned(),
        }
    }
}

impl SignatureFault {
    fn sentence(self) -> String {
        match self {
            Self::Algorithm {
                presented,
                registered,
            } => {
                format!("alg is {presented}; the key is registered with {registered}")
            }
            Self::NotPermitted(algorithm) => format!("the client may not sign with {algorithm}"),
            Self::Mismatch => {
                "the key did not make this signature over this header and payload".to_owned()
            }
        }
    }
}

impl ScopeFault {
    fn sentence(self) -> &'static str {
        match self {
            Self::Unknown => "does not exist",
            Self::Inactive => "is deactivated",
            Self::OwnerInactive => "belongs to a deactivated organization",
            Self::NotRegistered => "is not registered on the client",
        }
    }
}

impl CombinationFault {
    fn sentence(&self) -> String {
        match self {
            Self::OwnOrganization => "consumer_org is the client's own organization".to_owned(),
            Self::SupplierManagedClient => {
                "the client is registered for a customer, so consumer_org cannot name another"
                    .to_owned()
            }
            Self::NotDelegable(scope) => {
                format!("{scope} has no delegation_source, so it cannot be delegated")
            }
            Self::SeveralSources => "the scopes have different delegation sources".to_owned(),
            Self::DelegatedScope(scope) => {
                format!(
                    "{scope} has a delegation_source: use consumer_org instead of iss_onbehalfof"
                )
            }
            Self::OnBehalfOfWithAuthorizationDetails => {
                "iss_onbehalfof and authorization_details exclude each other".to_owned()
            }
        }
    }
}
