//! `/changes`: which of an organization's records changed after a revision, so that whoever keeps them in
//! step need not read them all.

use std::collections::{BTreeMap, BTreeSet};

use axum::response::Response;
use portvakt_api_types::{ChangeResponse, ChangesResponse};
use portvakt_core::bearer::Caller;
use portvakt_core::client::ClientId;
use portvakt_core::ports::{ChangedKind, Changes, Extent, Revision, StorageError, UnitOfWork};
use portvakt_core::scope::ScopeName;

use crate::authority::{Operation, Standing};
use crate::call::Call;
use crate::problem::{Object, Problem};
use crate::reply;

const OBJECT: Object = Object::Changes;
const DEFAULT_LIMIT: u64 = 500;
const MAX_LIMIT: u64 = 1000;

/// `GET /changes`; without `since` it says which revision to begin with.
///
/// Each record that is looked at costs a reading, whoever's it is, so the limit bounds those.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ReadChanges).await?;
    call.query.only(&["since", "limit"], OBJECT)?;
    let most = i64::MAX.unsigned_abs();
    let since = call.query.number("since", OBJECT, 0..=most)?;
    let limit = call.query.number("limit", OBJECT, 1..=MAX_LIMIT)?;
    let limit = u32::try_from(limit.unwrap_or(DEFAULT_LIMIT)).unwrap_or(u32::MAX);
    call.reach().await?;
    let changes = match since {
        Some(since) => call.store().changes_since(Revision(since), limit).await,
        None => beginning(&call).await,
    };
    let changes = changes.map_err(|error| Problem::storage(&error))?;
    // A read that begins after the feed's answer tells of the same store, and of nothing older.
    let mut unit = call.read().await?;
    let shown = shown(unit.as_mut(), &changes, &caller).await;
    let body = ChangesResponse {
        revision: changes.revision.0,
        extent: extent(changes.extent).to_owned(),
        changes: shown.map_err(|error| Problem::storage(&error))?,
    };
    let revision = reply::commit(unit).await?;
    Ok(reply::list(&body, revision))
}

async fn beginning(call: &Call) -> Result<Changes, StorageError> {
    Ok(Changes {
        revision: call.store().revision().await?,
        records: Vec::new(),
        extent: Extent::Complete,
    })
}

fn extent(extent: Extent) -> &'static str {
    match extent {
        Extent::Complete => "complete",
        Extent::Partial => "partial",
        Extent::Gap => "gap",
    }
}

/// The records that the caller may read, each once. Who could read a record before it changed hands and
/// cannot now is not told: to them it is gone.
async fn shown(
    unit: &mut dyn UnitOfWork,
    changes: &Changes,
    caller: &Caller,
) -> Result<Vec<ChangeResponse>, StorageError> {
    let records = changes.records.iter();
    let records: BTreeSet<_> = records.map(|record| (record.kind, &record.key)).collect();
    let mut shown = Vec::new();
    // Many records are about one scope, which is read once.
    let mut own_scopes = BTreeMap::new();
    for (kind, key) in records {
        let is_shown = match kind {
            ChangedKind::Client => is_own_client(unit, key, caller).await?,
            ChangedKind::Scope => is_own_scope(unit, key, caller, &mut own_scopes).await?,
            ChangedKind::Access => is_own_access(unit, key, caller, &mut own_scopes).await?,
            ChangedKind::Organization
            | ChangedKind::Prefix
            | ChangedKind::OnBehalfOf
            | ChangedKind::DelegationSource
            | ChangedKind::Delegation
            | ChangedKind::SystemUser
            | ChangedKind::Consent
            | ChangedKind::Person
            | ChangedKind::IdentityMatch
            | ChangedKind::SigningKey => false,
        };
        if is_shown {
            let kind = kind.as_str().to_owned();
            let key = key.clone();
            shown.push(ChangeResponse { kind, key });
        }
    }
    Ok(shown)
}

async fn is_own_client(
    unit: &mut dyn UnitOfWork,
    key: &str,
    caller: &Caller,
) -> Result<bool, StorageError> {
    let Ok(client_id) = ClientId::parse(key) else {
        return Ok(false);
    };
    let client = unit.find_client(&client_id).await?;
    Ok(client.is_some_and(|client| Standing::of(caller, &client) > Standing::Stranger))
}

async fn is_own_scope<'k>(
    unit: &mut dyn UnitOfWork,
    key: &'k str,
    caller: &Caller,
    known: &mut BTreeMap<&'k str, bool>,
) -> Result<bool, StorageError> {
    if let Some(is_own) = known.get(key) {
        return Ok(*is_own);
    }
    if !Operation::ReadScopes.is_open_to(caller) {
        return Ok(false);
    }
    let Ok(name) = ScopeName::parse(key) else {
        return Ok(false);
    };
    let scope = unit.find_scope(&name).await?;
    let is_own = scope.is_some_and(|scope| scope.owner_orgno == caller.organization);
    known.insert(key, is_own);
    Ok(is_own)
}

/// One's own access is no secret from any of one's clients.
async fn is_own_access<'k>(
    unit: &mut dyn UnitOfWork,
    key: &'k str,
    caller: &Caller,
    own_scopes: &mut BTreeMap<&'k str, bool>,
) -> Result<bool, StorageError> {
    let Some((scope, consumer)) = key.rsplit_once(' ') else {
        return Ok(false);
    };
    if consumer == caller.organization.as_str() {
        return Ok(true);
    }
    is_own_scope(unit, scope, caller, own_scopes).await
}
