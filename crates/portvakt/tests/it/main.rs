//! The built binary, driven as people and programs drive it.

#![expect(
    clippy::unwrap_used,
    reason = "whatever goes wrong in a test's own scaffolding fails the test by panicking"
)]

#[cfg(unix)]
mod administration_client;
mod adoption;
mod architecture;
mod audit;
#[cfg(unix)]
mod backup;
mod clients;
mod commands;
mod demo;
mod howto;
mod login_flows;
mod login_variables;
mod manifests;
#[cfg(unix)]
mod migrate;
mod migrations;
mod named_tests;
mod provisioning;
mod readme;
mod relying_parties;
mod signing_keys;
mod support;
