//! Records of services that answer less than ours: what is absent has its documented default.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Call;
use crate::error::ClientError;
use crate::http::Address;

/// Reads a record.
pub(super) fn read<T: DeserializeOwned>(
    mut value: Value,
    call: &Call<'_>,
    base: &Address,
) -> Result<T, ClientError> {
    if let (Value::Object(members), Value::Object(defaults)) = (&mut value, (call.defaults)()) {
        for (name, default) in defaults {
            let member = members.entry(name).or_insert(Value::Null);
            if member.is_null() {
                *member = default;
            }
        }
    }
    serde_json::from_value(value).map_err(|_| call.garbage(base))
}

/// Members of scopes that are not always there.
pub(super) fn scope() -> Value {
    json!({
        "prefix": "", "subscope": "", "description": "", "active": true, "created": "",
        "last_updated": "", "allowed_integration_types": [], "at_max_age": 0,
        "authorization_max_lifetime": 0, "requires_user_authentication": false,
        "requires_user_consent": false, "requires_pseudonymous_tokens": false, "owner_orgno": "",
        "token_type": "SELF_CONTAINED", "visibility": "PUBLIC", "accessible_for_all": false,
        "protected": false, "supports_european_businesses": false,
    })
}

/// Members of clients that are not always there.
pub(super) fn client() -> Value {
    json!({
        "client_name": "", "description": "", "client_orgno": "", "integration_type": "",
        "application_type": "web", "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": [], "scopes": [], "redirect_uris": [], "post_logout_redirect_uris": [],
        "frontchannel_logout_session_required": false, "access_token_lifetime": 0,
        "authorization_lifetime": 0, "refresh_token_lifetime": 0, "refresh_token_usage": "",
        "sso_disabled": false, "active": true, "created": "", "last_updated": "", "jwks_uri": "",
        "onbehalfof": [],
    })
}

/// Members of access records that are not always there.
pub(super) fn access() -> Value {
    json!({ "owner_orgno": "", "created": "", "last_updated": "" })
}

/// Members of the open lists that are not always there.
pub(super) fn dated() -> Value {
    json!({ "created": "", "last_updated": "", "owner_orgno": "" })
}
