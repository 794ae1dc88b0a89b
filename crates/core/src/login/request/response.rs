//! Where and how an authorization request is answered (spec: idporten §6.8, §6.9).

use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::{AuthorizationParameters, RequestFault};
use crate::client::Client;
use crate::clock::Timestamp;
use crate::login::issuer::LoginIssuer;
use crate::login::locale::Locale;
use crate::login::redirect_uri::is_registered;
use crate::login::refusal::{LoginRefusal, LoginRefusalCode};

/// The longest `state`, in characters.
const MAX_STATE: usize = 2048;

/// How long a signed response counts, in seconds.
const JARM_LIFETIME_SECONDS: i64 = 600;

/// How the parameters of an answer travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResponseMode {
    /// In the query of a redirect.
    #[default]
    #[serde(rename = "query")]
    Query,
    /// In a form that a page posts.
    #[serde(rename = "form_post")]
    FormPost,
    /// Signed, in the query of a redirect.
    #[serde(rename = "query.jwt")]
    QueryJwt,
    /// Signed, in a form that a page posts.
    #[serde(rename = "form_post.jwt")]
    FormPostJwt,
}

/// The modes that the metadata lists.
pub const RESPONSE_MODES: [&str; 4] = ["query", "form_post", "query.jwt", "form_post.jwt"];

impl ResponseMode {
    /// Reads `response_mode`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "query" => Some(Self::Query),
            "form_post" => Some(Self::FormPost),
            "query.jwt" | "jwt" => Some(Self::QueryJwt),
            "form_post.jwt" => Some(Self::FormPostJwt),
            _ => None,
        }
    }

    /// Whether the parameters are signed.
    pub fn is_signed(self) -> bool {
        matches!(self, Self::QueryJwt | Self::FormPostJwt)
    }

    /// Whether a page posts them.
    pub fn is_form(self) -> bool {
        matches!(self, Self::FormPost | Self::FormPostJwt)
    }
}

/// Where an answer goes: an address that the client registered, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnAddress {
    /// The address, as the request names it.
    pub redirect_uri: String,
    /// How the parameters travel.
    pub response_mode: ResponseMode,
    /// What the client wants back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The language that the client prefers for the pages on the way, if they have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
}

impl ReturnAddress {
    /// Finds out where the client may be told anything, in the order of spec: idporten §6.2. A
    /// fault before the address is known goes to the person.
    pub fn find(
        parameters: &AuthorizationParameters,
        client: &Client,
    ) -> Result<Self, RequestFault> {
        if let Some("client_id" | "redirect_uri") = parameters.repeated() {
            return Err(RequestFault::page(LoginRefusalCode::RequestMalformed));
        }
        let registered = &client.login.redirect_uris;
        let redirect_uri = parameters
            .redirect_uri
            .clone()
            .filter(|uri| is_registered(uri, registered, client.application_type))
            .ok_or_else(|| RequestFault::page(LoginRefusalCode::RedirectUriNotRegistered))?;
        let mut address = Self {
            redirect_uri,
            response_mode: ResponseMode::Query,
            state: parameters.state.clone().filter(|state| is_state(state)),
            locale: parameters.ui_locales.as_deref().and_then(Locale::preferred),
        };
        match parameters.response_mode.as_deref() {
            None => Ok(address),
            Some(mode) => match ResponseMode::parse(mode) {
                Some(mode) => {
                    address.response_mode = mode;
                    Ok(address)
                }
                None => Err(RequestFault::client(
                    LoginRefusalCode::ResponseModeUnsupported,
                    &address,
                )),
            },
        }
    }
}

