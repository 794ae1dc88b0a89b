//! What is kept of logins (spec: idporten §21). Plain data: a store writes it and reads it back,
//! and decides nothing.
//!
//! What is looked for or compared is a member of a record; what only travels with it is one
//! [`Document`](super::Document), or a structure that is kept as one. Who somebody is, a national
//! identity number above all, is in [`LoginPerson`] and nowhere else; the others name a [`PersonId`].

mod authorization;
mod code;
mod event;
mod history;
mod ids;
mod person;
mod pushed;
mod session;
mod token;
mod transaction;

pub use self::authorization::{
    Authorization, AuthorizationDetails, GrantedScope, Revocation, RevocationReason,
};
pub use self::code::{AuthorizationCode, CODE_MEMORY, CodeDetails};
pub use self::event::{Attributes, AuthenticationEvent};
pub use self::history::{FEDERATED, HistoryEntry};
pub use self::ids::{AuthorizationId, InvalidId, PersonId, SessionId, TokenId};
pub use self::person::{Identity, IdentityKind, LoginPerson, LoginSpan, PersonState};
pub use self::pushed::{PushedRequest, PushedState};
pub use self::session::{Session, SessionClient, SsoGroup};
pub use self::token::{AccessToken, RefreshToken, RevokedToken};
pub use self::transaction::{LoginTransaction, ParkedLogout};
