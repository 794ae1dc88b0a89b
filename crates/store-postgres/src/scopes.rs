//! Scopes and access to them.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use portvakt_core::access::{Access, AccessState};
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::{Listing, ScopeFact, Scopes, StorageError};
use portvakt_core::scope::{Scope, ScopeName};
use sqlx::PgConnection;

use crate::columns::{Row, document, instant, word};
use crate::fault::{answered, answered_soon};
use crate::unit::{Kind, PostgresUnit, Statement};

#[expect(
    clippy::struct_excessive_bools,
    reason = "a row has the columns that it has"
)]
struct ScopeRow {
    name: String,
    owner_orgno: String,
    description: String,
    long_description: Option<String>,
    translations: String,
    visibility: String,
    accessible_for_all: bool,
    allowed_integration_types: String,
    delegation_source: Option<String>,
    at_max_age: i64,
    authorization_max_lifetime: i64,
    requires_user_consent: bool,
    requires_user_authentication: bool,
    requires_pseudonymous_tokens: bool,
    token_type: String,
    enforced_aud_for_introspection: String,
    active: bool,
    protected: bool,
    supports_european_businesses: bool,
    operator_only: bool,
    emit_consumer_prefix: bool,
    created: i64,
    last_updated: i64,
    // How the scope stands to a consumer, if one was named.
    access: Option<String>,
    owner_deactivated: bool,
}

impl ScopeRow {
    fn fact(mut self, consumer: OrgNumber) -> Result<ScopeFact, StorageError> {
        let key = access_key(&self.name, consumer.as_str());
        let place = Row {
            table: "access",
            key: &key,
        };
        let state = self.access.take().map(|state| place.word("state", state));
        Ok(ScopeFact {
            access: state.transpose()?,
            owner_active: !self.owner_deactivated,
            scope: Some(Arc::new(self.try_into()?)),
        })
    }
}

impl TryFrom<ScopeRow> for Scope {
    type Error = StorageError;

    fn try_from(row: ScopeRow) -> Result<Self, StorageError> {
        let place = Row {
            table: "scopes",
            key: &row.name,
        };
        Ok(Self {
            name: place.parse("name", &row.name)?,
            owner_orgno: place.parse("owner_orgno", &row.owner_orgno)?,
            description: row.description,
            long_description: row.long_description,
            translations: place.document("translations", &row.translations)?,
            visibility: place.word("visibility", row.visibility)?,
            accessible_for_all: row.accessible_for_all,
            allowed_integration_types: place
                .document("allowed_integration_types", &row.allowed_integration_types)?,
            delegation_source: row.delegation_source,
            at_max_age: place.count("at_max_age", row.at_max_age)?,
            authorization_max_lifetime: place
                .count("authorization_max_lifetime", row.authorization_max_lifetime)?,
            requires_user_consent: row.requires_user_consent,
            requires_user_authentication: row.requires_user_authentication,
            requires_pseudonymous_tokens: row.requires_pseudonymous_tokens,
            token_type: place.word("token_type", row.token_type)?,
            enforced_aud_for_introspection: place.document(
                "enforced_aud_for_introspection",
                &row.enforced_aud_for_introspection,
            )?,
            active: row.active,
            protected: row.protected,
            supports_european_businesses: row.supports_european_businesses,
            operator_only: row.operator_only,
            emit_consumer_prefix: row.emit_consumer_prefix,
            created: instant(row.created),
            last_updated: instant(row.last_updated),
        })
    }
}

/// A checked query for whole scopes: the columns once, how they stand to whom and the rest by the
/// caller.
macro_rules! select_scopes {
    (standing: $standing:literal, $rest:literal, $($argument:expr),+) => {
        sqlx::query_as!(
            ScopeRow,
            "SELECT name, owner_orgno, description, long_description, translations, visibility,
                 accessible_for_all, allowed_integration_types, delegation_source, at_max_age,
                 authorization_max_lifetime, requires_user_consent, requires_user_authentication,
                 requires_pseudonymous_tokens, token_type, enforced_aud_for_introspection, active,
                 protected,
                 supports_european_businesses, operator_only, emit_consumer_prefix, created,
                 last_updated, "
                + $standing
                + " FROM scopes "
                + $rest,
            $($argument),+
        )
    };
    ($rest:literal, $($argument:expr),+) => {
        select_scopes!(
            standing: r#"NULL::TEXT AS "access?", FALSE AS "owner_deactivated!""#,
            $rest,
            $($argument),+
        )
    };
}

