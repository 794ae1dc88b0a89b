//! Delegation sources and delegations.

use portvakt_core::Timestamp;
use portvakt_core::delegation::{Delegation, DelegationSource};
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::{Listing, StorageError};
use sqlx::PgConnection;

use crate::columns::{Row, instant};
use crate::fault::answered;
use crate::unit::{Kind, PostgresUnit};

struct DelegationRow {
    delegation_source: String,
    scope: String,
    consumer_orgno: String,
    supplier_orgno: String,
    valid_from: Option<i64>,
    valid_to: Option<i64>,
    active: bool,
    created: i64,
    last_updated: i64,
}

impl TryFrom<DelegationRow> for Delegation {
    type Error = StorageError;

    fn try_from(row: DelegationRow) -> Result<Self, StorageError> {
        let key = key(
            &row.delegation_source,
            &row.scope,
            &row.consumer_orgno,
            &row.supplier_orgno,
        );
        let place = Row {
            table: "delegations",
            key: &key,
        };
        Ok(Self {
            delegation_source: row.delegation_source,
            scope: place.parse("scope", &row.scope)?,
            consumer_orgno: place.parse("consumer_orgno", &row.consumer_orgno)?,
            supplier_orgno: place.parse("supplier_orgno", &row.supplier_orgno)?,
            valid_from: row.valid_from.map(instant),
            valid_to: row.valid_to.map(instant),
            active: row.active,
            created: instant(row.created),
            last_updated: instant(row.last_updated),
        })
    }
}

/// The source stands last: it alone may hold a space.
fn key(source: &str, scope: &str, consumer: &str, supplier: &str) -> String {
    format!("{scope} {consumer} {supplier} {source}")
}

/// The delegations of these scopes, withdrawn ones too.
pub(crate) async fn find(
    connection: &mut PgConnection,
    source: &str,
    scopes: &[String],
    consumer: OrgNumber,
    supplier: OrgNumber,
) -> Result<Vec<Delegation>, StorageError> {
    let (consumer, supplier) = (consumer.as_str(), supplier.as_str());
    let query = sqlx::query_as!(
        DelegationRow,
        "SELECT delegation_source, scope, consumer_orgno, supplier_orgno, valid_from, valid_to,
             active, created, last_updated
         FROM delegations
         WHERE delegation_source = $1 AND scope = ANY ($2) AND consumer_orgno = $3
             AND supplier_orgno = $4",
        source,
        scopes,
        consumer,
        supplier
    );
    let rows = answered(query.fetch_all(connection)).await?;
    rows.into_iter().map(Delegation::try_from).collect()
}

pub(crate) async fn list(
    connection: &mut PgConnection,
    listing: Listing,
) -> Result<Vec<Delegation>, StorageError> {
    let all = listing == Listing::All;
    let query = sqlx::query_as!(
        DelegationRow,
        "SELECT delegation_source, scope, consumer_orgno, supplier_orgno, valid_from, valid_to,
             active, created, last_updated
         FROM delegations
         WHERE active OR $1
         ORDER BY delegation_source, scope, consumer_orgno, supplier_orgno",
        all
    );
    let rows = answered(query.fetch_all(connection)).await?;
    rows.into_iter().map(Delegation::try_from).collect()
}

pub(crate) async fn save(
    unit: &mut PostgresUnit,
    delegation: &Delegation,
) -> Result<(), StorageError> {
    let scope = delegation.scope.as_str();
    let consumer = delegation.consumer_orgno.as_str();
    let supplier = delegation.supplier_orgno.as_str();
    let valid_from = delegation.valid_from.map(Timestamp::milliseconds);
    let valid_to = delegation.valid_to.map(Timestamp::milliseconds);
    let created = delegation.created.milliseconds();
    let last_updated = delegation.last_updated.milliseconds();
    let statement = sqlx::query!(
        "INSERT INTO delegations (delegation_source, scope, consumer_orgno, supplier_orgno,
             valid_from, valid_to, active, created, last_updated)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (delegation_source, scope, consumer_orgno, supplier_orgno) DO UPDATE SET
             valid_from = excluded.valid_from, valid_to = excluded.valid_to,
             active = excluded.active, created = excluded.created,
             last_updated = excluded.last_updated",
        delegation.delegation_source,
        scope,
        consumer,
        supplier,
        valid_from,
        valid_to,
        delegation.active,
        created,
        last_updated
    );
    let key = key(&delegation.delegation_source, scope, consumer, supplier);
    unit.save(Kind::Delegation, key, statement).await
}

struct SourceRow {
    name: String,
    issuer: String,
    active: bool,
    created: i64,
    last_updated: i64,
}

impl From<SourceRow> for DelegationSource {
    fn from(row: SourceRow) -> Self {
        Self {
            name: row.name,
            issuer: row.issuer,
            active: row.active,
            created: instant(row.created),
            last_updated: instant(row.last_updated),
        }
    }
}

pub(crate) async fn list_sources(
    connection: &mut PgConnection,
) -> Result<Vec<DelegationSource>, StorageError> {
    let query = sqlx::query_as!(
        SourceRow,
        "SELECT name, issuer, active, created, last_updated FROM delegation_sources ORDER BY name"
    );
    let rows = answered(query.fetch_all(connection)).await?;
    Ok(rows.into_iter().map(DelegationSource::from).collect())
}

pub(crate) async fn save_source(
    unit: &mut PostgresUnit,
    source: &DelegationSource,
) -> Result<(), StorageError> {
    let created = source.created.milliseconds();
    let last_updated = source.last_updated.milliseconds();
    let statement = sqlx::query!(
        "INSERT INTO delegation_sources (name, issuer, active, created, last_updated)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (name) DO UPDATE SET
             issuer = excluded.issuer, active = excluded.active, created = excluded.created,
             last_updated = excluded.last_updated",
        source.name,
        source.issuer,
        source.active,
        created,
        last_updated
    );
    unit.save(Kind::DelegationSource, source.name.clone(), statement)
        .await
}
