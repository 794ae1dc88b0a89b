//! Refusals in words: for the answer, and for the explanation.

use super::{ClientFault, CombinationFault, Refusal, ScopeFault, SignatureFault};
use crate::scope::ScopeName;

impl Refusal {
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
    #[expect(clippy::too_many_lines, reason = "one arm for each refusal")]
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
