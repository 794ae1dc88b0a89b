//! `/dev/tokens`: a token with any claims, for what an API does with tokens that this server would
//! never issue.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use portvakt_core::entropy::unique_id;
use portvakt_core::{Clock, SystemEntropy};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Controls;
use super::answer::{Problem, document, read};

const LIFETIME_SECONDS: i64 = 120;

/// What `POST` takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    claims: Map<String, Value>,
    #[serde(default)]
    header: Map<String, Value>,
    #[serde(default)]
    skyporten: bool,
}

/// `POST`.
pub(super) async fn mint(
    State(controls): State<Controls>,
    body: Bytes,
) -> Result<Response, Problem> {
    let request: Request = read(&body)?;
    let ring = controls.keys.shared().current();
    let header = json!({ "kid": ring.active_kid(), "alg": ring.active().algorithm().as_str() });
    let header = overlay(header, request.header);
    let claims = overlay(
        default_claims(&controls, request.skyporten)?,
        request.claims,
    );
    let access_token = ring
        .active()
        .sign_compact(&header, &claims)
        .await
        .map_err(|error| Problem::internal(&error.into()))?;
    Ok(document(
        &json!({ "access_token": access_token, "header": header, "claims": claims }),
    ))
}

fn default_claims(controls: &Controls, skyporten: bool) -> Result<Value, Problem> {
    let exchanges = &controls.exchanges;
    let exchange = if skyporten {
        &exchanges.skyporten
    } else {
        &exchanges.maskinporten
    };
    let now = controls.clock.now().seconds();
    let jti = unique_id(&SystemEntropy).map_err(|error| Problem::internal(&error.into()))?;
    Ok(json!({
        "iss": exchange.issuer().identifier,
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
        "jti": jti,
    }))
}

/// The defaults with what was given instead of them; null takes a member away.
fn overlay(defaults: Value, given: Map<String, Value>) -> Map<String, Value> {
    let mut members = match defaults {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    for (name, value) in given {
        if value.is_null() {
            members.remove(&name);
        } else {
            members.insert(name, value);
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_wins_and_null_takes_away() {
        let Value::Object(given) = json!({ "iss": "x", "exp": null, "pid": "y" }) else {
            unreachable!("an object was written")
        };
        let members = overlay(json!({ "iss": "a", "exp": 1, "iat": 2 }), given);
        assert_eq!(
            Value::Object(members),
            json!({ "iss": "x", "iat": 2, "pid": "y" })
        );
    }
}
