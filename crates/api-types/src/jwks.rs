//! A client's keys (spec: selfservice §5.6.1).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{
    AdditionalProperties, Array, ArrayBuilder, ObjectBuilder, Schema, Type,
};

/// The key set that a caller writes; a bare array stands for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JwksRequest {
    /// The keys, 1 to 5 of them; `exp` may be left out.
    #[schema(schema_with = written_keys)]
    pub keys: Vec<Value>,
}

/// A client's key set. Each key has its public members and always `exp`, in seconds; a key that
/// was removed has `"active": false` too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JwksResponse {
    /// The keys, in a form that can be posted back.
    #[schema(schema_with = stored_keys)]
    pub keys: Vec<Value>,
    /// When the client first got keys, RFC 3339; absent without keys.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub created: Option<String>,
    /// When the set was last replaced, RFC 3339; absent without keys.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub last_updated: Option<String>,
}

fn written_keys() -> Array {
    let keys = ArrayBuilder::new().items(public_jwk()).min_items(Some(1));
    keys.max_items(Some(5)).build()
}

fn stored_keys() -> Array {
    let active = ObjectBuilder::new().schema_type(Type::Boolean);
    let active = active.description(Some("`false` for a key that was removed; absent otherwise"));
    let key = public_jwk().property("active", active).required("exp");
    ArrayBuilder::new().items(key).build()
}

/// The members of a public key that are read (RFC 7517 §4). Which of them a key needs depends on
/// its type.
fn public_jwk() -> ObjectBuilder {
    let texts = ["kty", "kid", "alg", "n", "e", "crv", "x", "y"];
    let key = texts.into_iter().fold(ObjectBuilder::new(), |key, name| {
        key.property(name, ObjectBuilder::new().schema_type(Type::String))
    });
    let signing = ObjectBuilder::new().schema_type(Type::String);
    let signing = signing.enum_values(Some(["sig"]));
    let expires = ObjectBuilder::new().schema_type(Type::Integer);
    let expires = expires.description(Some("Seconds since 1970; at most a year ahead"));
    let certificate = ObjectBuilder::new().schema_type(Type::String);
    let chain = ArrayBuilder::new().items(certificate);
    let required = ["kty", "use", "kid", "alg"];
    let key = required.into_iter().fold(key, ObjectBuilder::required);
    key.property("use", signing)
        .property("exp", expires)
        .property("x5c", chain)
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(true)))
}
