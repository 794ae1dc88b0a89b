//! `MaskinportenClient` (spec: nais §4.1).

#![expect(
    clippy::duplicated_attributes,
    reason = "each column of the resource is an attribute of the same name"
)]

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::status::ClientStatus;

/// A client of Maskinporten, the scopes that it uses and the scopes that it offers.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "nais.io",
    version = "v1",
    kind = "MaskinportenClient",
    plural = "maskinportenclients",
    singular = "maskinportenclient",
    shortname = "maskinportenclient",
    namespaced,
    status = "ClientStatus",
    doc = "A client of Maskinporten, the scopes that it uses and the scopes that it offers.",
    printcolumn(name = "Secret Ref", type_ = "string", json_path = ".spec.secretName"),
    printcolumn(name = "ClientID", type_ = "string", json_path = ".status.clientID"),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    ),
    printcolumn(
        name = "Created",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    ),
    printcolumn(
        name = "Synchronized",
        type_ = "date",
        json_path = ".status.synchronizationTime"
    )
)]
#[serde(rename_all = "camelCase")]
pub struct MaskinportenClientSpec {
    /// Shown to people in the issuer's self-service; the operator's configured name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// The scopes.
    #[serde(default, skip_serializing_if = "Scopes::is_empty")]
    pub scopes: Scopes,
    /// Name of the Secret that gets the client's id, its key and where the issuer is.
    pub secret_name: String,
}

/// Scopes that a workload uses and offers.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct Scopes {
    /// Scopes that the workload wants in its tokens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consumes: Vec<ConsumedScope>,
    /// Scopes that the workload offers to other organizations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exposes: Vec<ExposedScope>,
}

impl Scopes {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A scope that is wanted.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct ConsumedScope {
    /// Full name of the scope, its prefix included.
    pub name: String,
}

/// A scope that is offered.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!has(self.delegationSource) || (has(self.separator) && self.separator == \"/\")",
    "message": "scopes.exposes[].separator must be set to \"/\" when scopes.exposes[].delegationSource is set",
}]))]
pub struct ExposedScope {
    /// Whether the scope is active. A scope that was active and is not any more gives no tokens.
    pub enabled: bool,
    /// Last part of the subscope.
    #[schemars(regex(
        pattern = r"^([a-zæøå0-9]+\/?)+(\:[a-zæøå0-9]+)*[a-zæøå0-9]+(\.[a-zæøå0-9]+)*$"
    ))]
    pub name: String,
    /// First part of the subscope.
    #[schemars(regex(pattern = "^[a-z0-9]+$"))]
    pub product: String,
    /// Ceiling on the lifetime of access tokens in seconds; 30 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 30, max = 680))]
    pub at_max_age: Option<i32>,
    /// Integration types that may use the scope; `maskinporten` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub allowed_integrations: Option<Vec<String>>,
    /// Organizations that may use the scope.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consumers: Vec<Consumer>,
    /// Every organization may use the scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accessible_for_all: Option<bool>,
    /// Where consumers can delegate the scope to suppliers. It needs the separator `/`, written out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["altinn"]))]
    pub delegation_source: Option<String>,
    /// Joins product and name; `/` when absent and the name has a `/`, otherwise `:`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1), regex(pattern = r"^[\/:.]$"))]
    pub separator: Option<String>,
    /// Whether the scope is listed publicly; it is when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["public", "private"]))]
    pub visibility: Option<String>,
}

/// An organization that may use a scope.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct Consumer {
    /// Its number.
    #[schemars(regex(pattern = r"^\d{9}$"))]
    pub orgno: String,
    /// A note to whoever reads the resource; it is sent nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}
