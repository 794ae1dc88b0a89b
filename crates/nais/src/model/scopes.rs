//! Scopes that a workload offers and uses (spec: nais §3.2, §4.1).

use serde::{Deserialize, Serialize};

use super::Seconds;
use crate::naming::{OrgNumber, Product, Separator, SubscopeName, subscope};

/// `spec` of a `MaskinportenClient`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MaskinportenClientSpec {
    /// Shown to people in the issuer's self-service; the configured name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// The scopes.
    #[serde(default)]
    pub scopes: Scopes,
    /// Where the credentials are put.
    pub secret_name: String,
}

/// `scopes`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scopes {
    /// Scopes wanted in the workload's tokens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consumes: Vec<ConsumedScope>,
    /// Scopes that the workload offers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exposes: Vec<ExposedScope>,
}

/// An element of `consumes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsumedScope {
    /// Full name, prefix included.
    pub name: String,
}

/// An element of `exposes`. What is absent is not filled in here: see [`crate::desired`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExposedScope {
    /// Whether the scope is active.
    pub enabled: bool,
    /// Last part of the subscope.
    pub name: SubscopeName,
    /// First part of the subscope.
    pub product: Product,
    /// Ceiling on the lifetime of access tokens, in seconds; absent means 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_max_age: Option<Seconds<30, 680>>,
    /// Integration types that may use the scope; empty means `maskinporten`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_integrations: Vec<String>,
    /// Organizations with access.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consumers: Vec<Consumer>,
    /// Every organization may use the scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accessible_for_all: Option<bool>,
    /// Name of the source in which consumers can delegate to suppliers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation_source: Option<String>,
    /// Joins product and name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<Separator>,
    /// Whether the scope is listed publicly; absent means public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
}

impl ExposedScope {
    /// What follows the prefix.
    pub fn subscope(&self) -> String {
        subscope(&self.product, self.separator, &self.name)
    }
}

/// An element of `consumers`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consumer {
    /// The organization.
    pub orgno: OrgNumber,
    /// A note to the reader; it is never sent anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Whether a scope is listed publicly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// For everybody.
    Public,
    /// For organizations with access only.
    Private,
}
