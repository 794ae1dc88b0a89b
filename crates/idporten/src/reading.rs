//! What a request holds, before anybody is asked about it.

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use axum::http::{HeaderMap, Method};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portvakt_core::login::client_authentication::Credentials;
use portvakt_core::login::dpop::DpopHeader;
use portvakt_core::login::provider::TokenScheme;
use portvakt_core::login::refusal::{LoginRefusal, LoginRefusalCode};
use portvakt_oauth_types::{Parameters, media_type};

/// The form of a `POST` that clients send themselves.
pub(crate) fn form<'b>(
    method: &Method,
    headers: &HeaderMap,
    body: &'b [u8],
) -> Result<Parameters<'b>, LoginRefusal> {
    if method != Method::POST {
        return Err(LoginRefusalCode::MethodNotAllowed.into());
    }
    if !is_form(headers) {
        return Err(LoginRefusalCode::UnsupportedMediaType.into());
    }
    Parameters::parse(body).map_err(|_| LoginRefusalCode::RequestMalformed.into())
}

/// Whether the body says that it is a form.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    content_type.is_some_and(media_type::is_form)
}

/// A parameter that may be there once.
pub(crate) fn one<'p>(
    parameters: &'p Parameters<'_>,
    name: &'static str,
) -> Result<Option<&'p str>, LoginRefusal> {
    parameters
        .one(name)
        .map_err(|_| LoginRefusal::Parameter(LoginRefusalCode::ParameterRepeated, name))
}

/// Client id and secret of an `Authorization` header, decoded (RFC 6749 §2.3.1).
pub(crate) struct Basic(Option<(String, String)>);

impl Basic {
    /// Reads the header. One that is no `Basic` credential counts as a wrong one, not as none.
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else {
            return Self(None);
        };
        let decoded = value.to_str().ok().filter(|_| values.next().is_none());
        let decoded = decoded.and_then(decode_basic).unwrap_or_default();
        Self(Some(decoded))
    }

    /// Whether there is a header at all, so that a refusal names the scheme.
    pub(crate) fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// Everything by which the client may prove itself.
    pub(crate) fn credentials<'c>(
        &'c self,
        parameters: &'c Parameters<'_>,
    ) -> Result<Credentials<'c>, LoginRefusal> {
        Ok(Credentials {
            client_id: one(parameters, "client_id")?,
            basic: self
                .0
                .as_ref()
                .map(|(id, secret)| (id.as_str(), secret.as_str())),
            client_secret: one(parameters, "client_secret")?,
            client_assertion_type: one(parameters, "client_assertion_type")?,
            client_assertion: one(parameters, "client_assertion")?,
        })
    }
}

/// Both halves are form-encoded; most clients leave them as they are, which decodes to the same.
fn decode_basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let bytes = STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    let half = |text: &str| {
        let encoded = format!("v={text}");
        let decoded = Parameters::parse(encoded.as_bytes()).ok()?;
        decoded.one("v").ok()?.map(str::to_owned)
    };
    Some((half(id)?, half(secret)?))
}

/// The access token of an `Authorization` header.
pub(crate) enum SentToken<'h> {
    /// None was sent.
    Missing,
    /// Something else than one token was sent.
    Malformed,
    /// A token, and how it is to be used.
    Sent(TokenScheme, &'h str),
}

impl<'h> SentToken<'h> {
    pub(crate) fn read(headers: &'h HeaderMap) -> Self {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else {
            return Self::Missing;
        };
        let parts = value.to_str().ok().and_then(|text| text.split_once(' '));
        let (Some((scheme, token)), None) = (parts, values.next()) else {
            return Self::Malformed;
        };
        let scheme = match scheme {
            _ if token.is_empty() => return Self::Malformed,
            bearer if bearer.eq_ignore_ascii_case("Bearer") => TokenScheme::Bearer,
            dpop if dpop.eq_ignore_ascii_case("DPoP") => TokenScheme::Dpop,
            _ => return Self::Malformed,
        };
        Self::Sent(scheme, token)
    }
}

/// The proof of a key that came with a request (RFC 9449 §4.1). Two headers are no proof.
pub(crate) fn dpop(headers: &HeaderMap) -> DpopHeader<'_> {
    let mut values = headers.get_all("dpop").iter();
    match (values.next(), values.next()) {
        (None, _) => DpopHeader::Absent,
        (Some(value), None) => value
            .to_str()
            .map_or(DpopHeader::Malformed, DpopHeader::Sent),
        (Some(_), Some(_)) => DpopHeader::Malformed,
    }
}

/// `User-Agent`, as far as it can be shown.
pub(crate) fn user_agent(headers: &HeaderMap) -> String {
    let value = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn basic(text: &str) -> Option<(String, String)> {
        decode_basic(&format!("Basic {}", STANDARD.encode(text)))
    }

    #[test]
    fn secrets_may_be_encoded_or_not() {
        let expected = Some(("a~b".to_owned(), "x-_y".to_owned()));
        assert_eq!(basic("a~b:x-_y"), expected);
        assert_eq!(basic("a%7Eb:x%2D_y"), expected);
        assert_eq!(basic("a"), None);
        assert_eq!(basic(":secret"), None);
        assert_eq!(decode_basic("Bearer abc"), None);
        assert_eq!(decode_basic("Basic !"), None);
    }

    /// What is sent and cannot be read must not pass for a public client's request.
    #[test]
    fn a_header_that_is_no_credential_is_a_wrong_one() {
        let value = HeaderValue::from_static("Bearer abc");
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        let basic = Basic::read(&headers);
        let parameters = Parameters::default();
        let credentials = basic.credentials(&parameters).unwrap();
        assert_eq!(credentials.basic, Some(("", "")));
        assert!(!Basic::read(&HeaderMap::new()).is_there());
    }
}
