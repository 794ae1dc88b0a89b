//! Which scopes may be put on a client (spec: selfservice §10).

use super::combination::may_add;
use crate::access::AccessState;
use crate::administration::{AdministrationError, Role, access};
use crate::client::Client;
use crate::clock::Timestamp;
use crate::organization::OrgNumber;
use crate::ports::UnitOfWork;
use crate::scope::{Scope, ScopeName, Visibility};

/// What stands between a client and a scope, in the order of the specification's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeObstacle {
    /// No such scope, or none that the organization may know of.
    Unknown,
    /// The scope is deactivated.
    Inactive,
    /// The scope does not admit clients of this type.
    IntegrationType,
    /// Clients of this type have a closed set of scopes.
    NotAddable,
    /// Only the operator can put the scope on a client.
    OperatorOnly,
    /// The organization has no access, and the scope can neither be had by all nor delegated.
    NoAccess,
}

impl ScopeObstacle {
    /// What to tell whoever registers the client.
    pub fn message(self, scope: &str, client: &Client) -> String {
        let (kind, orgno) = (client.integration_type, client.accessing_orgno());
        match self {
            Self::Unknown => format!("scope {scope} does not exist"),
            Self::Inactive => format!("scope {scope} is deactivated"),
            Self::IntegrationType => {
                format!(
                    "scope {scope} does not admit clients of type {kind}: see its allowed_integration_types"
                )
            }
            Self::NotAddable => format!("clients of type {kind} cannot have scope {scope}"),
            Self::OperatorOnly => {
                format!("scope {scope} can be put on a client by the operator only")
            }
            Self::NoAccess => {
                format!("scope {scope} is not accessible for {orgno}: its owner must grant access")
            }
        }
    }
}

/// The first obstacle between a client and a scope, if any. `access` is the record of the
/// organization that decides ([`Client::accessing_orgno`]).
pub fn obstacle(
    client: &Client,
    scope: Option<&Scope>,
    access: Option<AccessState>,
    role: Role,
) -> Option<ScopeObstacle> {
    let Some(scope) = scope else {
        return Some(ScopeObstacle::Unknown);
    };
    let approved = access == Some(AccessState::Approved);
    let accessible = approved || scope.accessible_for_all || scope.delegation_source.is_some();
    let operator = role == Role::Operator;
    let hidden = scope.visibility != Visibility::Public
        && !accessible
        && !operator
        && role != Role::Owner(scope.owner_orgno);
    if hidden {
        Some(ScopeObstacle::Unknown)
    } else if !scope.active {
        Some(ScopeObstacle::Inactive)
    } else if !scope.admits(client.integration_type) {
        Some(ScopeObstacle::IntegrationType)
    } else if !may_add(client.integration_type, scope.name.as_str()) {
        Some(ScopeObstacle::NotAddable)
    } else if scope.operator_only && !operator {
        Some(ScopeObstacle::OperatorOnly)
    } else if accessible || scope.operator_only {
        None
    } else {
        Some(ScopeObstacle::NoAccess)
    }
}

/// The obstacle of every scope of the client that is not among `present`, with its position.
pub(crate) async fn find_obstacles(
    unit: &mut dyn UnitOfWork,
    client: &Client,
    present: &[ScopeName],
    role: Role,
) -> Result<Vec<(usize, ScopeObstacle)>, AdministrationError> {
    let mut obstacles = Vec::new();
    for (index, name) in client.scopes.iter().enumerate() {
        if present.contains(name) {
            continue;
        }
        let scope = unit.find_scope(name).await?;
        let access = match &scope {
            Some(scope) if !scope.accessible_for_all => {
                unit.find_access(name, client.accessing_orgno()).await?
            }
            _ => None,
        };
        let access = access.map(|access| access.state);
        if let Some(obstacle) = obstacle(client, scope.as_ref(), access, role) {
            obstacles.push((index, obstacle));
        }
    }
    Ok(obstacles)
}

