//! From what a cluster stores to what `nais` trusts.

use portvakt_nais::model;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{IDPortenClientSpec, MaskinportenClientSpec};

/// A specification whose every value was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spec {
    /// Of a `MaskinportenClient`.
    Maskinporten(model::MaskinportenClientSpec),
    /// Of an `IDPortenClient`.
    IdPorten(Box<model::IdPortenClientSpec>),
}

/// A value that the schema lets through and that means nothing, such as an address without a host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct SpecError {
    /// Where it stands, as `spec.scopes.exposes[0].name`.
    pub field: String,
    /// What is wrong, and what to write.
    pub message: String,
}

impl Spec {
    /// Name of the Secret that gets the credentials.
    pub fn secret_name(&self) -> &str {
        match self {
            Self::Maskinporten(spec) => &spec.secret_name,
            Self::IdPorten(spec) => &spec.secret_name,
        }
    }
}

impl TryFrom<&MaskinportenClientSpec> for Spec {
    type Error = SpecError;

    fn try_from(spec: &MaskinportenClientSpec) -> Result<Self, SpecError> {
        parse(spec).map(Self::Maskinporten)
    }
}

impl TryFrom<&IDPortenClientSpec> for Spec {
    type Error = SpecError;

    fn try_from(spec: &IDPortenClientSpec) -> Result<Self, SpecError> {
        parse(spec).map(|spec| Self::IdPorten(Box::new(spec)))
    }
}

fn parse<T: DeserializeOwned>(spec: &impl Serialize) -> Result<T, SpecError> {
    let refusal = |field: String, message: String| SpecError { field, message };
    let value = serde_json::to_value(spec)
        .map_err(|error| refusal("spec".to_owned(), error.to_string()))?;
    serde_path_to_error::deserialize(value).map_err(|error| {
        let field = format!("spec.{}", error.path());
        refusal(field, error.inner().to_string())
    })
}
