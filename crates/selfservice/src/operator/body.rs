//! Bodies whose members are all known: an operator mistypes, and what is ignored is not done.

use axum::body::Bytes;
use portvakt_core::administration::FieldFaults;
use serde::de::DeserializeOwned;
use utoipa::PartialSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use crate::body;
use crate::call::Call;
use crate::problem::{Object, Problem};

/// A request with what is wrong about it so far.
pub(super) struct Described<T> {
    pub(super) request: T,
    pub(super) faults: FieldFaults,
}

impl<T> Described<T> {
    /// What the text says, if it is there and says something; its absence is a fault.
    pub(super) fn required<V: std::str::FromStr<Err: std::fmt::Display>>(
        &mut self,
        field: &str,
        text: Option<&str>,
    ) -> Option<V> {
        let has_fault = self.faults.invalid.iter().any(|fault| fault.field == field);
        if text.is_none() && !has_fault {
            self.faults.invalid(field, "is required");
        }
        self.optional(field, text)
    }

    /// What the text says, if it is there.
    pub(super) fn optional<V: std::str::FromStr<Err: std::fmt::Display>>(
        &mut self,
        field: &str,
        text: Option<&str>,
    ) -> Option<V> {
        let fault = |error: V::Err| self.faults.invalid(field, error.to_string());
        text.and_then(|text| text.parse().map_err(fault).ok())
    }
}

/// Reads a body. Its members are those of `T` and, without effect, those of the answer `R`, so that
/// what was read can be sent back.
pub(super) fn read<T, R>(call: &Call, body: &Bytes, object: Object) -> Result<Described<T>, Problem>
where
    T: DeserializeOwned + Default + PartialSchema,
    R: PartialSchema,
{
    let known = [names::<T>(), names::<R>()].concat();
    read_known(call, body, object, &known)
}

/// As [`read`], with these members.
pub(super) fn read_known<T: DeserializeOwned + Default>(
    call: &Call,
    body: &Bytes,
    object: Object,
    known: &[String],
) -> Result<Described<T>, Problem> {
    let mut members = body::members(&call.headers, body, object)?;
    let mut faults = FieldFaults::default();
    members.retain(|name, _| {
        let is_known = known.contains(name);
        if !is_known {
            faults.invalid(name, "is not a member that is known here");
        }
        is_known
    });
    let request = body::read(members, &mut faults);
    Ok(Described { request, faults })
}

/// The members that a type's schema names itself; those of a type within are that type's.
pub(super) fn names<T: PartialSchema>() -> Vec<String> {
    let mut names = Vec::new();
    collect(&T::schema(), &mut names);
    names
}

fn collect(schema: &RefOr<Schema>, names: &mut Vec<String>) {
    match schema {
        RefOr::T(Schema::Object(object)) => names.extend(object.properties.keys().cloned()),
        RefOr::T(Schema::AllOf(parts)) => {
            for part in &parts.items {
                collect(part, names);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use portvakt_api_types::{
        ClientRequest, OperatorClientRequest, OrganizationRequest, PrefixTransferResponse,
    };

    use super::*;

    #[test]
    fn the_members_are_those_of_the_schema() {
        let sorted = |mut names: Vec<String>| {
            names.sort();
            names
        };
        let names_of_organization = sorted(names::<OrganizationRequest>());
        assert_eq!(names_of_organization, ["active", "name"]);
        assert_eq!(names::<PrefixTransferResponse>(), ["scopes"]);
        let own = names::<OperatorClientRequest>();
        assert!(own.contains(&"self_managed".to_owned()), "{own:?}");
        assert!(!own.contains(&"client_name".to_owned()), "{own:?}");
        assert!(names::<ClientRequest>().contains(&"client_name".to_owned()));
    }
}
