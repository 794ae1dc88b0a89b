//! Logging people in: what is kept of it, and where.
//!
//! [`record`] is plain data: requests that were pushed, logins under way, sessions, authorizations
//! and the codes and tokens that hang off them, people. [`port`] is what a store does with it, each
//! use-case one atomic act. What a browser or a client holds is a [`Handle`]; what is kept of it is
//! its [`HandleDigest`].

pub mod acr;
mod document;
mod handle;
mod keeping;
pub mod locale;
pub mod port;
pub mod record;

pub use self::acr::Acr;
pub use self::document::{Document, UnreadableDocument};
pub use self::handle::{Handle, HandleDigest, InvalidHandle};
pub use self::keeping::Keeping;
pub use self::locale::Locale;
pub use self::port::LoginStore;
