//! The custom resources of `nais.io/v1`, as a cluster stores them (spec: nais §4).
//!
//! These types are the wire form: every text that the published schemas let through is kept as it is.
//! [`Spec`] is what `nais` trusts of it, or the field that is wrong.

mod definition;
mod idporten;
mod maskinporten;
mod spec;
mod status;

pub use self::definition::{definitions, definitions_yaml};
pub use self::idporten::{IDPortenClient, IDPortenClientSpec};
pub use self::maskinporten::{
    ConsumedScope, Consumer, ExposedScope, MaskinportenClient, MaskinportenClientSpec, Scopes,
};
pub use self::spec::{Spec, SpecError};
pub use self::status::{ClientStatus, Condition, Preview, PreviewStep};
