//! `/delegations`: the rows of the built-in register.

use axum::body::Bytes;
use axum::response::Response;
use portvakt_api_types::{DelegationRequest, DelegationResponse};
use portvakt_core::Timestamp;
use portvakt_core::administration::delegation::{self, DelegationKey};
use portvakt_core::administration::operator::OperatorRight::{Read, Write};
use portvakt_core::administration::{Saved, scope};
use portvakt_core::delegation::Delegation;
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::{Listing, UnitOfWork};
use portvakt_core::scope::ScopeName;

use super::body::{self, Described};
use super::proof::Operator;
use crate::call::Call;
use crate::problem::{Object, Problem};
use crate::{etag, faults, reply};

const OBJECT: Object = Object::Delegation;

const SOURCE: &str = "delegation_source";
const CONSUMER: &str = "consumer_orgno";
const SUPPLIER: &str = "supplier_orgno";

/// `GET /delegations`, in order of source, scope, consumer and supplier; each parameter narrows it.
pub(super) async fn list(call: Call) -> Result<Response, Problem> {
    Operator::prove(&call, Read).await?;
    let query = &call.query;
    query.only(&["inactive", "scope", SOURCE, CONSUMER, SUPPLIER], OBJECT)?;
    let (scope, source) = (query.scope(OBJECT)?, query.text(SOURCE, OBJECT)?);
    let consumer = query.organization(CONSUMER, OBJECT)?;
    let supplier = query.organization(SUPPLIER, OBJECT)?;
    let is_listed = |row: &Delegation| {
        scope.as_ref().is_none_or(|scope| row.scope == *scope)
            && source.is_none_or(|source| row.delegation_source == source)
            && consumer.is_none_or(|orgno| row.consumer_orgno == orgno)
            && supplier.is_none_or(|orgno| row.supplier_orgno == orgno)
    };
    let listing = query.listing(OBJECT)?;
    let mut unit = call.read().await?;
    let rows = unit.list_delegations(listing).await;
    let rows = rows.map_err(|error| Problem::storage(&error))?;
    let body: Vec<_> = rows.into_iter().filter(is_listed).map(view).collect();
    Ok(reply::list(&body, reply::commit(unit).await?))
}

/// `PUT /delegations`: the row that the body names, for as long as it says; one that was ended is
/// back.
pub(super) async fn save(call: Call, bytes: Bytes) -> Result<Response, Problem> {
    let operator = Operator::prove(&call, Write).await?;
    call.query.only(&[], OBJECT)?;
    let row = Row::read(&call, &bytes)?;
    let mut unit = operator.begin().await?;
    let wanted = row.delegation(unit.as_mut(), call.now).await?;
    let key = DelegationKey::of(&wanted);
    check_version(&call, unit.as_mut(), &key).await?;
    let saved = delegation::add(unit.as_mut(), wanted, call.now).await;
    answer(unit, saved.map_err(Problem::about(OBJECT))?).await
}

/// `DELETE /delegations` with the parameters that identify the row: it ends at once.
pub(super) async fn end(call: Call) -> Result<Response, Problem> {
    let operator = Operator::prove(&call, Write).await?;
    let query = &call.query;
    query.only(&["scope", SOURCE, CONSUMER, SUPPLIER], OBJECT)?;
    let (consumer, supplier) = (
        query.required(CONSUMER, OBJECT)?,
        query.required(SUPPLIER, OBJECT)?,
    );
    let (scope, source) = (query.required_scope(OBJECT)?, query.text(SOURCE, OBJECT)?);
    let mut unit = operator.begin().await?;
    let key = DelegationKey {
        delegation_source: source_of(unit.as_mut(), source.map(str::to_owned), &scope).await?,
        scope,
        consumer_orgno: consumer,
        supplier_orgno: supplier,
    };
    check_version(&call, unit.as_mut(), &key).await?;
    let saved = delegation::withdraw(unit.as_mut(), &key, call.now).await;
    answer(unit, saved.map_err(Problem::about(OBJECT))?).await
}

