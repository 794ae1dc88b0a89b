//! The parameters of an authorization request, as they arrived (spec: idporten §6.1).

use portvakt_oauth_types::{Parameters, RepeatedParameter};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::login::issuer::Environment;
use crate::login::refusal::{LoginRefusal, LoginRefusalCode};

/// The largest authorization request by a browser, in bytes.
pub const MAX_REQUEST_BYTES: usize = 16 * 1024;

/// The beginning of a hint that names a test person.
const TEST_PERSON_HINT: &str = "testid:";

macro_rules! parameters {
    ($($(#[$doc:meta])* $field:ident,)*) => {
        /// What was asked for: each parameter that means something, at most once, and `resource`.
        ///
        /// Pushed requests are kept in this form and judged anew when a browser presents them,
        /// because the client's rights may have changed. It has no `Debug`: the hints say who
        /// somebody is.
        #[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct AuthorizationParameters {
            $(
                $(#[$doc])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $field: Option<String>,
            )*
            /// `resource`: the APIs that the access token is for.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            pub resource: Vec<String>,
            /// The first parameter that was repeated. Whoever is told of it depends on which.
            #[serde(skip)]
            pub(super) repeated: Option<&'static str>,
        }

        /// The names of the parameters that may be there once.
        const NAMES: &[&str] = &[$(stringify!($field),)*];

        impl AuthorizationParameters {
            fn slot(&mut self, name: &str) -> Option<&mut Option<String>> {
                match name {
                    $(stringify!($field) => Some(&mut self.$field),)*
                    _ => None,
                }
            }
        }
    };
}

parameters! {
    /// `response_type`.
    response_type,
    /// `client_id`.
    client_id,
    /// `redirect_uri`.
    redirect_uri,
    /// `scope`.
    scope,
    /// `state`.
    state,
    /// `nonce`.
    nonce,
    /// `code_challenge`.
    code_challenge,
    /// `code_challenge_method`.
    code_challenge_method,
    /// `acr_values`.
    acr_values,
    /// `max_age`.
    max_age,
    /// `prompt`.
    prompt,
    /// `ui_locales`.
    ui_locales,
    /// `response_mode`.
    response_mode,
    /// `onbehalfof`.
    onbehalfof,
    /// `login_hint`; kept only where it means something.
    login_hint,
    /// `claims`.
    claims,
    /// `request`.
    request,
    /// `request_uri`.
    request_uri,
    /// `id_token_hint`.
    id_token_hint,
    /// `dpop_jkt`.
    dpop_jkt,
    /// `registration`.
    registration,
}

impl AuthorizationParameters {
    /// Reads a query or a form. What repetition means is for the validation to say.
    pub fn read(parameters: &Parameters<'_>) -> Self {
        let mut read = Self {
            resource: parameters.all("resource").map(str::to_owned).collect(),
            ..Self::default()
        };
        for name in NAMES {
            let value = match parameters.one(name) {
                Ok(value) => value.map(str::to_owned),
                Err(RepeatedParameter(name)) => {
                    read.repeated.get_or_insert(name);
                    None
                }
            };
            if let Some(slot) = read.slot(name) {
                *slot = value;
            }
        }
        read.forget_meaningless_hint();
        read
    }

    /// A hint may be a national identity number, which is nobody's to keep.
    fn forget_meaningless_hint(&mut self) {
        let meaningful = |hint: &String| hint == "eidas:true" || hint.starts_with(TEST_PERSON_HINT);
        self.login_hint = self.login_hint.take().filter(meaningful);
    }

    /// Forgets a hint that names a test person where there are none: the number is then that of
    /// somebody real, or nobody's.
    pub fn forget_hint_foreign_to(&mut self, environment: Environment) {
        if environment != Environment::Test && self.test_person().is_some() {
            self.login_hint = None;
        }
    }

    /// The parameter that was repeated, if one was.
    pub fn repeated(&self) -> Option<&'static str> {
        self.repeated
    }

    /// The national identity number of a test person whom the client would like to log in.
    pub fn test_person(&self) -> Option<&str> {
        self.login_hint.as_deref()?.strip_prefix(TEST_PERSON_HINT)
    }

    /// Puts the claims of a request object in place of the parameters of the same names
    /// (OpenID Connect Core §6.1). Claims that are no parameters are ignored.
    pub(super) fn overlay(
        &mut self,
        claims: serde_json::Map<String, Value>,
    ) -> Result<(), LoginRefusal> {
        for (name, value) in claims {
            let malformed = LoginRefusal::Detail(
                LoginRefusalCode::RequestObjectInvalid,
                "a parameter in it has a wrong type",
            );
            match (name.as_str(), value) {
                ("resource", Value::Array(values)) => {
                    let texts = values.into_iter().map(|value| match value {
                        Value::String(text) => Ok(text),
                        _ => Err(malformed.clone()),
                    });
                    self.resource = texts.collect::<Result<_, _>>()?;
                }
                ("resource", Value::String(text)) => self.resource = vec![text],
                ("max_age", Value::Number(number)) => self.max_age = Some(number.to_string()),
                ("claims", claims @ Value::Object(_)) => self.claims = Some(claims.to_string()),
                (name, value) => {
                    let Some(slot) = self.slot(name) else {
                        continue;
                    };
                    let Value::String(text) = value else {
                        return Err(malformed);
                    };
                    *slot = Some(text).filter(|text| !text.is_empty());
                }
            }
        }
        self.forget_meaningless_hint();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> AuthorizationParameters {
        AuthorizationParameters::read(&Parameters::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn every_parameter_is_read_and_the_rest_is_ignored() {
        let named = NAMES.iter().filter(|name| **name != "login_hint");
        let all: Vec<_> = named.map(|name| format!("{name}=v")).collect();
        let all = all.join("&");
        let read = read(&format!("{all}&display=page&foo=bar&resource=a&resource=b"));
        let kept = serde_json::to_value(&read).unwrap();
        assert_eq!(
            kept.as_object().unwrap().len(),
            NAMES.len(),
            "with resource"
        );
        assert_eq!(read.resource, ["a", "b"]);
        assert_eq!(read.repeated(), None);
    }

    #[test]
    fn repetition_is_noted_and_no_value_is_taken() {
        let read = read("scope=openid&state=a&state=b&nonce=a&nonce=a");
        assert_eq!(read.repeated(), Some("state"));
        assert_eq!((read.state, read.nonce), (None, None));
    }

    /// A hint may be a national identity number, which is nobody's to keep.
    #[test]
    fn hints_that_mean_nothing_are_not_kept() {
        assert_eq!(read("login_hint=17869010057").login_hint, None);
        assert!(read("login_hint=eidas:true").login_hint.is_some());
        let hinted = read("login_hint=testid:17869010057");
        assert_eq!(hinted.test_person(), Some("17869010057"));
    }

    #[test]
    fn a_test_person_is_hinted_at_in_test_environments_alone() {
        for (hint, environment, kept) in [
            ("testid:17869010057", Environment::Test, true),
            ("testid:17869010057", Environment::Production, false),
            ("eidas:true", Environment::Production, true),
        ] {
            let mut hinted = read(&format!("login_hint={hint}"));
            hinted.forget_hint_foreign_to(environment);
            assert_eq!(hinted.login_hint.is_some(), kept, "{hint} {environment:?}");
        }
    }

    #[test]
    fn kept_parameters_are_read_back() {
        let parameters = read("client_id=a&scope=openid&resource=urn%3Aa");
        let kept = serde_json::to_string(&parameters).unwrap();
        assert!(serde_json::from_str::<AuthorizationParameters>(&kept).unwrap() == parameters);
    }
}
