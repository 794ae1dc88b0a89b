//! What the platform before offered for foreign identities: `login_hint=eidas:true` and `claims`.
//! Both are honored for clients with the scope `eidas` alone (spec: idporten §6.11, §6.12).

use portvakt_jose::parse_json_object;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::AuthorizationParameters;
use crate::client::Client;
use crate::login::acr::AcceptableSet;
use crate::login::claims::is_foreign_claim;
use crate::login::refusal::{LoginRefusal, LoginRefusalCode};
use crate::login::scopes::EIDAS;

/// The longest `claims`, in bytes.
pub const MAX_CLAIMS_BYTES: usize = 4096;

/// Most attributes that a request may name.
const MAX_ATTRIBUTES: usize = 20;

/// What a client with the scope `eidas` wants of a foreign login.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EidasRequest {
    /// `identitymatch` was asked for, so `eidas_identitymatch` is told.
    pub tell_match: bool,
    /// A login without a Norwegian identity number is refused.
    pub require_match: bool,
    /// Further attributes, by the names of their claims.
    pub attributes: Vec<String>,
}

/// Whether the client is one whose legacy parameters are honored.
pub(super) fn is_honored(client: &Client) -> bool {
    client.scopes.iter().any(|scope| scope.as_str() == EIDAS)
}

/// The levels after `login_hint=eidas:true`, if it is there and honored.
pub(super) fn hinted(
    parameters: &AuthorizationParameters,
    client: &Client,
    acceptable: AcceptableSet,
) -> AcceptableSet {
    let hinted = parameters.login_hint.as_deref() == Some("eidas:true") && is_honored(client);
    match (hinted, &parameters.acr_values) {
        (false, _) => acceptable,
        (true, None) => AcceptableSet::eidas_substantial(),
        (true, Some(_)) => acceptable.moved_to_eidas(),
    }
}

/// Reads `claims`, if it is honored.
pub(super) fn claims(claims: Option<&str>, client: &Client) -> Result<EidasRequest, LoginRefusal> {
    let Some(claims) = claims.filter(|_| is_honored(client)) else {
        return Ok(EidasRequest::default());
    };
    let malformed = || LoginRefusal::from(LoginRefusalCode::ClaimsMalformed);
    if claims.len() > MAX_CLAIMS_BYTES {
        return Err(malformed());
    }
    let claims = parse_json_object(claims.as_bytes()).map_err(|_| malformed())?;
    match claims.get("id_token") {
        None | Some(Value::Null) => Ok(EidasRequest::default()),
        Some(Value::Object(wanted)) => Ok(of_id_token(wanted)),
        Some(_) => Err(malformed()),
    }
}

fn of_id_token(wanted: &Map<String, Value>) -> EidasRequest {
    let matching = wanted.get("identitymatch").filter(|value| !value.is_null());
    let values = matching.and_then(|value| value["values"].as_array());
    let accepts_unmatched = values.is_some_and(|values| values.iter().any(|v| v == "NOT_FOUND"));
    let attributes = wanted.keys().filter(|name| is_attribute(name));
    EidasRequest {
        tell_match: matching.is_some(),
        require_match: matching.is_some() && !accepts_unmatched,
        attributes: attributes.take(MAX_ATTRIBUTES).cloned().collect(),
    }
}

/// What every login has is told, not copied.
fn is_attribute(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.starts_with("eidas_")
        && !is_foreign_claim(name)
        && name.len() <= 64
        && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ClientId;
    use crate::clock::Timestamp;
    use crate::login::acr::AcrAliases;
    use crate::organization::OrgNumber;

    fn client(scopes: &[&str]) -> Client {
        let orgno = OrgNumber::parse("312773023").unwrap();
        let scopes = scopes.iter().map(|name| name.parse().unwrap()).collect();
        let id = ClientId::parse("c").unwrap();
        Client::machine(id, "C", orgno, scopes, Timestamp::from_seconds(0))
    }

    fn read(text: &str) -> Result<EidasRequest, LoginRefusal> {
        claims(Some(text), &client(&["openid", EIDAS]))
    }

    #[test]
    fn a_match_is_required_unless_not_found_is_accepted() {
        for (values, require_match) in [
            (r#"["NOT_FOUND"]"#, false),
            (r#"["BEST_EFFORT","NOT_FOUND"]"#, false),
            (r#"["BEST_EFFORT"]"#, true),
            ("[]", true),
        ] {
            let text = format!(r#"{{"id_token":{{"identitymatch":{{"values":{values}}}}}}}"#);
            let read = read(&text).unwrap();
            assert_eq!((read.tell_match, read.require_match), (true, require_match));
        }
        assert_eq!(read("{}"), Ok(EidasRequest::default()));
    }

    #[test]
    fn attributes_are_named_and_nothing_else_is_taken() {
        let text = r#"{"id_token":{"eidas_birth_name":null,"email":null,"eidas_identitymatch":null,"eidas_identifier":null,"eidas_firstname":null,"eidas_É":null},"userinfo":{"eidas_x":null}}"#;
        assert_eq!(read(text).unwrap().attributes, ["eidas_birth_name"]);
    }

    #[test]
    fn claims_are_bounded_and_only_for_clients_with_the_scope() {
        for wrong in [
            "",
            "[]",
            "{",
            r#"{"id_token":[]}"#,
            &format!(r#"{{"a":"{}"}}"#, "a".repeat(MAX_CLAIMS_BYTES)),
        ] {
            let refusal = read(wrong).unwrap_err();
            assert_eq!(refusal.code(), LoginRefusalCode::ClaimsMalformed, "{wrong}");
            let other = claims(Some(wrong), &client(&["openid"]));
            assert_eq!(other, Ok(EidasRequest::default()), "ignored for others");
        }
    }

    #[test]
    fn the_hint_asks_for_foreign_identities_of_the_same_level() {
        let set = |values| AcceptableSet::parse(values, AcrAliases::default()).unwrap();
        let mut parameters = AuthorizationParameters {
            login_hint: Some("eidas:true".to_owned()),
            ..Default::default()
        };
        let with = client(&[EIDAS]);
        let norwegian = AcceptableSet::default();
        assert_eq!(
            hinted(&parameters, &with, norwegian.clone()),
            set("eidas-loa-substantial")
        );
        assert_eq!(
            hinted(&parameters, &client(&[]), norwegian.clone()),
            norwegian
        );
        parameters.acr_values = Some("Level4".to_owned());
        assert_eq!(
            hinted(&parameters, &with, set("Level4")),
            set("eidas-loa-high")
        );
    }
}