/// What is known of the scopes with these names, which need not follow the grammar of names, seen
/// from one consumer. In one statement: a scope is not seen with another moment's access.
pub(crate) async fn find_facts(
    connection: &mut PgConnection,
    names: &[String],
    consumer: OrgNumber,
) -> Result<HashMap<String, ScopeFact>, StorageError> {
    let orgno = consumer.as_str();
    let query = select_scopes!(
        standing: r#"
            (SELECT state FROM access WHERE access.scope = scopes.name AND consumer_orgno = $2)
                AS "access?",
            EXISTS(SELECT 1 FROM organizations
                   WHERE organizations.orgno = scopes.owner_orgno AND NOT organizations.active)
                AS "owner_deactivated!""#,
        "WHERE name = ANY ($1)",
        names,
        orgno
    );
    let rows = answered(query.fetch_all(connection)).await?;
    let fact = |row: ScopeRow| Ok((row.name.clone(), row.fact(consumer)?));
    rows.into_iter().map(fact).collect()
}

struct AccessRow {
    scope: String,
    consumer_orgno: String,
    state: String,
    created: i64,
    last_updated: i64,
}

impl TryFrom<AccessRow> for Access {
    type Error = StorageError;

    fn try_from(row: AccessRow) -> Result<Self, StorageError> {
        let key = access_key(&row.scope, &row.consumer_orgno);
        let place = Row {
            table: "access",
            key: &key,
        };
        Ok(Self {
            scope: place.parse("scope", &row.scope)?,
            consumer_orgno: place.parse("consumer_orgno", &row.consumer_orgno)?,
            state: place.word("state", row.state)?,
            created: instant(row.created),
            last_updated: instant(row.last_updated),
        })
    }
}

struct StateRow {
    place: i64,
    state: String,
}

/// The states of these consumers' access to these scopes, in the order asked, in one statement.
/// What cannot be read back fails alone.
pub(crate) async fn find_access_states(
    connection: &mut PgConnection,
    pairs: &[(ScopeName, OrgNumber)],
) -> Result<Vec<Result<Option<AccessState>, StorageError>>, StorageError> {
    let (scopes, consumers): (Vec<_>, Vec<_>) = pairs
        .iter()
        .map(|(scope, consumer)| (scope.as_str().to_owned(), consumer.to_string()))
        .unzip();
    let query = sqlx::query_as!(
        StateRow,
        r#"SELECT place - 1 AS "place!", state
           FROM unnest($1::TEXT[], $2::TEXT[])
               WITH ORDINALITY AS asked (scope, consumer_orgno, place)
           JOIN access USING (scope, consumer_orgno)"#,
        &scopes,
        &consumers
    );
    let rows = answered_soon(query.fetch_all(connection)).await?;
    let mut states: Vec<_> = pairs.iter().map(|_| Ok(None)).collect();
    for StateRow { place, state } in rows {
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        if let (Some(found), Some((scope, consumer))) = (states.get_mut(place), pairs.get(place)) {
            let key = access_key(scope.as_str(), consumer.as_str());
            let row = Row {
                table: "access",
                key: &key,
            };
            *found = row.word("state", state).map(Some);
        }
    }
    Ok(states)
}

/// No scope holds a space, so the key can be taken apart again.
fn access_key(scope: &str, consumer: &str) -> String {
    format!("{scope} {consumer}")
}

#[async_trait]
impl Scopes for PostgresUnit {
    async fn find_scope(&mut self, name: &ScopeName) -> Result<Option<Scope>, StorageError> {
        let name = name.as_str();
        let query = select_scopes!("WHERE name = $1", name);
        let row = answered(query.fetch_optional(self.connection())).await?;
        row.map(Scope::try_from).transpose()
    }

    async fn list_scopes(
        &mut self,
        owner: Option<OrgNumber>,
        listing: Listing,
    ) -> Result<Vec<Scope>, StorageError> {
        let owner = owner.as_ref().map(OrgNumber::as_str);
        let all = listing == Listing::All;
        let query = select_scopes!(
            "WHERE ($1::TEXT IS NULL OR owner_orgno = $1) AND (active OR $2) ORDER BY name",
            owner,
            all
        );
        let rows = answered(query.fetch_all(self.connection())).await?;
        rows.into_iter().map(Scope::try_from).collect()
    }

    async fn list_scopes_after(
        &mut self,
        owner: Option<OrgNumber>,
        listing: Listing,
        after: Option<&ScopeName>,
        limit: u32,
    ) -> Result<Vec<Scope>, StorageError> {
        let owner = owner.as_ref().map(OrgNumber::as_str);
        let all = listing == Listing::All;
        // Every name comes after the empty one.
        let after = after.map_or("", ScopeName::as_str);
        let query = select_scopes!(
            "WHERE ($1::TEXT IS NULL OR owner_orgno = $1) AND (active OR $2) AND name > $3
             ORDER BY name LIMIT $4",
            owner,
            all,
            after,
            i64::from(limit)
        );
        let rows = answered(query.fetch_all(self.connection())).await?;
        rows.into_iter().map(Scope::try_from).collect()
    }

    async fn save_scope(&mut self, scope: &Scope) -> Result<(), StorageError> {
        self.save(Kind::Scope, scope.name.to_string(), upsert_scope(scope)?)
            .await
    }

