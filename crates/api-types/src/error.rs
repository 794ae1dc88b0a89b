//! The body of every 4xx and 5xx (spec: selfservice §4).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An error. The mixed naming is the national service's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// The HTTP status.
    pub status: u16,
    /// RFC 3339.
    pub timestamp: String,
    /// The request's id: 32 lower-case hex digits.
    pub correlation_id: String,
    /// One element for each problem; present even when it is empty, because clients index it.
    pub errors: Vec<ErrorItem>,
    /// The messages, each after `, `.
    pub error: String,
    /// The same as `error`, for printers of OAuth errors.
    pub error_description: String,
}

impl ErrorBody {
    /// The body for these problems.
    pub fn new(
        status: u16,
        timestamp: String,
        correlation_id: String,
        errors: Vec<ErrorItem>,
    ) -> Self {
        let messages = errors.iter().map(|item| item.error_message.as_str());
        let error = messages.fold(String::new(), |text, message| text + ", " + message);
        Self {
            status,
            timestamp,
            correlation_id,
            errors,
            error_description: error.clone(),
            error,
        }
    }
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorItem {
    /// Text for a person.
    pub error_message: String,
    /// Whether `field_identifier` means something.
    pub is_field_error: bool,
    /// `Client`, `Scope`, `ScopeAccess`, `Jwks` or `OnBehalfOf`; others in the operator's API.
    pub object_name: String,
    /// The attribute, `scopes[2]` for an element; absent when no attribute is at fault.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub field_identifier: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_body_has_the_captured_form() {
        let item = |message: &str, field: Option<&str>| ErrorItem {
            error_message: message.to_owned(),
            is_field_error: field.is_some(),
            object_name: "Client".to_owned(),
            field_identifier: field.map(str::to_owned),
        };
        let items = vec![item("a is wrong", Some("scopes[2]")), item("b", None)];
        let body = ErrorBody::new(400, "t".to_owned(), "c".to_owned(), items);
        assert_eq!(
            serde_json::to_value(&body).unwrap(),
            json!({
                "status": 400, "timestamp": "t", "correlation_id": "c",
                "errors": [
                    {"errorMessage": "a is wrong", "isFieldError": true, "objectName": "Client",
                     "fieldIdentifier": "scopes[2]"},
                    {"errorMessage": "b", "isFieldError": false, "objectName": "Client"},
                ],
                "error": ", a is wrong, b", "error_description": ", a is wrong, b",
            })
        );
    }

    #[test]
    fn errors_are_present_when_there_are_none() {
        let body = ErrorBody::new(500, String::new(), String::new(), Vec::new());
        assert_eq!(serde_json::to_value(&body).unwrap()["errors"], json!([]));
    }
}
