//! What a person sees of the login surface.
//!
//! A page is a struct that says what is to be seen; its `page` function makes HTML and headers of it
//! and does nothing else. Texts of ours come from `texts/*.json`; everything else is escaped by the
//! templates, and what names, links or pictures may be is decided where they are parsed: [`Name`],
//! [`WebAddress`], [`ReturnAddress`], [`LocalPath`], [`Logo`], [`Markdown`].
//!
//! Every page works without JavaScript and asks nobody else for anything. Forms send their fields to
//! fixed paths under fixed names, which tests of relying parties may depend on; each page says which.

mod address;
mod assets;
mod consent;
mod countries;
mod eid;
mod eidas;
mod email;
mod error;
mod form_post;
mod frame;
mod language;
mod lifetime;
mod logo;
mod logout;
mod markdown;
mod name;
mod page;
mod selector;
mod testid;
mod texts;

pub use address::{LocalPath, Plain, ReturnAddress, WebAddress};
pub use assets::Asset;
pub use consent::{Consent, ConsentScope};
pub use eid::{EidOption, Level, TestPerson};
pub use eidas::{EidasAttribute, EidasCountry, EidasError, EidasLogin, EidasValues};
pub use email::{EmailAddressPage, EmailCode, EmailError};
pub use error::{ErrorDetails, ErrorKind, ErrorPage};
pub use form_post::FormPost;
pub use frame::{FooterLinks, Frame, Interaction, Localized, Service, Site};
pub use language::Language;
pub use logo::Logo;
pub use logout::{
    LoggedOut, LogoutConfirmation, LogoutOf, LogoutProgress, Notified, Onward, StillLoggedIn,
};
pub use markdown::Markdown;
pub use name::Name;
pub(crate) use page::STRICT_TRANSPORT;
pub use page::{Nonce, Page};
pub use selector::{Selector, Setback};
pub use testid::{TestId, TestIdError};
