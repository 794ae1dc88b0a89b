//! The Kubernetes operator: custom resources of `nais.io/v1` become scopes, access, clients, keys and
//! Secrets at the service that it administers.
//!
//! [`resource`] is what a cluster stores: the custom resources field by field, and what may be in them.
//! [`pass`] is what is decided about one of them, and [`shell`] carries it out in a cluster.
//! [`injection`] is what Pods are given.

mod cluster_error;

pub mod injection;
pub mod pass;
pub mod resource;
pub mod shell;
pub mod webhook;
pub mod workload;

pub use self::cluster_error::ClusterError;
