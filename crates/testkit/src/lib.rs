//! What tests of the surfaces share: an in-process server with a clock that tests move, the
//! organizations of the specification's worked examples, grants that can be wrong in every way,
//! and a certificate authority.
//!
//! ```no_run
//! # async fn example() {
//! use portvakt_testkit::{Grant, TestServer};
//!
//! let server = TestServer::start().await;
//! let answer = server.exchange(&Grant::havbris(&server).sign()).await;
//! assert_eq!(answer.status, 200);
//! # }
//! ```

#![expect(
    clippy::missing_panics_doc,
    reason = "whatever goes wrong in a test's own scaffolding fails the test by panicking"
)]

mod answer;
mod grant;
#[cfg(unix)]
mod keeper;
mod keys;
#[cfg(unix)]
mod kubernetes;
mod parties;
#[cfg(unix)]
mod postgres;
mod server;
mod soft_hsm;
mod world;

pub use self::answer::Answer;
pub use self::grant::Grant;
pub use self::keys::{authority, second_signing_key, signing_key, trust};
#[cfg(unix)]
pub use self::kubernetes::{ApiServer, free_ports, kubectl};
pub use self::parties::{CONSENT, SYSTEM_USER};
#[cfg(unix)]
pub use self::postgres::{PostgresProxy, PostgresServer};
pub use self::server::{Options, TestServer};
pub use self::soft_hsm::SoftHsm;
pub use self::world::{
    FJORDETATEN, HAVBRIS, HAVBRIS_CERTIFICATE_CLIENT, HAVBRIS_CLIENT, KID, LYNGVIK, NOW, SCOPE,
    SOURCE, TINDESYSTEM, TINDESYSTEM_CLIENT, World,
};