    async fn find_access(
        &mut self,
        scope: &ScopeName,
        consumer: OrgNumber,
    ) -> Result<Option<Access>, StorageError> {
        let (scope, consumer) = (scope.as_str(), consumer.as_str());
        let query = sqlx::query_as!(
            AccessRow,
            "SELECT scope, consumer_orgno, state, created, last_updated FROM access
             WHERE scope = $1 AND consumer_orgno = $2",
            scope,
            consumer
        );
        let row = answered(query.fetch_optional(self.connection())).await?;
        row.map(Access::try_from).transpose()
    }

    async fn list_access(
        &mut self,
        scope: Option<&ScopeName>,
        consumer: Option<OrgNumber>,
        listing: Listing,
    ) -> Result<Vec<Access>, StorageError> {
        let scope = scope.map(ScopeName::as_str);
        let consumer = consumer.as_ref().map(OrgNumber::as_str);
        let all = listing == Listing::All;
        let query = sqlx::query_as!(
            AccessRow,
            "SELECT scope, consumer_orgno, state, created, last_updated FROM access
             WHERE ($1::TEXT IS NULL OR scope = $1) AND ($2::TEXT IS NULL OR consumer_orgno = $2)
                 AND ($3 OR state <> 'DENIED')
             ORDER BY scope, consumer_orgno",
            scope,
            consumer,
            all
        );
        let rows = answered(query.fetch_all(self.connection())).await?;
        rows.into_iter().map(Access::try_from).collect()
    }

    async fn save_access(&mut self, access: &Access) -> Result<(), StorageError> {
        let scope = access.scope.as_str();
        let consumer = access.consumer_orgno.as_str();
        let state = word(&access.state)?;
        let created = access.created.milliseconds();
        let last_updated = access.last_updated.milliseconds();
        let statement = sqlx::query!(
            "INSERT INTO access (scope, consumer_orgno, state, created, last_updated)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (scope, consumer_orgno) DO UPDATE SET
                 state = excluded.state, created = excluded.created,
                 last_updated = excluded.last_updated",
            scope,
            consumer,
            state,
            created,
            last_updated
        );
        self.save(Kind::Access, access_key(scope, consumer), statement)
            .await
    }
}

fn upsert_scope(scope: &Scope) -> Result<Statement<'static>, StorageError> {
    let name = scope.name.as_str();
    let owner = scope.owner_orgno.as_str();
    let translations = document(&scope.translations)?;
    let visibility = word(&scope.visibility)?;
    let allowed_integration_types = document(&scope.allowed_integration_types)?;
    let token_type = word(&scope.token_type)?;
    let enforced_aud_for_introspection = document(&scope.enforced_aud_for_introspection)?;
    let created = scope.created.milliseconds();
    let last_updated = scope.last_updated.milliseconds();
    Ok(sqlx::query!(
        "INSERT INTO scopes (name, owner_orgno, description, long_description, translations,
             visibility, accessible_for_all, allowed_integration_types, delegation_source,
             at_max_age, authorization_max_lifetime, requires_user_consent,
             requires_user_authentication, requires_pseudonymous_tokens, token_type,
             enforced_aud_for_introspection, active, protected, supports_european_businesses, operator_only, emit_consumer_prefix, created,
             last_updated)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
             $19, $20, $21, $22, $23)
         ON CONFLICT (name) DO UPDATE SET
             owner_orgno = excluded.owner_orgno,
             description = excluded.description,
             long_description = excluded.long_description,
             translations = excluded.translations,
             visibility = excluded.visibility,
             accessible_for_all = excluded.accessible_for_all,
             allowed_integration_types = excluded.allowed_integration_types,
             delegation_source = excluded.delegation_source,
             at_max_age = excluded.at_max_age,
             authorization_max_lifetime = excluded.authorization_max_lifetime,
             requires_user_consent = excluded.requires_user_consent,
             requires_user_authentication = excluded.requires_user_authentication,
             requires_pseudonymous_tokens = excluded.requires_pseudonymous_tokens,
             token_type = excluded.token_type,
             enforced_aud_for_introspection = excluded.enforced_aud_for_introspection,
             active = excluded.active,
             protected = excluded.protected,
             supports_european_businesses = excluded.supports_european_businesses,
             operator_only = excluded.operator_only,
             emit_consumer_prefix = excluded.emit_consumer_prefix,
             created = excluded.created,
             last_updated = excluded.last_updated",
        name,
        owner,
        scope.description,
        scope.long_description,
        translations,
        visibility,
        scope.accessible_for_all,
        allowed_integration_types,
        scope.delegation_source,
        i64::from(scope.at_max_age),
        i64::from(scope.authorization_max_lifetime),
        scope.requires_user_consent,
        scope.requires_user_authentication,
        scope.requires_pseudonymous_tokens,
        token_type,
        enforced_aud_for_introspection,
        scope.active,
        scope.protected,
        scope.supports_european_businesses,
        scope.operator_only,
        scope.emit_consumer_prefix,
        created,
        last_updated
    ))
}
