//! Whether a JWT grant gets an access token, with which claims, or why not.
//!
//! The decision has two pure halves over plain data: [`authenticate`] (who sent this grant, and
//! is it for us, now) and [`authorize`] (may they have these scopes, for whom). Both write every
//! check's outcome into [`Findings`]; the endpoint answers with the first failure, and
//! [`Explanation`] shows them all, and [`Views`] to each side what it may see. [`TokenExchange`] is the use-case around them: it fetches what
//! they need, uses the grant up, and signs.

mod authenticate;
mod authorization_details;
mod authorize;
mod check;
mod claims;
mod examination;
mod examine;
mod exchange;
mod explain;
mod facts;
mod knowledge;
mod parts;
mod reading;
mod token;
mod views;

pub(crate) use self::authenticate::proven_by;
pub use self::authenticate::{Authentication, CLIENT_AMR_REGISTERED_KEY, authenticate};
pub use self::authorization_details::{
    AuthorizationDetails, CONSENT_TYPE, PartyAnswer, SYSTEM_USER_TYPE,
};
pub use self::authorize::{ActingFor, Authorization, AuthorizationFacts, acting_for, authorize};
pub use self::check::{Check, Findings, Outcome};
pub(crate) use self::claims::MAX_SAFE_INTEGER;
pub use self::claims::{ClaimFault, GrantClaims, parse_claims};
pub use self::examination::{Examination, Sender};
pub use self::examine::Presented;
pub use self::exchange::{Denied, IssuedToken, TokenExchange};
pub use self::explain::{CheckReport, CheckResult, Explanation, ExplanationOutcome};
pub use self::parts::TokenExchangeParts;
pub use self::reading::GrantReading;
pub(crate) use self::reading::ledger_digest;
pub use self::token::{AccessTokenClaims, OrganizationClaim, TokenHeader, lifetime_seconds};
pub use self::views::{Detail, Proof, Views};
