//! The form that a client posts to the token endpoint (spec: maskinporten §3).

use std::borrow::Cow;
use std::fmt;

use crate::{ErrorCode, GrantType, parameters};

#[cfg(test)]
mod tests;

/// The most parameters that one form may have. The endpoint reads two; the rest is room for what
/// clients add and the server ignores.
pub const MAX_PARAMETERS: usize = 100;

const GRANT_TYPE: &str = "grant_type";
const ASSERTION: &str = "assertion";

/// A well-formed token request.
///
/// The assertion borrows from the body when nothing in it was encoded, as in every request from a
/// client that sends a JWT: its alphabet needs no encoding.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenRequest<'a> {
    /// How the client proves that it may have a token.
    pub grant_type: GrantType,
    /// The JWT grant in compact serialization, not yet looked into (RFC 7523 §2.1).
    pub assertion: Cow<'a, str>,
}

impl<'a> TokenRequest<'a> {
    /// Reads the body of a `POST` to the token endpoint.
    ///
    /// Strict about the parameters that decide: each is present exactly once and is UTF-8. Tolerant
    /// about the rest, because clients differ: any order, colons encoded or not, and parameters
    /// that the endpoint does not know are ignored (RFC 6749 §3.2).
    pub fn parse(body: &'a [u8]) -> Result<Self, TokenRequestError> {
        let body = str::from_utf8(body).map_err(|_| TokenRequestError::NotUtf8)?;
        let parameters = Parameters::collect(body)?;

        let grant_type = parameters
            .grant_type
            .ok_or(TokenRequestError::MissingParameter(GRANT_TYPE))?;
        // Before the assertion is missed: other grants have none, and their clients are helped more
        // by learning that the grant is not offered.
        let grant_type =
            GrantType::parse(&grant_type).ok_or(TokenRequestError::UnsupportedGrantType)?;
        let assertion = parameters
            .assertion
            .ok_or(TokenRequestError::MissingParameter(ASSERTION))?;
        Ok(Self {
            grant_type,
            assertion,
        })
    }

    /// The body that a client posts, of the media type [`crate::media_type::FORM`].
    pub fn to_body(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .append_pair(GRANT_TYPE, self.grant_type.as_str())
            .append_pair(ASSERTION, &self.assertion)
            .finish()
    }
}

impl fmt::Debug for TokenRequest<'_> {
    /// Leaves the assertion out: whoever holds it can spend it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest")
            .field("grant_type", &self.grant_type)
            .finish_non_exhaustive()
    }
}

/// Why a body is no token request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRequestError {
    /// A required parameter is absent or has no value, which RFC 6749 §3.2 makes the same.
    #[error("missing parameter {0}")]
    MissingParameter(&'static str),
    /// A parameter occurs more than once (RFC 6749 §3.2).
    #[error("repeated parameter {0}")]
    RepeatedParameter(&'static str),
    /// The body, or a name or value in it once decoded, is not UTF-8 (RFC 6749 appendix B).
    #[error("the form is not UTF-8")]
    NotUtf8,
    /// The form has more than [`MAX_PARAMETERS`] parameters.
    #[error("more than {MAX_PARAMETERS} parameters")]
    TooManyParameters,
    /// The grant type is none of [`GrantType`].
    #[error("unsupported grant_type")]
    UnsupportedGrantType,
}

impl TokenRequestError {
    /// The `error` member of the answer (RFC 6749 §5.2).
    pub fn code(self) -> ErrorCode {
        match self {
            Self::UnsupportedGrantType => ErrorCode::UnsupportedGrantType,
            Self::MissingParameter(_)
            | Self::RepeatedParameter(_)
            | Self::NotUtf8
            | Self::TooManyParameters => ErrorCode::InvalidRequest,
        }
    }
}

/// The values of the parameters that the endpoint reads.
#[derive(Default)]
struct Parameters<'a> {
    grant_type: Option<Cow<'a, str>>,
    assertion: Option<Cow<'a, str>>,
}

impl<'a> Parameters<'a> {
    fn collect(body: &'a str) -> Result<Self, TokenRequestError> {
        let mut parameters = Self::default();
        let pairs = body.split('&').filter(|pair| !pair.is_empty());
        for (index, pair) in pairs.enumerate() {
            if index == MAX_PARAMETERS {
                return Err(TokenRequestError::TooManyParameters);
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            parameters.add(name, value)?;
        }
        Ok(parameters)
    }

    /// Takes one pair as it stands in the body. The value of an unknown parameter is not decoded.
    fn add(&mut self, name: &'a str, value: &'a str) -> Result<(), TokenRequestError> {
        let (name, slot) = match &*decode(name)? {
            GRANT_TYPE => (GRANT_TYPE, &mut self.grant_type),
            ASSERTION => (ASSERTION, &mut self.assertion),
            _ => return Ok(()),
        };
        if value.is_empty() {
            return Ok(());
        }
        if slot.is_some() {
            return Err(TokenRequestError::RepeatedParameter(name));
        }
        *slot = Some(decode(value)?);
        Ok(())
    }
}

/// Undoes the form encoding of one name or value, borrowing where there is nothing to undo.
fn decode(encoded: &str) -> Result<Cow<'_, str>, TokenRequestError> {
    parameters::decode(encoded).ok_or(TokenRequestError::NotUtf8)
}
