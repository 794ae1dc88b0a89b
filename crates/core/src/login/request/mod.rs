//! What a client asks of the authorization endpoint, pushed or not (spec: idporten §6, §8).
//!
//! [`AuthorizationParameters`] are what arrived, read once. [`ReturnAddress::find`] says where an
//! answer may go, and only then are faults told to the client rather than to the person.
//! [`ValidRequest::new`] checks the rest against the client, its scopes and the issuer's policy.

mod legacy;
mod object;
mod parameters;
mod prompt;
mod response;
mod valid;

pub use self::legacy::{EidasRequest, MAX_CLAIMS_BYTES};
pub use self::object::{RequestObject, UsedObject};
pub use self::parameters::{AuthorizationParameters, MAX_REQUEST_BYTES};
pub use self::prompt::Prompt;
pub use self::response::{
    AuthorizationAnswer, JarmClaims, RESPONSE_MODES, ResponseMode, ReturnAddress,
};
pub use self::valid::{RequestFacts, ValidRequest};

use super::refusal::LoginRefusal;

/// A request that is refused, and who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestFault {
    /// Why.
    pub refusal: LoginRefusal,
    /// The client, if there is an address of it that can be trusted; otherwise the person, on a
    /// page.
    pub told: Option<ReturnAddress>,
}

impl RequestFault {
    /// A fault that only the person is told.
    pub fn page(refusal: impl Into<LoginRefusal>) -> Self {
        Self {
            refusal: refusal.into(),
            told: None,
        }
    }

    /// A fault that the client is told.
    pub fn client(refusal: impl Into<LoginRefusal>, address: &ReturnAddress) -> Self {
        Self {
            refusal: refusal.into(),
            told: Some(address.clone()),
        }
    }
}
