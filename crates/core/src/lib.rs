//! What Portvakt decides, and what it decides about.
//!
//! Here are the domain types, the grammar of scopes, the decision whether a grant gets a token,
//! the table of refusals, the use-cases, and the ports through which they reach storage, time and
//! randomness. There is no HTTP, no SQL and no environment here, and the decision itself
//! ([`grant`]) is pure: plain data in, a verdict out.
//!
//! Start reading at [`grant`], then [`refusal`].

pub mod access;
pub mod administration;
pub mod audit;
pub mod backup;
pub mod bearer;
pub mod cache;
pub mod client;
pub mod clock;
pub mod contact;
pub mod delegation;
pub mod entropy;
pub mod fair_share;
pub mod grant;
pub mod idempotency;
pub mod issuer;
pub mod local_time;
pub mod login;
pub mod moment;
pub mod organization;
pub mod party;
pub mod person;
pub mod ports;
pub mod redaction;
pub mod refusal;
pub mod refusals;
pub mod registry_file;
pub mod revision;
pub mod scope;
pub mod signing;
pub mod spans;
pub mod transfer;
pub mod usage;

pub use crate::clock::{Clock, MockClock, SystemClock, Timestamp};
pub use crate::entropy::{Entropy, NameEntropy, SeededEntropy, SystemEntropy};
