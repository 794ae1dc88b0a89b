//! `portvakt crds`: the definitions of the custom resources, to apply to a cluster.

use portvakt_operator::resource::{definitions, definitions_yaml};
use serde_json::json;

use crate::output::Output;

/// Prints them: several documents for `kubectl apply`, or one list for programs.
pub(crate) fn run(output: Output) -> anyhow::Result<()> {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": definitions()?});
    let text = definitions_yaml().map_err(anyhow::Error::from_boxed)?;
    output.result(&list, text.trim_end())
}
