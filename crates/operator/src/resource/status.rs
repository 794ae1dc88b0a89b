//! `status` of both resources (spec: nais §4.3, §4.4).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the operator has done about a resource.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientStatus {
    /// Id of the client at the issuer.
    #[serde(rename = "clientID", default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// What is true of the resource now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Id of the last pass that succeeded, as in the operator's log.
    #[serde(
        rename = "correlationID",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub correlation_id: Option<String>,
    /// Ids of the client's registered keys.
    #[serde(rename = "keyIDs", default, skip_serializing_if = "Vec::is_empty")]
    pub key_ids: Vec<String>,
    /// The `metadata.generation` that the last pass that succeeded was for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What a pass would do, if the resource asks for a look before it is done. The existing operator does not
    /// have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<Preview>,
    /// Digest of the specification that the last pass that succeeded was for. Nothing is decided by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synchronization_hash: Option<String>,
    /// The `secretName` of the last pass that succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synchronization_secret_name: Option<String>,
    /// Reason of the last event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synchronization_state: Option<String>,
    /// When the last pass succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub synchronization_time: Option<String>,
}

/// What a pass would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// Whether it was approved and is being carried out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approved: bool,
    /// What to write into the annotation `digdir.nais.io/approve` so that exactly this is done.
    pub hash: String,
    /// How many steps there are beyond those that are listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub more: Option<i64>,
    /// What is worth knowing and changes nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What would be done, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<PreviewStep>,
}

/// One call to the issuer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewStep {
    /// What.
    pub action: String,
    /// Attributes of an existing record that change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// Whom it stops, what it opens or replaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consequences: Vec<String>,
    /// By which the step is known again.
    pub hash: String,
}

/// One thing that is, is not, or is not known to be true of a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// When `status` last changed.
    #[schemars(extend("format" = "date-time"))]
    pub last_transition_time: String,
    /// For people; may be empty.
    #[schemars(length(max = 32768))]
    pub message: String,
    /// The `metadata.generation` that this is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub observed_generation: Option<i64>,
    /// Why, as one word.
    #[schemars(
        length(min = 1, max = 1024),
        regex(pattern = "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")
    )]
    pub reason: String,
    /// Whether it is true.
    #[schemars(extend("enum" = ["True", "False", "Unknown"]))]
    pub status: String,
    /// What.
    #[serde(rename = "type")]
    #[schemars(
        length(max = 316),
        regex(
            pattern = r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
        )
    )]
    pub kind: String,
}
