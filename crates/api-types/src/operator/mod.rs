//! The bodies of the operator's API (spec: selfservice §14). In requests every member is optional,
//! as in the rest of this crate; unlike there, unknown members are an error of the caller.

mod audit;
mod client;
mod delegation;
mod organization;
mod prefix;
mod scope;
mod signing_key;

pub use self::audit::{
    AuditActorResponse, AuditEntryResponse, AuditObjectResponse, AuditPageResponse,
};
pub use self::client::{OperatorClientRequest, OperatorClientResponse};
pub use self::delegation::{
    DelegationRequest, DelegationResponse, DelegationSourceRequest,
    OperatorDelegationSourceResponse,
};
pub use self::organization::{OrganizationRequest, OrganizationResponse};
pub use self::prefix::{PrefixAssignmentResponse, PrefixTransferRequest, PrefixTransferResponse};
pub use self::scope::{OperatorScopeResponse, ScopeAmendmentRequest};
pub use self::signing_key::SigningKeyResponse;
