//! Who operates the server (spec: selfservice §14).
//!
//! The right to operate has three parts, so that none alone makes an operator: a scope that only
//! the operator can put on a client, a token whose consumer is the operator's own organization, and
//! a client of that organization that has the scope at this moment.

use super::prefix::OPERATOR_PREFIXES;
use crate::bearer::Caller;
use crate::client::{Client, ClientId};
use crate::organization::OrgNumber;
use crate::ports::{StorageError, UnitOfWork};
use crate::scope::{OPERATOR_READ, OPERATOR_WRITE, Prefix};

/// What somebody asks to do as the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorRight {
    /// To see.
    Read,
    /// To change.
    Write,
}

impl OperatorRight {
    /// The scopes of which one is needed: to change includes to see.
    pub fn any_of(self) -> &'static [&'static str] {
        match self {
            Self::Read => &[OPERATOR_READ, OPERATOR_WRITE],
            Self::Write => &[OPERATOR_WRITE],
        }
    }
}

/// Why a caller with a valid token is not the operator.
#[derive(Debug, thiserror::Error)]
pub enum NotOperator {
    /// The token has none of the scopes.
    #[error("the token lacks the scope")]
    Scope,
    /// The token's consumer is not the organization that operates the server.
    #[error("the token is not the operator's own organization's")]
    Organization,
    /// The token was acquired by a supplier: operating is not delegated.
    #[error("the token was acquired by a supplier, and operating is not delegated")]
    Supplier,
    /// The client that acquired the token is gone, belongs to somebody else, or has lost the scope.
    #[error("the client of the token is not registered for this any more")]
    Client,
    /// The store failed; not a fact about the caller.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Whether the caller is the operator, with this right, at this moment.
pub async fn check(
    unit: &mut dyn UnitOfWork,
    caller: &Caller,
    right: OperatorRight,
) -> Result<(), NotOperator> {
    if !right.any_of().iter().any(|scope| caller.has_scope(scope)) {
        return Err(NotOperator::Scope);
    }
    if find_organization(unit).await? != Some(caller.organization) {
        return Err(NotOperator::Organization);
    }
    if caller.supplier.is_some() {
        return Err(NotOperator::Supplier);
    }
    let Ok(client_id) = ClientId::parse(&caller.client_id) else {
        return Err(NotOperator::Client);
    };
    match unit.find_client(&client_id).await? {
        Some(client) if is_operators(&client, caller, right) => Ok(()),
        _ => Err(NotOperator::Client),
    }
}

/// Whether the client is the caller's own and has one of the scopes now.
fn is_operators(client: &Client, caller: &Caller, right: OperatorRight) -> bool {
    let has_scope = |name: &&str| client.scopes.iter().any(|scope| scope.as_str() == *name);
    client.active
        && client.client_orgno == caller.organization
        && client.supplier_orgno.is_none()
        && right.any_of().iter().any(has_scope)
}

/// The organization that operates the server: the one that has every reserved prefix. While they
/// belong to several, or one belongs to nobody, nobody is the operator.
pub async fn find_organization(
    unit: &mut dyn UnitOfWork,
) -> Result<Option<OrgNumber>, StorageError> {
    let first = find_first(unit).await?;
    for text in OPERATOR_PREFIXES {
        if owner(unit, text).await? != first {
            return Ok(None);
        }
    }
    Ok(first)
}

/// The organization that has the first of the reserved prefixes, if one has.
pub(super) async fn find_first(
    unit: &mut dyn UnitOfWork,
) -> Result<Option<OrgNumber>, StorageError> {
    owner(unit, OPERATOR_PREFIXES[0]).await
}

async fn owner(unit: &mut dyn UnitOfWork, text: &str) -> Result<Option<OrgNumber>, StorageError> {
    let Ok(prefix) = Prefix::parse(text) else {
        return Ok(None);
    };
    let assignment = unit.find_prefix(&prefix).await?;
    Ok(assignment.map(|assignment| assignment.owner_orgno))
}
