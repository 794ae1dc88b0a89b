//! What exists before anybody declares anything: the operator's organization, its prefixes and the
//! reserved scopes (spec: selfservice §9).

use super::{AdministrationError, operator, prefix};
use crate::clock::Timestamp;
use crate::organization::{OrgNumber, Organization};
use crate::ports::UnitOfWork;
use crate::scope::{Prefix, RESERVED_SCOPES, ReservedScope, Scope, ScopeName};

/// The organization that runs the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorOrganization {
    /// Its number.
    pub orgno: OrgNumber,
    /// Its name.
    pub name: String,
}

/// The organization that operates the national service, so that copied setups work unchanged.
impl Default for OperatorOrganization {
    fn default() -> Self {
        let orgno = OrgNumber::parse("991825827").expect("nine digits");
        Self {
            orgno,
            name: "Digitaliseringsdirektoratet".to_owned(),
        }
    }
}

/// Makes what is missing. What exists stays as it is, also where an operator changed it.
pub async fn bootstrap(
    unit: &mut dyn UnitOfWork,
    operator: &OperatorOrganization,
    now: Timestamp,
) -> Result<(), AdministrationError> {
    let orgno = operator.orgno;
    if unit.find_organization(orgno).await?.is_none() {
        let name = operator.name.clone();
        let organization = Organization {
            orgno,
            name,
            active: true,
            created: now,
            last_updated: now,
        };
        unit.save_organization(&organization).await?;
    }
    // What a later version adds belongs to whoever has the rest.
    let owner = operator::find_first(unit).await?.unwrap_or(orgno);
    for text in prefix::OPERATOR_PREFIXES {
        let Ok(reserved) = Prefix::parse(text) else {
            continue;
        };
        if unit.find_prefix(&reserved).await?.is_none() {
            prefix::create(unit, &reserved, owner, now).await?;
        }
    }
    for reserved in RESERVED_SCOPES {
        let Ok(name) = ScopeName::parse(reserved.name) else {
            continue;
        };
        if unit.find_scope(&name).await?.is_none() {
            unit.save_scope(&scope(reserved, name, owner, now)).await?;
        }
    }
    Ok(())
}

/// A reserved scope as it is shipped.
pub(crate) fn scope(
    reserved: &ReservedScope,
    name: ScopeName,
    owner: OrgNumber,
    now: Timestamp,
) -> Scope {
    Scope {
        allowed_integration_types: reserved.allowed_integration_types.to_vec(),
        accessible_for_all: reserved.accessible_for_all,
        operator_only: reserved.operator_only,
        visibility: reserved.visibility,
        ..Scope::new(name, owner, reserved.description, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_is_shipped_is_well_formed() {
        for text in prefix::OPERATOR_PREFIXES {
            assert!(Prefix::parse(text).is_ok(), "{text}");
        }
        for reserved in RESERVED_SCOPES {
            assert!(ScopeName::parse(reserved.name).is_ok(), "{}", reserved.name);
        }
        assert!(
            OperatorOrganization::default()
                .orgno
                .has_valid_check_digit()
        );
    }
}
