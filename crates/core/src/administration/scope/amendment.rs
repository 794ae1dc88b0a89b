//! What the operator changes about a scope, one attribute at a time (spec: selfservice §14).

use super::{check, find, replace};
use crate::administration::{AdministrationError, Role, Saved, organization, prefix};
use crate::clock::Timestamp;
use crate::organization::OrgNumber;
use crate::ports::UnitOfWork;
use crate::scope::{Prefix, Scope, ScopeName, Visibility, reserved_scope};

/// New values of the operator's attributes; what is none stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScopeAmendment {
    /// Who sees the scope in lists.
    pub visibility: Option<Visibility>,
    /// The mark without effect on tokens.
    pub protected: Option<bool>,
    /// Whether holders of European seals may use it.
    pub supports_european_businesses: Option<bool>,
    /// Whether only the operator can put it on a client.
    pub operator_only: Option<bool>,
    /// Whether its tokens carry `consumer_prefix`.
    pub emit_consumer_prefix: Option<bool>,
    /// Whose it is; a known, active organization.
    pub owner_orgno: Option<OrgNumber>,
    /// Whether it is active.
    pub active: Option<bool>,
}

/// Changes the operator's attributes of a scope. Access and registrations stay.
pub async fn amend(
    unit: &mut dyn UnitOfWork,
    name: &ScopeName,
    amendment: ScopeAmendment,
    now: Timestamp,
) -> Result<Saved<Scope>, AdministrationError> {
    let known = find(unit, name).await?;
    if let Some(owner) = amendment.owner_orgno
        && owner != known.owner_orgno
    {
        check_movable(name)?;
        organization::find_active(unit, owner, "owner_orgno").await?;
    }
    let desired = amendment.of(known.clone());
    check(unit, &desired, Some(&known), Role::Operator).await?;
    replace(unit, &known, desired, now).await
}

impl ScopeAmendment {
    fn of(self, scope: Scope) -> Scope {
        let owner = scope.owner_orgno;
        Scope {
            visibility: self.visibility.unwrap_or(scope.visibility),
            protected: self.protected.unwrap_or(scope.protected),
            supports_european_businesses: self
                .supports_european_businesses
                .unwrap_or(scope.supports_european_businesses),
            operator_only: self.operator_only.unwrap_or(scope.operator_only),
            emit_consumer_prefix: self
                .emit_consumer_prefix
                .unwrap_or(scope.emit_consumer_prefix),
            active: self.active.unwrap_or(scope.active),
            ..scope.owned_by(self.owner_orgno.unwrap_or(owner))
        }
    }
}

/// Reserved scopes, and whatever is below a reserved prefix, are the operator's.
fn check_movable(name: &ScopeName) -> Result<(), AdministrationError> {
    let prefix = name.prefix().map(Prefix::parse);
    let is_operators = matches!(prefix, Some(Ok(prefix)) if prefix::is_operators(&prefix));
    if is_operators || reserved_scope(name.as_str()).is_some() {
        let message = format!("{name} belongs to the operator and stays there");
        return Err(AdministrationError::forbidden("owner_orgno", message));
    }
    Ok(())
}
