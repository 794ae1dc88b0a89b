//! Logging people in: what is asked for, who is let in, what they get, and what is kept of it
//! (spec: idporten).
//!
//! [`record`] is plain data: requests that were pushed, logins under way, sessions, authorizations
//! and the codes and tokens that hang off them, people. [`port`] is what a store does with it, each
//! use-case one atomic act. What a browser or a client holds is a [`Handle`]; what is kept of it is
//! its [`HandleDigest`].

pub mod acr;
pub mod assertion;
pub mod claims;
pub mod client_authentication;
pub mod companion;
pub mod decision;
mod document;
pub mod dpop;
mod handle;
pub mod issuer;
mod keeping;
mod lifetime;
pub mod locale;
pub mod matching;
pub mod one_time_code;
pub mod pkce;
pub mod port;
pub mod provider;
pub mod record;
pub mod redirect_uri;
pub mod refusal;
pub mod request;
mod room;
pub mod scopes;
mod session;
pub mod subject;

pub use self::acr::Acr;
pub use self::document::{Document, UnreadableDocument};
pub use self::handle::{Handle, HandleDigest, InvalidHandle};
pub use self::keeping::Keeping;
pub use self::locale::Locale;
pub use self::port::LoginStore;
pub use self::room::{Opening, Room, RoomFigures};
pub use self::session::CompletedLogin;
