//! Scripts as they travel.

use std::time::Duration;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Fault, Script};
use crate::dev::surface_name::SurfaceName;

/// Longest delay, in milliseconds: a minute is longer than any client waits.
const MAX_DELAY_MILLISECONDS: u64 = 60_000;
const MAX_CALLS: u32 = 1_000_000;

/// A script in JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScriptDocument {
    #[serde(default)]
    surface: SurfaceName,
    endpoint: String,
    fault: FaultDocument,
    #[serde(default = "one")]
    calls: u32,
}

/// A fault in JSON: one member, and `body` beside `status`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultDocument {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delay_milliseconds: Option<u64>,
    #[serde(default, skip_serializing_if = "is_false")]
    drop_connection: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    rotate_keys: bool,
}

/// Why a script is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidScript(pub(crate) String);

impl TryFrom<ScriptDocument> for Script {
    type Error = InvalidScript;

    fn try_from(document: ScriptDocument) -> Result<Self, InvalidScript> {
        let known = document.surface.endpoints();
        let endpoint = known
            .iter()
            .copied()
            .find(|known| *known == document.endpoint);
        let endpoint = endpoint
            .ok_or_else(|| InvalidScript(format!("endpoint is one of {}", known.join(", "))))?;
        if !(1..=MAX_CALLS).contains(&document.calls) {
            return Err(InvalidScript(format!("calls is 1 to {MAX_CALLS}")));
        }
        Ok(Self {
            surface: document.surface,
            endpoint,
            fault: fault(document.fault)?,
            calls: document.calls,
        })
    }
}

fn fault(document: FaultDocument) -> Result<Fault, InvalidScript> {
    if document.body.is_some() && document.status.is_none() {
        return Err(InvalidScript("body needs status beside it".to_owned()));
    }
    match (
        document.status,
        document.delay_milliseconds,
        document.drop_connection,
        document.rotate_keys,
    ) {
        (Some(code), None, false, false) => Ok(Fault::Status(status(code)?, document.body)),
        (None, Some(milliseconds), false, false) => delay(milliseconds),
        (None, None, true, false) => Ok(Fault::DropConnection),
        (None, None, false, true) => Ok(Fault::RotateKeys),
        _ => Err(InvalidScript(
            "fault has exactly one of status, delay_milliseconds, drop_connection (true) and rotate_keys (true)"
                .to_owned(),
        )),
    }
}

fn status(code: u16) -> Result<StatusCode, InvalidScript> {
    StatusCode::from_u16(code)
        .ok()
        .filter(|status| (200..=599).contains(&status.as_u16()))
        .ok_or_else(|| InvalidScript("status is 200 to 599".to_owned()))
}

fn delay(milliseconds: u64) -> Result<Fault, InvalidScript> {
    if milliseconds > MAX_DELAY_MILLISECONDS {
        return Err(InvalidScript(format!(
            "delay_milliseconds is at most {MAX_DELAY_MILLISECONDS}"
        )));
    }
    Ok(Fault::Delay(Duration::from_millis(milliseconds)))
}

impl From<&Script> for ScriptDocument {
    fn from(script: &Script) -> Self {
        let mut fault = FaultDocument::default();
        match &script.fault {
            Fault::Status(status, body) => {
                fault.status = Some(status.as_u16());
                fault.body.clone_from(body);
            }
            Fault::Delay(delay) => {
                fault.delay_milliseconds = u64::try_from(delay.as_millis()).ok();
            }
            Fault::DropConnection => fault.drop_connection = true,
            Fault::RotateKeys => fault.rotate_keys = true,
        }
        Self {
            surface: script.surface,
            endpoint: script.endpoint.to_owned(),
            fault,
            calls: script.calls,
        }
    }
}

fn one() -> u32 {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(fault: &Value) -> Result<Script, String> {
        let document = json!({ "endpoint": "/token", "fault": fault });
        let document: ScriptDocument =
            serde_json::from_value(document).map_err(|error| error.to_string())?;
        document.try_into().map_err(|InvalidScript(reason)| reason)
    }

    #[test]
    fn what_is_read_is_written_the_same_way() {
        for fault in [
            json!({ "status": 503 }),
            json!({ "status": 200, "body": "<html>" }),
            json!({ "delay_milliseconds": 0 }),
            json!({ "drop_connection": true }),
            json!({ "rotate_keys": true }),
        ] {
            let script = read(&fault).unwrap();
            let written = serde_json::to_value(ScriptDocument::from(&script)).unwrap();
            assert_eq!(
                written,
                json!({
                    "surface": "maskinporten", "endpoint": "/token", "fault": fault, "calls": 1,
                })
            );
        }
    }

    #[test]
    fn each_surface_has_endpoints_of_its_own() {
        for (surface, endpoint, is_known) in [
            ("idporten", "/par", true),
            ("idporten", "/jwk", false),
            ("maskinporten", "/jwk", true),
            ("maskinporten", "/par", false),
        ] {
            let written = json!({
                "surface": surface, "endpoint": endpoint, "fault": { "status": 503 }, "calls": 1,
            });
            let document: ScriptDocument = serde_json::from_value(written.clone()).unwrap();
            let script = Script::try_from(document);
            assert_eq!(script.is_ok(), is_known, "{surface} {endpoint}");
            if let Ok(script) = script {
                let again = serde_json::to_value(ScriptDocument::from(&script)).unwrap();
                assert_eq!(again, written);
            }
        }
    }

    #[test]
    fn a_fault_is_exactly_one_thing_within_its_bounds() {
        for fault in [
            json!({}),
            json!({ "status": 503, "drop_connection": true }),
            json!({ "drop_connection": false }),
            json!({ "body": "alone" }),
            json!({ "rotate_keys": true, "body": 1 }),
            json!({ "status": 100 }),
            json!({ "status": 600 }),
            json!({ "delay_milliseconds": 60_001 }),
            json!({ "delay_milliseconds": -1 }),
            json!({ "status": 503, "extra": 1 }),
        ] {
            assert!(read(&fault).is_err(), "{fault}");
        }
        for (endpoint, calls) in [
            ("/health", 1),
            ("token", 1),
            ("/token", 0),
            ("/token", MAX_CALLS + 1),
        ] {
            let document = ScriptDocument {
                surface: SurfaceName::Maskinporten,
                endpoint: endpoint.to_owned(),
                fault: FaultDocument {
                    status: Some(500),
                    ..FaultDocument::default()
                },
                calls,
            };
            assert!(Script::try_from(document).is_err(), "{endpoint} {calls}");
        }
    }
}
