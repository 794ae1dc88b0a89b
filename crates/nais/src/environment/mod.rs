//! The variables that a platform injects into a workload (spec: nais §6.8, §8).

mod compose;
mod credentials;
mod private_jwk;
mod proxy;
mod variable;

pub use self::compose::{Injected, Platform, compose, platform_variables, token_variables};
pub use self::credentials::{Endpoints, IdPortenCredentials, MaskinportenCredentials};
pub use self::private_jwk::{PrivateJwk, PrivateJwkError};
pub use self::proxy::{ProxyError, WebProxy};
pub use self::variable::{Secret, Value, Variable, Variables};

/// Where the files of a Maskinporten client are mounted.
pub const MASKINPORTEN_MOUNT_PATH: &str = "/var/run/secrets/nais.io/maskinporten";

/// Where the files of an ID-porten client are mounted.
pub const IDPORTEN_MOUNT_PATH: &str = "/var/run/secrets/nais.io/idporten";

#[cfg(test)]
mod tests;
