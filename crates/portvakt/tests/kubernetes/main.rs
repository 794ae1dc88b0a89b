//! The operator on a real Kubernetes API server. `make test-kubernetes` runs these tests.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(
    clippy::large_futures,
    reason = "a test makes a few scenes, and holds each while it lasts"
)]

mod between;
mod calls;
mod cluster;
mod deaths;
mod delivery;
mod example;
mod faults;
mod first_deploy;
mod issuer;
mod leadership;
mod operator;
mod others;
mod scale;
mod scene;
mod schema;
mod scripted;
#[path = "../it/support.rs"]
#[allow(dead_code, reason = "these tests use a part of it")]
mod support;
mod takeover;
mod vector;
mod vectors;
mod webhook;
mod workloads;
