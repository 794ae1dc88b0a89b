//! The wire vocabulary of OAuth 2.0 and OpenID Connect as Maskinporten, Skyporten and ID-porten speak
//! it: parameters, the token request, the answers to it, the metadata document and the error codes; and
//! which addresses they may be sent to.
//!
//! Plain data and its text form, for servers and clients alike. It knows no HTTP, no clock and no
//! rule about who may have a token. Start reading at [`form::TokenRequest`].

pub mod error;
pub mod form;
pub mod grant_type;
pub mod media_type;
pub mod metadata;
pub mod parameters;
pub mod token_response;
pub mod transport;

pub use error::{ErrorCode, ErrorResponse};
pub use form::{TokenRequest, TokenRequestError};
pub use grant_type::GrantType;
pub use metadata::AuthorizationServerMetadata;
pub use parameters::{Parameters, ParametersError, RepeatedParameter};
pub use token_response::TokenResponse;
