//! The parameters of a query or a form body, of any endpoint (RFC 6749 §3.1, appendix B).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::form::MAX_PARAMETERS;

/// Parameters in the order in which they came. Names and values are decoded; what is empty is left
/// out, because it counts as absent.
///
/// It has no `Debug`: among the values are secrets and codes.
#[derive(Clone, Default)]
pub struct Parameters<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Parameters<'a> {
    /// Reads a query, or a body of the media type [`crate::media_type::FORM`].
    pub fn parse(encoded: &'a [u8]) -> Result<Self, ParametersError> {
        let text = str::from_utf8(encoded).map_err(|_| ParametersError::NotUtf8)?;
        let mut parameters = Vec::new();
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        for (index, pair) in pairs.enumerate() {
            if index == MAX_PARAMETERS {
                return Err(ParametersError::TooMany);
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name).ok_or(ParametersError::NotUtf8)?;
            let value = decode(value).ok_or(ParametersError::NotUtf8)?;
            if !value.is_empty() {
                parameters.push((name, value));
            }
        }
        Ok(Self(parameters))
    }

    /// The value of a parameter that may be there once.
    pub fn one(&self, name: &'static str) -> Result<Option<&str>, RepeatedParameter> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(RepeatedParameter(name)),
            (value, None) => Ok(value),
        }
    }

    /// Every value of a parameter that may be repeated.
    pub fn all<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p str> {
        let named = self.0.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value.as_ref())
    }

    /// Whether the parameter is there at all.
    pub fn contains(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }
}

/// Why text is no list of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParametersError {
    /// It, or a name or value in it once decoded, is not UTF-8.
    #[error("the parameters are not UTF-8")]
    NotUtf8,
    /// More than [`MAX_PARAMETERS`].
    #[error("more than {MAX_PARAMETERS} parameters")]
    TooMany,
}

/// A parameter occurs more than once and may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("repeated parameter {0}")]
pub struct RepeatedParameter(pub &'static str);

/// Undoes the form encoding of one name or value, borrowing where there is nothing to undo; none if
/// what comes out is not UTF-8.
///
/// A `%` without two hex digits behind it stands for itself, as the URL standard has it.
pub(crate) fn decode(encoded: &str) -> Option<Cow<'_, str>> {
    if encoded.contains('+') {
        let spaced = encoded.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
        return Some(Cow::Owned(decoded.into_owned()));
    }
    // Decoding looks at each byte by itself, and an assertion has a thousand.
    if !encoded.contains('%') {
        return Some(Cow::Borrowed(encoded));
    }
    percent_decode_str(encoded).decode_utf8().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Parameters<'_> {
        Parameters::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn values_are_decoded_once() {
        let parameters = parse("scope=openid+profile&state=a%2526b%2B&n%6Fnce=x");
        assert_eq!(parameters.one("scope"), Ok(Some("openid profile")));
        assert_eq!(parameters.one("state"), Ok(Some("a%26b+")));
        assert_eq!(parameters.one("nonce"), Ok(Some("x")));
        assert_eq!(parameters.one("code"), Ok(None));
    }

    #[test]
    fn an_empty_value_is_no_value() {
        let parameters = parse("state=&state=a&nonce&&=");
        assert_eq!(parameters.one("state"), Ok(Some("a")));
        assert!(!parameters.contains("nonce"));
    }

    #[test]
    fn repetition_is_found_and_allowed_where_it_is_asked_for() {
        let parameters = parse("resource=a&resource=b&state=a&state=a");
        assert_eq!(parameters.one("state"), Err(RepeatedParameter("state")));
        let resources: Vec<_> = parameters.all("resource").collect();
        assert_eq!(resources, ["a", "b"]);
    }

    #[test]
    fn number_and_bytes_are_bounded() {
        let most = "a=b&".repeat(MAX_PARAMETERS);
        assert!(Parameters::parse(most.as_bytes()).is_ok());
        let more = "a=b&".repeat(MAX_PARAMETERS + 1);
        let fault = |bytes| Parameters::parse(bytes).err();
        assert_eq!(fault(more.as_bytes()), Some(ParametersError::TooMany));
        assert_eq!(fault(b"a=%ff"), Some(ParametersError::NotUtf8));
        assert_eq!(fault(b"\xff=a"), Some(ParametersError::NotUtf8));
    }
}
