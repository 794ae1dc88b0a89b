//! Request bodies: strict JSON, one member at a time, so that every fault is reported at once.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use portvakt_core::administration::FieldFaults;
use portvakt_jose::parse_json_object;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::problem::{Object, Problem};

/// The members of a JSON object: none twice, not nested too deeply, `null` left out.
pub(crate) fn members(
    headers: &HeaderMap,
    body: &[u8],
    object: Object,
) -> Result<Map<String, Value>, Problem> {
    check_media_type(headers, object)?;
    let mut members = parse_json_object(body).map_err(|error| malformed(object, &error))?;
    members.retain(|_, value| !value.is_null());
    Ok(members)
}

/// As [`members`], where a bare array stands for the object with that array as `name`.
pub(crate) fn members_or_array(
    headers: &HeaderMap,
    body: &[u8],
    name: &str,
    object: Object,
) -> Result<Map<String, Value>, Problem> {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'[') {
        return members(headers, body, object);
    }
    let wrapped = [format!("{{\"{name}\":").as_bytes(), body, b"}"].concat();
    let members = members(headers, &wrapped, object)?;
    // More than the one member means that the body closed the wrapping by itself.
    if members.len() == 1 {
        Ok(members)
    } else {
        Err(malformed(object, &"the text is not valid JSON"))
    }
}

fn malformed(object: Object, error: &dyn std::fmt::Display) -> Problem {
    let message = format!("The body cannot be read: {error}");
    Problem::new(StatusCode::BAD_REQUEST, object, &message)
}

/// JSON, or nothing said.
fn check_media_type(headers: &HeaderMap, object: Object) -> Result<(), Problem> {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return Ok(());
    };
    let essence = value.to_str().unwrap_or("").split(';').next();
    let essence = essence.unwrap_or("").trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let message = "The body must be application/json";
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        object,
        message,
    ))
}

/// The request that the members make. A member of the wrong type is reported and left out.
pub(crate) fn read<T: DeserializeOwned + Default>(
    members: Map<String, Value>,
    faults: &mut FieldFaults,
) -> T {
    let mut readable = Map::new();
    for (name, value) in members {
        let mut single = Map::new();
        single.insert(name.clone(), value);
        match serde_json::from_value::<T>(Value::Object(single.clone())) {
            Ok(_) => readable.append(&mut single),
            Err(error) => faults.invalid(name, expected(&error)),
        }
    }
    // Members that can be read alone can be read together.
    serde_json::from_value(Value::Object(readable)).unwrap_or_default()
}

/// What should have been sent, without a word of what was.
fn expected(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let (_, expected) = text
        .rsplit_once(", expected ")
        .unwrap_or(("", "something else"));
    let expected = match expected {
        "u32" => "a whole number from 0 to 4294967295",
        "a sequence" => "an array",
        "struct JwksRequest" => "an object with keys",
        other => other,
    };
    format!("must be {expected}")
}

#[cfg(test)]
mod tests {
    use portvakt_api_types::ClientRequest;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_member_of_a_wrong_type_is_reported_and_none_is_quoted() {
        let Value::Object(members) = json!({
            "client_name": 5, "scopes": "secret", "grant_types": [1], "sso_disabled": "true",
            "access_token_lifetime": 1.5, "refresh_token_lifetime": -1, "description": "fine",
            "authorization_lifetime": 4_294_967_296_u64, "unknown": {"a": []},
        }) else {
            unreachable!()
        };
        let mut faults = FieldFaults::default();
        let request: ClientRequest = read(members, &mut faults);
        assert_eq!(request.description.as_deref(), Some("fine"));
        let mut messages: Vec<_> = faults.invalid.iter().map(ToString::to_string).collect();
        messages.sort();
        let number = "must be a whole number from 0 to 4294967295";
        assert_eq!(
            messages,
            [
                format!("access_token_lifetime: {number}"),
                format!("authorization_lifetime: {number}"),
                "client_name: must be a string".to_owned(),
                "grant_types: must be a string".to_owned(),
                format!("refresh_token_lifetime: {number}"),
                "scopes: must be an array".to_owned(),
                "sso_disabled: must be a boolean".to_owned(),
            ]
        );
    }

    #[test]
    fn a_bare_array_stands_for_the_object() {
        let read = |body: &str| {
            let headers = HeaderMap::new();
            members_or_array(&headers, body.as_bytes(), "keys", Object::Jwks).ok()
        };
        assert_eq!(read(" [1] ").unwrap()["keys"], json!([1]));
        assert_eq!(read("{\"keys\":[1]}").unwrap()["keys"], json!([1]));
        for body in ["[1],\"a\":2", "[1]}", "[1],\"keys\":[2]", "[1", "", "1"] {
            assert!(read(body).is_none(), "{body}");
        }
    }
}