/// Printable ASCII, not too long.
pub(super) fn is_state(text: &str) -> bool {
    text.len() <= MAX_STATE && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// What a client is answered. It has no `Debug`: a code is as good as a login.
#[derive(Clone)]
pub struct AuthorizationAnswer {
    parameters: Vec<(&'static str, String)>,
}

impl AuthorizationAnswer {
    /// A code.
    pub fn code(code: &str, issuer: &LoginIssuer, address: &ReturnAddress) -> Self {
        Self::of(vec![("code", code.to_owned())], issuer, address)
    }

    /// A refusal.
    pub fn refusal(refusal: &LoginRefusal, issuer: &LoginIssuer, address: &ReturnAddress) -> Self {
        let parameters = vec![
            ("error", refusal.error().to_owned()),
            ("error_description", refusal.description()),
        ];
        Self::of(parameters, issuer, address)
    }

    /// `iss` is in every answer (RFC 9207), and `state` if there is one.
    fn of(
        mut parameters: Vec<(&'static str, String)>,
        issuer: &LoginIssuer,
        address: &ReturnAddress,
    ) -> Self {
        parameters.push(("iss", issuer.identifier.clone()));
        parameters.extend(address.state.clone().map(|state| ("state", state)));
        Self { parameters }
    }

    /// The parameters in their order.
    pub fn parameters(&self) -> &[(&'static str, String)] {
        &self.parameters
    }

    /// What is signed in place of the parameters (JARM §2.1).
    pub fn signed(&self, issuer: &LoginIssuer, client_id: &str, now: Timestamp) -> JarmClaims {
        let mut claims = serde_json::Map::new();
        for (name, value) in &self.parameters {
            claims.insert((*name).to_owned(), value.clone().into());
        }
        claims.insert("iss".to_owned(), issuer.identifier.clone().into());
        claims.insert("aud".to_owned(), client_id.into());
        let expires_at = now.seconds() + JARM_LIFETIME_SECONDS;
        claims.insert("exp".to_owned(), expires_at.into());
        JarmClaims(claims)
    }

    /// The same answer with one signed parameter in place of all others.
    #[must_use]
    pub fn with_response(jwt: String) -> Self {
        Self {
            parameters: vec![("response", jwt)],
        }
    }

    /// The address of a redirect. What is in the registered address's query stays.
    pub fn location(&self, address: &ReturnAddress) -> String {
        let uri = &address.redirect_uri;
        let separator = match uri.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some((_, query)) if query.ends_with('&') => "",
            Some(_) => "&",
        };
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.parameters);
        format!("{uri}{separator}{}", query.finish())
    }
}

/// The claims of a signed answer.
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct JarmClaims(serde_json::Map<String, serde_json::Value>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{ApplicationType, ClientId};
    use crate::login::issuer::Environment;
    use crate::organization::OrgNumber;

    const CALLBACK: &str = "https://nettsted.eksempel.no/oauth2/callback";

    fn client() -> Client {
        let orgno = OrgNumber::parse("312773023").unwrap();
        let id = ClientId::parse("eksempel-nettsted").unwrap();
        let mut client = Client::machine(id, "C", orgno, vec![], Timestamp::from_seconds(0));
        client.application_type = ApplicationType::Web;
        client.login.redirect_uris = vec![CALLBACK.to_owned()];
        client
    }

    fn find(text: &str) -> Result<ReturnAddress, RequestFault> {
        let parameters = portvakt_oauth_types::Parameters::parse(text.as_bytes()).unwrap();
        ReturnAddress::find(&AuthorizationParameters::read(&parameters), &client())
    }

    fn address(redirect_uri: &str, state: &str) -> ReturnAddress {
        ReturnAddress {
            redirect_uri: redirect_uri.to_owned(),
            response_mode: ResponseMode::Query,
            state: Some(state.to_owned()),
            locale: None,
        }
    }

    fn issuer() -> LoginIssuer {
        LoginIssuer::new("https://idp.eksempel.no", Environment::Test)
    }

    /// Spec: idporten §6.2 steps 1, 5 and 6.
    #[test]
    fn nobody_is_sent_to_an_address_that_is_not_registered() {
        for wrong in [
            "",
            "redirect_uri=",
            "redirect_uri=https://evil.no",
            &format!("redirect_uri={CALLBACK}/"),
            &format!("redirect_uri={CALLBACK}&redirect_uri={CALLBACK}"),
            &format!("redirect_uri={CALLBACK}&client_id=a&client_id=a"),
        ] {
            assert_eq!(find(wrong).unwrap_err().told, None, "{wrong}");
        }
        let fault = find(&format!(
            "redirect_uri={CALLBACK}&response_mode=fragment&state=a"
        ));
        let told = fault.unwrap_err().told.unwrap();
        assert_eq!(told, address(CALLBACK, "a"), "in the default mode");
    }

    #[test]
    fn a_state_that_may_not_be_repeated_is_not() {
        let found = |state: &str| find(&format!("redirect_uri={CALLBACK}&state={state}"));
        assert_eq!(found("a%26b").unwrap().state.as_deref(), Some("a&b"));
        for wrong in ["a%0Ab", "%C3%A6", &"a".repeat(2049)] {
            assert_eq!(found(wrong).unwrap().state, None);
        }
    }

    /// Spec: idporten §6.5: a page on the way speaks it, also one that only posts a form.
    #[test]
    fn the_language_that_the_client_prefers_goes_with_its_address() {
        for (ui_locales, locale) in [("de+se", Some(Locale::Se)), ("de", None)] {
            let text = format!("redirect_uri={CALLBACK}&ui_locales={ui_locales}");
            assert_eq!(find(&text).unwrap().locale, locale, "{ui_locales}");
        }
    }

    /// Spec: idporten §6.8, §6.15.
    #[test]
    fn the_answer_has_its_parameters_in_order_each_encoded_once() {
        let address = address(CALLBACK, r#"{"a": "%41&+"}"#);
        let answer = AuthorizationAnswer::code("CLPktIz9", &issuer(), &address);
        assert_eq!(
            answer.location(&address),
            format!(
                "{CALLBACK}?code=CLPktIz9&iss=https%3A%2F%2Fidp.eksempel.no&state=%7B%22a%22%3A+%22%2541%26%2B%22%7D"
            )
        );
        let refusal = LoginRefusalCode::LoginRequired.into();
        let location = AuthorizationAnswer::refusal(&refusal, &issuer(), &address);
        let location = location.location(&address);
        assert!(
            location.starts_with(&format!(
                "{CALLBACK}?error=login_required&error_description="
            )),
            "{location}"
        );
        assert!(location.contains("&iss=https%3A%2F%2Fidp.eksempel.no&state="));
    }

    #[test]
    fn a_registered_query_stays() {
        for (uri, expected) in [
            ("no.eksempel.app:/cb", "no.eksempel.app:/cb?code=c&"),
            ("https://a.no/cb?t=1", "https://a.no/cb?t=1&code=c&"),
            ("https://a.no/cb?", "https://a.no/cb?code=c&"),
        ] {
            let address = address(uri, "s");
            let answer = AuthorizationAnswer::code("c", &issuer(), &address);
            assert!(answer.location(&address).starts_with(expected), "{uri}");
        }
    }

    #[test]
    fn a_signed_answer_is_for_one_client_and_ten_minutes() {
        let address = address(CALLBACK, "s");
        let answer = AuthorizationAnswer::code("c", &issuer(), &address);
        let now = Timestamp::from_seconds(1_772_442_900);
        let claims = answer.signed(&issuer(), "eksempel-nettsted", now);
        assert_eq!(
            serde_json::to_value(claims).unwrap(),
            serde_json::json!({
                "code": "c", "state": "s", "iss": "https://idp.eksempel.no",
                "aud": "eksempel-nettsted", "exp": 1_772_443_500,
            })
        );
    }

    #[test]
    fn modes_have_the_names_of_the_metadata() {
        for mode in RESPONSE_MODES {
            let parsed = ResponseMode::parse(mode).unwrap();
            assert_eq!(serde_json::to_value(parsed).unwrap(), mode);
        }
        assert_eq!(ResponseMode::parse("jwt"), Some(ResponseMode::QueryJwt));
        assert_eq!(ResponseMode::parse("fragment"), None);
    }
}