/// Grants the access that an operator-only scope on a client includes. The organizations must be
/// recorded.
pub(crate) async fn grant_operator_scopes(
    unit: &mut dyn UnitOfWork,
    client: &Client,
    now: Timestamp,
) -> Result<(), AdministrationError> {
    for name in &client.scopes {
        let scope = unit.find_scope(name).await?;
        if scope.is_some_and(|scope| scope.operator_only) {
            let consumer: OrgNumber = client.accessing_orgno();
            access::put(unit, name, consumer, AccessState::Approved, now).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::IntegrationType;

    fn client() -> Client {
        let scopes = vec!["fjord:a".parse().unwrap()];
        let orgno = "312773023".parse().unwrap();
        Client::machine(
            "a".parse().unwrap(),
            "A",
            orgno,
            scopes,
            Timestamp::from_seconds(0),
        )
    }

    fn scope() -> Scope {
        let name = "fjord:a".parse().unwrap();
        Scope::new(
            name,
            "310420107".parse().unwrap(),
            "A",
            Timestamp::from_seconds(0),
        )
    }

    fn check(
        edit: impl FnOnce(&mut Scope),
        access: Option<AccessState>,
        role: Role,
    ) -> Option<ScopeObstacle> {
        let mut scope = scope();
        edit(&mut scope);
        obstacle(&client(), Some(&scope), access, role)
    }

    const APPROVED: Option<AccessState> = Some(AccessState::Approved);

    #[test]
    fn access_for_all_delegation_and_approval_each_suffice() {
        let owner = Role::Owner("312773023".parse().unwrap());
        assert_eq!(check(|_| (), APPROVED, owner), None);
        assert_eq!(
            check(|scope| scope.accessible_for_all = true, None, owner),
            None
        );
        let delegable = |scope: &mut Scope| scope.delegation_source = Some("https://a/".to_owned());
        assert_eq!(check(delegable, None, owner), None);
        for state in [
            None,
            Some(AccessState::Denied),
            Some(AccessState::Requested),
        ] {
            assert_eq!(check(|_| (), state, owner), Some(ScopeObstacle::NoAccess));
            assert_eq!(
                check(|_| (), state, Role::Operator),
                Some(ScopeObstacle::NoAccess)
            );
        }
    }

    #[test]
    fn the_first_failing_row_decides() {
        let role = Role::Operator;
        assert_eq!(
            obstacle(&client(), None, APPROVED, role),
            Some(ScopeObstacle::Unknown)
        );
        let wrong = |scope: &mut Scope| {
            scope.active = false;
            scope.allowed_integration_types = vec![IntegrationType::Idporten];
        };
        assert_eq!(check(wrong, None, role), Some(ScopeObstacle::Inactive));
        let wrong =
            |scope: &mut Scope| scope.allowed_integration_types = vec![IntegrationType::Idporten];
        assert_eq!(
            check(wrong, None, role),
            Some(ScopeObstacle::IntegrationType)
        );
    }

    #[test]
    fn operator_only_scopes_need_the_operator_and_no_access() {
        let owner = Role::Owner("312773023".parse().unwrap());
        let only = |scope: &mut Scope| scope.operator_only = true;
        assert_eq!(
            check(only, APPROVED, owner),
            Some(ScopeObstacle::OperatorOnly)
        );
        assert_eq!(check(only, None, Role::Operator), None);
    }

    #[test]
    fn a_private_scope_is_unknown_to_strangers() {
        let private = |scope: &mut Scope| scope.visibility = Visibility::Private;
        let stranger = Role::Owner("312773023".parse().unwrap());
        assert_eq!(check(private, None, stranger), Some(ScopeObstacle::Unknown));
        assert_eq!(check(private, APPROVED, stranger), None);
        let owner = Role::Owner("310420107".parse().unwrap());
        assert_eq!(check(private, None, owner), Some(ScopeObstacle::NoAccess));
    }
}
