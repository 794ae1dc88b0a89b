//! The bodies of the self-service REST API (spec: selfservice §4 to §8), for the server and for
//! clients of it. Forms only, as serde and as schemas: what a value may be is judged elsewhere.
//!
//! Requests have every member optional, so that a reader can report all that is missing at once;
//! unknown members are ignored and `null` is the same as absence. Answers hold what is always
//! emitted as plain members and leave out what is unset. Names of closed vocabularies and
//! organization numbers travel as text. One file for each resource.

mod access;
mod audit;
mod changes;
mod client;
mod error;
mod explain;
mod jwks;
mod lists;
mod on_behalf_of;
mod operator;
mod scope;
mod secret;
mod usage;

pub use self::access::AccessResponse;
pub use self::audit::AuditPartResponse;
pub use self::changes::{ChangeResponse, ChangesResponse};
pub use self::client::{ClientRequest, ClientResponse};
pub use self::error::{ErrorBody, ErrorItem};
pub use self::explain::{ExplainRequest, ExplanationResponse};
pub use self::jwks::{JwksRequest, JwksResponse};
pub use self::lists::{DelegationSourceResponse, PrefixResponse};
pub use self::on_behalf_of::{OnBehalfOfRequest, OnBehalfOfResponse};
pub use self::operator::{
    AuditActorResponse, AuditEntryResponse, AuditObjectResponse, AuditPageResponse,
    DelegationRequest, DelegationResponse, DelegationSourceRequest, OperatorClientRequest,
    OperatorClientResponse, OperatorDelegationSourceResponse, OperatorScopeResponse,
    OrganizationRequest, OrganizationResponse, PrefixAssignmentResponse, PrefixTransferRequest,
    PrefixTransferResponse, ScopeAmendmentRequest, SigningKeyResponse,
};
pub use self::scope::{ScopeRequest, ScopeResponse};
pub use self::secret::SecretText;
pub use self::usage::{
    ClientScopeUsage, ClientUsageResponse, ConsumerUsage, DayUsage, ScopeUsageResponse,
};
