//! NAIS manifests: what they say, which names they give, and the plan that brings an organization's
//! scopes, access, clients and keys from what is to what they ask for.
//!
//! Pure throughout: no I/O, no async, no clock, no randomness. A command line and a Kubernetes
//! operator are both shells around the same steps:
//!
//! 1. [`manifest::Manifest::parse`] reads texts into [`model`] types, or reports every fault.
//! 2. [`naming`] gives things their names.

pub mod actual;
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
