//! The document that says where a server's endpoints are (spec: maskinporten §12.1 and §13).

use serde::{Deserialize, Serialize};

/// The path below a Maskinporten issuer (RFC 8414 §3).
pub const OAUTH_AUTHORIZATION_SERVER_PATH: &str = "/.well-known/oauth-authorization-server";

/// The path below a Skyporten issuer (OpenID Connect Discovery 1.0 §4).
pub const OPENID_CONFIGURATION_PATH: &str = "/.well-known/openid-configuration";

/// Authorization server metadata (RFC 8414 §2).
///
/// The first seven members are the national document, in its order. The others are left out unless
/// set: Skyporten needs them for clouds that insist on OpenID Connect, and strict parsers ask for
/// `response_types_supported`. A member that is an empty list is written only where it is an
/// `Option`, since RFC 8414 §3.2 leaves empty lists out. Clients ignore members not named here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationServerMetadata {
    /// The issuer exactly as tokens carry it: Maskinporten's ends with a slash, Skyporten's does not.
    pub issuer: String,
    /// Where grants are posted. Begins with the issuer: clients refuse the document otherwise.
    pub token_endpoint: String,
    /// Where the JWK Set is.
    pub jwks_uri: String,
    /// How clients may authenticate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub token_endpoint_auth_methods_supported: Vec<String>,
    /// The names of the grant types that the token endpoint takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grant_types_supported: Vec<String>,
    /// The JWS algorithms that a grant may be signed with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub token_endpoint_auth_signing_alg_values_supported: Vec<String>,
    /// The types of authorization details that are configured (RFC 9396 §10).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_details_types_supported: Vec<String>,
    /// Required by RFC 8414 yet absent from the national document, where nothing has a response type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_types_supported: Option<Vec<String>>,
    /// OpenID Connect Discovery 1.0 §3; Skyporten only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_types_supported: Option<Vec<String>>,
    /// OpenID Connect Discovery 1.0 §3; Skyporten only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_signing_alg_values_supported: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NATIONAL: &str = r#"{"issuer":"https://mp.example.no/","token_endpoint":"https://mp.example.no/token","jwks_uri":"https://mp.example.no/jwk","token_endpoint_auth_methods_supported":["private_key_jwt"],"grant_types_supported":["urn:ietf:params:oauth:grant-type:jwt-bearer"],"token_endpoint_auth_signing_alg_values_supported":["RS256","RS384","RS512"],"authorization_details_types_supported":["urn:altinn:systemuser","urn:altinn:consent"]}"#;

    fn strings(values: &[&str]) -> Vec<String> {
        values.iter().map(ToString::to_string).collect()
    }

    fn national() -> AuthorizationServerMetadata {
        AuthorizationServerMetadata {
            issuer: "https://mp.example.no/".into(),
            token_endpoint: "https://mp.example.no/token".into(),
            jwks_uri: "https://mp.example.no/jwk".into(),
            token_endpoint_auth_methods_supported: strings(&["private_key_jwt"]),
            grant_types_supported: strings(&[crate::GrantType::JWT_BEARER]),
            token_endpoint_auth_signing_alg_values_supported: strings(&["RS256", "RS384", "RS512"]),
            authorization_details_types_supported: strings(&[
                "urn:altinn:systemuser",
                "urn:altinn:consent",
            ]),
            response_types_supported: None,
            subject_types_supported: None,
            id_token_signing_alg_values_supported: None,
        }
    }

    #[test]
    fn writes_the_seven_national_members_in_their_order() {
        assert_eq!(serde_json::to_string(&national()).unwrap(), NATIONAL);
    }

    #[test]
    fn writes_the_members_that_clouds_insist_on() {
        let skyporten = AuthorizationServerMetadata {
            issuer: "https://sky.example.no".into(),
            authorization_details_types_supported: Vec::new(),
            response_types_supported: Some(strings(&["id_token"])),
            subject_types_supported: Some(strings(&["public"])),
            id_token_signing_alg_values_supported: Some(strings(&["RS256"])),
            ..national()
        };
        let json = serde_json::to_value(&skyporten).unwrap();
        assert!(
            json.get("authorization_details_types_supported").is_none(),
            "{json}"
        );
        assert_eq!(
            json["response_types_supported"],
            serde_json::json!(["id_token"])
        );
        assert_eq!(
            json["subject_types_supported"],
            serde_json::json!(["public"])
        );
        assert_eq!(
            json["id_token_signing_alg_values_supported"],
            serde_json::json!(["RS256"])
        );
    }

    #[test]
    fn keeps_an_empty_list_that_was_asked_for() {
        let metadata = AuthorizationServerMetadata {
            response_types_supported: Some(Vec::new()),
            ..national()
        };
        let json = serde_json::to_value(&metadata).unwrap();
        assert_eq!(json["response_types_supported"], serde_json::json!([]));
    }

    #[test]
    fn a_client_reads_it_and_ignores_other_members() {
        let extended = NATIONAL.replacen('{', r#"{"scopes_supported":["a:b"],"#, 1);
        let metadata: AuthorizationServerMetadata = serde_json::from_str(&extended).unwrap();
        assert_eq!(metadata, national());
    }

    #[test]
    fn a_client_reads_the_least_that_it_needs() {
        let least = r#"{"issuer":"i","token_endpoint":"t","jwks_uri":"j"}"#;
        let metadata: AuthorizationServerMetadata = serde_json::from_str(least).unwrap();
        assert_eq!(metadata.token_endpoint, "t");
        assert!(serde_json::from_str::<AuthorizationServerMetadata>(r#"{"issuer":"i"}"#).is_err());
    }
}
