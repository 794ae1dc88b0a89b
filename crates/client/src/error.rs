//! Why a call did not give what was asked for.

use std::fmt;
use std::time::Duration;

use portvakt_api_types::{ErrorBody, ErrorItem};
use portvakt_oauth_types::ErrorResponse;

use crate::http::Answer;

/// Longest text of a server that is shown, in characters.
const MAX_SHOWN: usize = 500;
/// Longest word of it: what is longer could be a token or a grant that was sent back.
const MAX_WORD: usize = 100;

/// Why a call did not give what was asked for. No message holds a secret, a token or a grant.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ClientError {
    /// An address that is not used.
    #[error("{url} is not usable: {reason}")]
    Address {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The HTTP client cannot be made, for instance of an unusable proxy.
    #[error("cannot prepare the HTTP client: {0}")]
    Setup(String),
    /// No connection was made, so nothing was sent.
    #[error("cannot connect to {url}: {reason}")]
    Unreachable {
        /// The address.
        url: String,
        /// What the network says.
        reason: String,
    },
    /// The connection ended, or the time was up, after something may have been sent.
    #[error("no whole answer from {url}: {reason}")]
    Broken {
        /// The address.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The answer is longer than is read.
    #[error("the answer of {url} is larger than {limit} bytes")]
    TooLarge {
        /// The address.
        url: String,
        /// Most bytes that are read.
        limit: usize,
    },
    /// The answer sends elsewhere, where a grant or a token must not follow.
    #[error(
        "{url} answered {status}, a redirect, which is not followed: configure the address that is meant"
    )]
    Redirect {
        /// The address.
        url: String,
        /// 300 to 399.
        status: u16,
    },
    /// The server refused.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// The server succeeded and its answer is not what the protocol says.
    #[error("{url} answered what is no {what}")]
    Garbage {
        /// The address.
        url: String,
        /// What was expected.
        what: &'static str,
    },
    /// The metadata is another issuer's (RFC 8414 §3.3).
    #[error("{url} says that its issuer is {found:?}, and not {configured:?}: do not trust it")]
    IssuerMismatch {
        /// Address of the metadata.
        url: String,
        /// The issuer that is meant.
        configured: String,
        /// The issuer that the metadata names.
        found: String,
    },
    /// The key does not sign.
    #[error("sign the grant: {0}")]
    Sign(#[from] portvakt_jose::KeyError),
    /// The machine has no randomness.
    #[error("this machine has no randomness")]
    NoRandomness,
}

impl ClientError {
    /// The refusal, if it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Status of the refusal, if it is one.
    pub fn status(&self) -> Option<u16> {
        self.refusal().map(|refusal| refusal.status)
    }
}

/// What a server says that it refuses, shortened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Where.
    pub url: String,
    /// HTTP status.
    pub status: u16,
    /// `error` of an OAuth refusal.
    pub error: Option<String>,
    /// What went wrong, in the server's words.
    pub description: String,
    /// `error_uri` of an OAuth refusal.
    pub error_uri: Option<String>,
    /// What the server calls the request.
    pub request_id: Option<String>,
    /// Each fault of a refusal of the self-service API.
    pub items: Vec<ErrorItem>,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// The national code, such as `MP-250`: the last segment of `error_uri`.
    pub fn mp_code(&self) -> Option<&str> {
        let code = self.error_uri.as_deref()?.rsplit('/').next()?;
        code.starts_with("MP-").then_some(code)
    }

    pub(crate) fn read(url: &str, answer: &Answer) -> Self {
        let mut refusal = Self {
            url: url.to_owned(),
            status: answer.status,
            error: None,
            description: String::new(),
            error_uri: None,
            request_id: answer.header("x-request-id").map(shown),
            items: Vec::new(),
            retry_after: answer.retry_after(),
        };
        if let Ok(body) = serde_json::from_slice::<ErrorBody>(&answer.body) {
            let items = body.items();
            let messages: Vec<_> = items.iter().map(describe).collect();
            refusal.description = shown(&messages.join("; "));
            refusal.items = items;
        } else if let Ok(body) = serde_json::from_slice::<ErrorResponse>(&answer.body) {
            refusal.error = Some(shown(&body.error));
            let description = body.error_description.as_deref();
            refusal.description = description.map(shown).unwrap_or_default();
            refusal.error_uri = body.error_uri.as_deref().map(shown);
        } else {
            refusal.description = shown(&String::from_utf8_lossy(&answer.body));
        }
        refusal
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} answered {}", self.url, self.status)?;
        if let Some(error) = &self.error {
            write!(formatter, " {error}")?;
        }
        if let Some(code) = self.mp_code() {
            write!(formatter, " {code}")?;
        }
        if !self.description.is_empty() {
            write!(formatter, ": {}", self.description)?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

fn describe(item: &ErrorItem) -> String {
    match &item.field_identifier {
        Some(field) => format!("{field}: {}", item.error_message),
        None => item.error_message.clone(),
    }
}

trait Items {
    fn items(self) -> Vec<ErrorItem>;
}

impl Items for ErrorBody {
    fn items(self) -> Vec<ErrorItem> {
        let shorten = |item: ErrorItem| ErrorItem {
            error_message: shown(&item.error_message),
            object_name: shown(&item.object_name),
            field_identifier: item.field_identifier.as_deref().map(shown),
            ..item
        };
        self.errors.into_iter().take(20).map(shorten).collect()
    }
}

/// A text of a server in a form that can be shown: one line of bounded length, without control
/// characters and without what could be a secret that the server echoes.
pub(crate) fn shown(text: &str) -> String {
    let text: String = text.chars().take(4 * MAX_SHOWN).collect();
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words = words.filter(|word| !word.is_empty()).map(|word| {
        if word.chars().count() > MAX_WORD {
            "[…]"
        } else {
            word
        }
    });
    let line = words.collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX_SHOWN {
        return line;
    }
    line.chars().take(MAX_SHOWN).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_one_short_line_without_what_it_echoes() {
        let token = "eyJ".repeat(60);
        assert_eq!(
            shown(&format!("no\n\u{1b}[31m good: {token} ")),
            "no [31m good: […]"
        );
        let long = "ab ".repeat(1000);
        assert_eq!(shown(&long).chars().count(), MAX_SHOWN + 1);
    }

    fn read(status: u16, body: &str) -> Refusal {
        let answer = Answer {
            status,
            headers: reqwest::header::HeaderMap::new(),
            body: body.into(),
        };
        Refusal::read("https://a.example/token", &answer)
    }

    #[test]
    fn each_form_of_refusal_is_told_in_its_servers_words() {
        let oauth = read(
            403,
            r#"{"error":"forbidden","error_description":"no access","error_uri":"https://a/MP-250"}"#,
        );
        assert_eq!(oauth.mp_code(), Some("MP-250"));
        assert_eq!(
            oauth.to_string(),
            "https://a.example/token answered 403 forbidden MP-250: no access"
        );
        let api = read(
            400,
            r#"{"status":400,"timestamp":"","correlation_id":"","error":"","error_description":"",
               "errors":[{"errorMessage":"is wrong","isFieldError":true,"objectName":"Scope",
               "fieldIdentifier":"at_max_age"}]}"#,
        );
        assert_eq!(
            api.to_string(),
            "https://a.example/token answered 400: at_max_age: is wrong"
        );
        assert_eq!(
            read(502, "<html>Bad\nGateway").description,
            "<html>Bad Gateway"
        );
    }
}
