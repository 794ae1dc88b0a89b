//! The operator on a real Kubernetes API server. `make test-kubernetes` runs these tests.

#![expect(clippy::unwrap_used, reason = "tests")]

mod cluster;
mod schema;
mod webhook;
