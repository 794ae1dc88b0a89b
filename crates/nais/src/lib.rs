//! NAIS manifests: what they say, which names they give, and the plan that brings an organization's
//! scopes, access, clients and keys from what is to what they ask for.
//!
//! Pure throughout: no I/O, no async, no clock, no randomness. A command line and a Kubernetes
//! operator are both shells around the same steps:
//!
//! 1. [`manifest::Manifest::parse`] reads texts into [`model`] types, or reports every fault.
//! 2. [`desired::desired`] fills in names ([`naming`]) and defaults ([`Settings`]): bodies of the
//!    self-service API.
//! 3. The shell fetches what is into [`actual::Actual`]; [`plan::access_needed`] says which access
//!    lists.
//! 4. [`plan::plan`] compares the two and gives ordered actions, or every reason why not.
//! 5. The shell shows them, or carries them out one by one. It keeps the id of a new client, and a
//!    new key *before* it is registered. Interrupted, it starts again at 3.
//! 6. [`environment`] gives the variables of the workload.
//!
//! [`adoption`] guards the same steps when they are for something that another source has managed.

pub mod actual;
pub mod adoption;
pub mod desired;
pub mod environment;
pub mod manifest;
pub mod model;
pub mod naming;
pub mod plan;

mod hash;
mod settings;

pub use self::hash::synchronization_hash;
pub use self::settings::Settings;
