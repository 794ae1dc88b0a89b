//! What tokens and answers say about a person (spec: idporten §10.4, §11, §12.3, §13, §15.6, §18.5).
//!
//! [`PersonFacts`] is the one place that knows who the person is; it gives nothing away in
//! pseudonymous mode, so that no claim has to remember to keep silent.

mod access_token;
mod foreign;
mod id_token;
mod introspection;
mod logout_token;
mod person;
mod userinfo;

pub use self::access_token::{AccessTokenFacts, LoginAccessToken};
pub use self::foreign::foreign_claim_names;
pub(super) use self::foreign::is_foreign_claim;
pub use self::id_token::{IdToken, IdTokenFacts};
pub use self::introspection::{Inactive, introspection};
pub use self::logout_token::{LOGOUT_TOKEN_TYPE, LogoutToken, LogoutTokenFacts};
pub use self::person::PersonFacts;
pub use self::userinfo::Userinfo;
