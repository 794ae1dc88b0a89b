//! Error answers and their codes (spec: maskinporten §3.2 and §11, idporten §19).

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The `error` member of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request is malformed (RFC 6749 §5.2).
    InvalidRequest,
    /// The client could not be authenticated (RFC 6749 §5.2). Maskinporten answers
    /// [`ErrorCode::InvalidGrant`] instead, because the grant is the authentication.
    InvalidClient,
    /// The grant is wrong, spent, expired or another's (RFC 6749 §5.2).
    InvalidGrant,
    /// The client may not use this grant type (RFC 6749 §5.2).
    UnauthorizedClient,
    /// The server does not offer this grant type (RFC 6749 §5.2).
    UnsupportedGrantType,
    /// A scope is unknown, malformed or not the client's (RFC 6749 §5.2).
    InvalidScope,
    /// The authorization details have an unknown type, member or value (RFC 9396 §5).
    InvalidAuthorizationDetails,
    /// The organization has no access to the scope. Not a standard code: Maskinporten's own.
    Forbidden,
    /// Altinn knows no system user or consent that fits. Not a standard code: Maskinporten's own.
    InvalidAltinnCustomerConfiguration,
    /// The server cannot decide now; the same request may succeed later (RFC 6749 §4.1.2.1).
    TemporarilyUnavailable,
    /// The server is at fault (RFC 6749 §4.1.2.1).
    ServerError,
    /// The authorization endpoint does not offer this response type (RFC 6749 §4.1.2.1).
    UnsupportedResponseType,
    /// The person, or the server on their behalf, said no (RFC 6749 §4.1.2.1).
    AccessDenied,
    /// Nobody is logged in who satisfies the request, and no page may be shown (OpenID Connect Core §3.1.2.6).
    LoginRequired,
    /// The person would have to be asked, and no page may be shown (OpenID Connect Core §3.1.2.6).
    ConsentRequired,
    /// Some page would have to be shown, and none may be (OpenID Connect Core §3.1.2.6).
    InteractionRequired,
    /// The request object is wrong (OpenID Connect Core §3.1.2.6).
    InvalidRequestObject,
    /// Request objects are not accepted (OpenID Connect Core §3.1.2.6).
    RequestNotSupported,
    /// Clients do not register themselves in a request (OpenID Connect Core §3.1.2.6).
    RegistrationNotSupported,
    /// `resource` is wrong, or was not authorized (RFC 8707 §2).
    InvalidTarget,
    /// The access token is expired, revoked, malformed or another's (RFC 6750 §3.1).
    InvalidToken,
    /// The access token, or the client, lacks a scope that is needed (RFC 6750 §3.1).
    InsufficientScope,
    /// The `DPoP` proof is wrong (RFC 9449 §5).
    InvalidDpopProof,
    /// The resource does not exist, or is none of the caller's business. Not a standard code: the
    /// companion APIs' own.
    NotFound,
}

impl ErrorCode {
    /// Every code, in the order of declaration.
    pub const ALL: [Self; 24] = [
        Self::InvalidRequest,
        Self::InvalidClient,
        Self::InvalidGrant,
        Self::UnauthorizedClient,
        Self::UnsupportedGrantType,
        Self::InvalidScope,
        Self::InvalidAuthorizationDetails,
        Self::Forbidden,
        Self::InvalidAltinnCustomerConfiguration,
        Self::TemporarilyUnavailable,
        Self::ServerError,
        Self::UnsupportedResponseType,
        Self::AccessDenied,
        Self::LoginRequired,
        Self::ConsentRequired,
        Self::InteractionRequired,
        Self::InvalidRequestObject,
        Self::RequestNotSupported,
        Self::RegistrationNotSupported,
        Self::InvalidTarget,
        Self::InvalidToken,
        Self::InsufficientScope,
        Self::InvalidDpopProof,
        Self::NotFound,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidAuthorizationDetails => "invalid_authorization_details",
            Self::Forbidden => "forbidden",
            Self::InvalidAltinnCustomerConfiguration => "invalid_altinn_customer_configuration",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::AccessDenied => "access_denied",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::InteractionRequired => "interaction_required",
            Self::InvalidRequestObject => "invalid_request_object",
            Self::RequestNotSupported => "request_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::InvalidDpopProof => "invalid_dpop_proof",
            Self::NotFound => "not_found",
        }
    }

    /// The code with this name. Names compare exactly.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == name)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The body of a refusal (RFC 6749 §5.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorResponse {
    /// The name of an [`ErrorCode`], or of a code that only the answering server knows.
    pub error: Cow<'static, str>,
    /// What went wrong, for the developer of the client. Portvakt always sends it; a client must
    /// not match on the whole of it, because it ends in a trace id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
    /// A page that explains the refusal; its last path segment is the MP code, which stands nowhere
    /// else. Absent where the situation has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_uri: Option<String>,
}

impl ErrorResponse {
    /// A refusal without a help page.
    pub fn new(code: ErrorCode, description: impl Into<String>) -> Self {
        Self {
            error: Cow::Borrowed(code.as_str()),
            error_description: Some(description.into()),
            error_uri: None,
        }
    }

    /// The same refusal with the address of its help page.
    #[must_use]
    pub fn with_uri(mut self, uri: impl Into<String>) -> Self {
        self.error_uri = Some(uri.into());
        self
    }

    /// The code, if it is one that Portvakt knows.
    pub fn code(&self) -> Option<ErrorCode> {
        ErrorCode::parse(&self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_name_in_all_its_forms() {
        for code in ErrorCode::ALL {
            let name = code.as_str();
            assert_eq!(serde_json::to_value(code).unwrap(), name);
            assert_eq!(
                serde_json::from_value::<ErrorCode>(name.into()).unwrap(),
                code
            );
            assert_eq!(ErrorCode::parse(name), Some(code));
            assert_eq!(code.to_string(), name);
        }
        assert_eq!(ErrorCode::parse("Invalid_Request"), None);
    }

    #[test]
    fn writes_the_captured_body() {
        let response = ErrorResponse::new(
            ErrorCode::InvalidGrant,
            "Invalid assertion. Client authentication failed. Expired key. (trace_id: 2aab)",
        )
        .with_uri("https://mp.example.no/errors/MP-121");

        assert_eq!(
            serde_json::to_string(&response).unwrap(),
            concat!(
                r#"{"error":"invalid_grant","error_description":"Invalid assertion. Client "#,
                r#"authentication failed. Expired key. (trace_id: 2aab)","#,
                r#""error_uri":"https://mp.example.no/errors/MP-121"}"#
            )
        );
    }

    #[test]
    fn leaves_out_the_page_that_does_not_exist() {
        let response = ErrorResponse::new(ErrorCode::InvalidRequest, "missing parameter");
        let json = serde_json::to_value(&response).unwrap();
        assert!(json.get("error_uri").is_none(), "{json}");
    }

    #[test]
    fn a_client_reads_codes_that_it_does_not_know() {
        let response: ErrorResponse =
            serde_json::from_str(r#"{"error":"brand_new","unknown":1}"#).unwrap();
        assert_eq!(response.error, "brand_new");
        assert_eq!(response.code(), None);
        assert_eq!(response.error_description, None);
    }
}
