//! Organizations and prefixes.

use async_trait::async_trait;
use portvakt_core::organization::{OrgNumber, Organization};
use portvakt_core::ports::{Listing, Organizations, PrefixAssignment, StorageError};
use portvakt_core::scope::Prefix;

use crate::columns::{Row, instant};
use crate::fault::answered;
use crate::unit::{Kind, PostgresUnit};

struct OrganizationRow {
    orgno: String,
    name: String,
    active: bool,
    created: i64,
    last_updated: i64,
}

impl TryFrom<OrganizationRow> for Organization {
    type Error = StorageError;

    fn try_from(row: OrganizationRow) -> Result<Self, StorageError> {
        let place = Row {
            table: "organizations",
            key: &row.orgno,
        };
        Ok(Self {
            orgno: place.parse("orgno", &row.orgno)?,
            name: row.name,
            active: row.active,
            created: instant(row.created),
            last_updated: instant(row.last_updated),
        })
    }
}

pub(crate) struct PrefixRow {
    pub(crate) prefix: String,
    pub(crate) owner_orgno: String,
    pub(crate) active: bool,
    pub(crate) created: i64,
    pub(crate) last_updated: i64,
}

impl TryFrom<PrefixRow> for PrefixAssignment {
    type Error = StorageError;

    fn try_from(row: PrefixRow) -> Result<Self, StorageError> {
        let place = Row {
            table: "prefixes",
            key: &row.prefix,
        };
        Ok(Self {
            prefix: place.parse("prefix", &row.prefix)?,
            owner_orgno: place.parse("owner_orgno", &row.owner_orgno)?,
            active: row.active,
            created: instant(row.created),
            last_updated: instant(row.last_updated),
        })
    }
}

#[async_trait]
impl Organizations for PostgresUnit {
    async fn find_organization(
        &mut self,
        orgno: OrgNumber,
    ) -> Result<Option<Organization>, StorageError> {
        let orgno = orgno.as_str();
        let query = sqlx::query_as!(
            OrganizationRow,
            "SELECT orgno, name, active, created, last_updated FROM organizations
             WHERE orgno = $1",
            orgno
        );
        let row = answered(query.fetch_optional(self.connection())).await?;
        row.map(Organization::try_from).transpose()
    }

    async fn list_organizations(
        &mut self,
        listing: Listing,
    ) -> Result<Vec<Organization>, StorageError> {
        let all = listing == Listing::All;
        let query = sqlx::query_as!(
            OrganizationRow,
            "SELECT orgno, name, active, created, last_updated FROM organizations
             WHERE active OR $1
             ORDER BY orgno",
            all
        );
        let rows = answered(query.fetch_all(self.connection())).await?;
        rows.into_iter().map(Organization::try_from).collect()
    }

    async fn save_organization(&mut self, organization: &Organization) -> Result<(), StorageError> {
        let orgno = organization.orgno.as_str();
        let created = organization.created.milliseconds();
        let last_updated = organization.last_updated.milliseconds();
        let statement = sqlx::query!(
            "INSERT INTO organizations (orgno, name, active, created, last_updated)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (orgno) DO UPDATE SET
                 name = excluded.name, active = excluded.active,
                 created = excluded.created, last_updated = excluded.last_updated",
            orgno,
            organization.name,
            organization.active,
            created,
            last_updated
        );
        self.save(Kind::Organization, orgno.to_owned(), statement)
            .await
    }

    async fn find_prefix(
        &mut self,
        prefix: &Prefix,
    ) -> Result<Option<PrefixAssignment>, StorageError> {
        let prefix = prefix.as_str();
        let query = sqlx::query_as!(
            PrefixRow,
            "SELECT prefix, owner_orgno, active, created, last_updated FROM prefixes
             WHERE prefix = $1",
            prefix
        );
        let row = answered(query.fetch_optional(self.connection())).await?;
        row.map(PrefixAssignment::try_from).transpose()
    }

    async fn list_prefixes(
        &mut self,
        owner: Option<OrgNumber>,
        listing: Listing,
    ) -> Result<Vec<PrefixAssignment>, StorageError> {
        let owner = owner.as_ref().map(OrgNumber::as_str);
        let all = listing == Listing::All;
        let query = sqlx::query_as!(
            PrefixRow,
            "SELECT prefix, owner_orgno, active, created, last_updated FROM prefixes
             WHERE ($1::TEXT IS NULL OR owner_orgno = $1) AND (active OR $2)
             ORDER BY prefix",
            owner,
            all
        );
        let rows = answered(query.fetch_all(self.connection())).await?;
        rows.into_iter().map(PrefixAssignment::try_from).collect()
    }

    async fn save_prefix(&mut self, assignment: &PrefixAssignment) -> Result<(), StorageError> {
        let prefix = assignment.prefix.as_str();
        let owner = assignment.owner_orgno.as_str();
        let created = assignment.created.milliseconds();
        let last_updated = assignment.last_updated.milliseconds();
        let statement = sqlx::query!(
            "INSERT INTO prefixes (prefix, owner_orgno, active, created, last_updated)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (prefix) DO UPDATE SET
                 owner_orgno = excluded.owner_orgno, active = excluded.active,
                 created = excluded.created, last_updated = excluded.last_updated",
            prefix,
            owner,
            assignment.active,
            created,
            last_updated
        );
        self.save(Kind::Prefix, prefix.to_owned(), statement).await
    }
}