/// A row as a body describes it.
struct Row {
    source: Option<String>,
    scope: ScopeName,
    consumer_orgno: OrgNumber,
    supplier_orgno: OrgNumber,
    valid_from: Option<Timestamp>,
    valid_to: Option<Timestamp>,
}

impl Row {
    fn read(call: &Call, bytes: &Bytes) -> Result<Self, Problem> {
        let described = body::read::<DelegationRequest, DelegationResponse>(call, bytes, OBJECT)?;
        let request = described.request.clone();
        let mut described = described;
        faults::line(
            &mut described.faults,
            SOURCE,
            request.delegation_source.as_deref(),
        );
        let scope = described.required("scope", request.scope.as_deref());
        let consumer = described.required(CONSUMER, request.consumer_orgno.as_deref());
        let supplier = described.required(SUPPLIER, request.supplier_orgno.as_deref());
        let valid_from = instant(&mut described, "valid_from", request.valid_from.as_deref());
        let valid_to = instant(&mut described, "valid_to", request.valid_to.as_deref());
        described
            .faults
            .into_result()
            .map_err(Problem::about(OBJECT))?;
        // Without faults they are there.
        let missing = || Problem::not_found(OBJECT);
        Ok(Self {
            source: request.delegation_source,
            scope: scope.ok_or_else(missing)?,
            consumer_orgno: consumer.ok_or_else(missing)?,
            supplier_orgno: supplier.ok_or_else(missing)?,
            valid_from,
            valid_to,
        })
    }

    async fn delegation(
        self,
        unit: &mut dyn UnitOfWork,
        now: Timestamp,
    ) -> Result<Delegation, Problem> {
        Ok(Delegation {
            delegation_source: source_of(unit, self.source, &self.scope).await?,
            scope: self.scope,
            consumer_orgno: self.consumer_orgno,
            supplier_orgno: self.supplier_orgno,
            valid_from: self.valid_from,
            valid_to: self.valid_to,
            active: true,
            created: now,
            last_updated: now,
        })
    }
}

fn instant(
    described: &mut Described<DelegationRequest>,
    field: &str,
    text: Option<&str>,
) -> Option<Timestamp> {
    let fault = |_| {
        described
            .faults
            .invalid(field, "is not an instant of RFC 3339");
    };
    text.and_then(|text| Timestamp::parse(text).map_err(fault).ok())
}

/// The source that is named, or the one that the scope has.
async fn source_of(
    unit: &mut dyn UnitOfWork,
    named: Option<String>,
    name: &ScopeName,
) -> Result<String, Problem> {
    if let Some(named) = named {
        return Ok(named);
    }
    let scope = scope::find(unit, name).await;
    let scope = scope.map_err(Problem::about(OBJECT))?;
    // Of a scope that cannot be delegated the use-case says so.
    Ok(scope.delegation_source.unwrap_or_default())
}

async fn check_version(
    call: &Call,
    unit: &mut dyn UnitOfWork,
    key: &DelegationKey,
) -> Result<(), Problem> {
    if !etag::is_conditional(&call.headers) {
        return Ok(());
    }
    let rows = unit.list_delegations(Listing::All).await;
    let rows = rows.map_err(|error| Problem::storage(&error))?;
    let present = rows.into_iter().find(|row| DelegationKey::of(row) == *key);
    etag::check_resource(&call.headers, present.map(view).as_ref(), OBJECT)
}

async fn answer(unit: Box<dyn UnitOfWork>, saved: Saved<Delegation>) -> Result<Response, Problem> {
    let revision = reply::commit(unit).await?;
    Ok(reply::resource(&view(saved.record), revision))
}

fn view(delegation: Delegation) -> DelegationResponse {
    let instant = |at: Option<Timestamp>| at.map(|at| at.to_string());
    DelegationResponse {
        delegation_source: delegation.delegation_source,
        scope: delegation.scope.to_string(),
        consumer_orgno: delegation.consumer_orgno.to_string(),
        supplier_orgno: delegation.supplier_orgno.to_string(),
        valid_from: instant(delegation.valid_from),
        valid_to: instant(delegation.valid_to),
        active: delegation.active,
        created: delegation.created.to_string(),
        last_updated: delegation.last_updated.to_string(),
    }
}
