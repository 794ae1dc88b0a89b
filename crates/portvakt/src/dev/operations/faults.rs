//! `/dev/faults`: what goes wrong next.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use super::Controls;
use super::answer::{Problem, document, read};
use crate::dev::faults::{Faults, InvalidScript, MOST_SCRIPTS, Script, ScriptDocument};

/// `GET`.
pub(super) async fn list(State(controls): State<Controls>) -> Response {
    waiting(&controls.faults)
}

/// `POST`.
pub(super) async fn add(
    State(controls): State<Controls>,
    body: Bytes,
) -> Result<Response, Problem> {
    let document: ScriptDocument = read(&body)?;
    let script =
        Script::try_from(document).map_err(|InvalidScript(reason)| Problem::bad_request(reason))?;
    if !controls.faults.add(script) {
        let reason = format!("{MOST_SCRIPTS} scripts are waiting: DELETE them first");
        return Err(Problem::bad_request(reason));
    }
    Ok(waiting(&controls.faults))
}

/// `DELETE`: everything goes well again.
pub(super) async fn clear(State(controls): State<Controls>) -> Response {
    controls.faults.clear();
    waiting(&controls.faults)
}

fn waiting(faults: &Faults) -> Response {
    let scripts = faults.waiting();
    let scripts: Vec<_> = scripts.iter().map(ScriptDocument::from).collect();
    document(&json!({ "faults": scripts }))
}
