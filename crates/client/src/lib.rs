//! HTTP client of the token endpoint and of the self-service API, of Portvakt and of the national
//! services alike: every address is configuration.
//!
//! It speaks the protocol and nothing else. What the answers mean for an organization's scopes and
//! clients is decided above it; no plan, manifest or file of credentials is known here, and only
//! [`Clock::system`] reads the time.
//!
//! Start reading at [`AuthorizationServer`], which is found by its metadata; [`Credentials`] sign
//! [`Grant`]s for it; [`Tokens`] keeps what they buy; [`SelfService`] uses the tokens.
//!
//! Whoever answers is not trusted: answers have bounds of size and time, redirects are not
//! followed, metadata must be that of the configured issuer, and a grant's `aud` is never taken
//! from an answer.

mod authorization_server;
mod clock;
mod credentials;
mod error;
mod grant;
mod http;
mod random;
mod retry;
mod selfservice;
mod tokens;

pub use self::authorization_server::AuthorizationServer;
pub use self::clock::Clock;
#[cfg(feature = "pkcs11")]
pub use self::credentials::ModuleKey;
pub use self::credentials::{Credentials, CredentialsError, KeyFile, certificates};
pub use self::error::{ClientError, Refusal};
pub use self::grant::Grant;
pub use self::http::{Address, Answer, HttpClient, HttpSettings, MAX_DOCUMENT_BYTES};
pub use self::retry::RetryPolicy;
pub use self::selfservice::{DescribedClient, SelfService, Tagged, Written};
pub use self::tokens::{Token, TokenSource, Tokens};
