//! `IDPortenClient` (spec: nais §4.2).

#![expect(
    clippy::duplicated_attributes,
    reason = "each column of the resource is an attribute of the same name"
)]

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::status::ClientStatus;

/// A client of ID-porten, which people log in to.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "nais.io",
    version = "v1",
    kind = "IDPortenClient",
    plural = "idportenclients",
    singular = "idportenclient",
    shortname = "idportenclient",
    namespaced,
    status = "ClientStatus",
    doc = "A client of ID-porten, which people log in to.",
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
pub struct IDPortenClientSpec {
    /// Lifetime of access tokens in seconds; the operator's configured lifetime when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3600))]
    pub access_token_lifetime: Option<i32>,
    /// Home page of the client; the operator's configured address when absent.
    #[serde(rename = "clientURI", default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^(https:\/\/)|(http:\/\/localhost\:).+$"))]
    pub client_uri: Option<String>,
    /// Shown to people who log in; the operator's configured name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// What the client is for. It cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend(
        "default" = "idporten",
        "enum" = ["krr", "idporten", "api_klient"],
        "x-kubernetes-validations" = [{
            "rule": "self == oldSelf",
            "message": "integrationType is immutable; delete and recreate the IDPortenClient to change integrationType",
        }],
    ))]
    pub integration_type: Option<String>,
    /// Loaded when the session ends at the issuer.
    #[serde(
        rename = "frontchannelLogoutURI",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(regex(pattern = r"^(https:\/\/)|(http:\/\/localhost\:).+$"))]
    pub frontchannel_logout_uri: Option<String>,
    /// Where a logout may return to; the operator's configured address when absent.
    #[serde(
        rename = "postLogoutRedirectURIs",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    #[schemars(inner(regex(pattern = r"^(https:\/\/)|(http:\/\/localhost\:).+$")))]
    pub post_logout_redirect_uris: Vec<String>,
    /// Where a login may return to, if that is one address. Deprecated: use `redirectURIs`.
    #[serde(
        rename = "redirectURI",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(regex(pattern = r"^(https:\/\/)|(http:\/\/localhost\:).+$"))]
    pub redirect_uri: Option<String>,
    /// Where a login may return to.
    #[serde(
        rename = "redirectURIs",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    #[schemars(inner(regex(pattern = r"^(https:\/\/)|(http:\/\/localhost\:).+$")))]
    pub redirect_uris: Vec<String>,
    /// Name of the Secret that gets the client's id, its key and where the issuer is.
    pub secret_name: String,
    /// Scopes of the client; those of its integration type when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Lifetime of sessions in seconds; the operator's configured lifetime when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 3600, max = 28800))]
    pub session_lifetime: Option<i32>,
    /// Takes no part in single sign-on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sso_disabled: Option<bool>,
}
