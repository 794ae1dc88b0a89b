//! The operator on a real Kubernetes API server. `make test-kubernetes` runs these tests.

#![expect(clippy::unwrap_used, reason = "tests")]

mod cluster;
mod first_deploy;
mod operator;
mod schema;
#[path = "../it/support.rs"]
#[allow(dead_code, reason = "these tests use a part of it")]
mod support;
mod webhook;
