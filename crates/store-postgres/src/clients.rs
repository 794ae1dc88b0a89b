//! Clients and the scopes that they may ask for.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::client::expiry::{KEY_END_INSTANTS, KeyEnd};
use portvakt_core::client::{Client, ClientId, ClientSecrets, KeySet, OnBehalfOf};
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::{ClientRecord, Clients, Listing, StorageError, StoredKey};
use portvakt_core::scope::ScopeName;
use portvakt_jose::Algorithm;
use sqlx::PgConnection;

use crate::columns::{Row, can_be_kept, document, instant, word};
use crate::fault::{answered, answered_soon};
use crate::unit::{Kind, PostgresUnit, Statement};
use crate::{client_keys, client_secrets, key_ends, on_behalf_of};

struct ClientRow {
    client_id: String,
    client_name: String,
    description: String,
    client_orgno: String,
    supplier_orgno: Option<String>,
    integration_type: String,
    application_type: String,
    token_endpoint_auth_method: String,
    grant_types: String,
    access_token_lifetime: Option<i64>,
    token_endpoint_auth_signing_alg: Option<String>,
    login: String,
    self_managed: bool,
    active: bool,
    created: i64,
    last_updated: i64,
    scopes: Vec<String>,
    // The present set in its order, if it was asked for.
    jwks: Vec<String>,
    key_ends: Vec<i64>,
    key_starts: Vec<i64>,
    // What is kept of its secrets, likewise.
    secret_hashes: Vec<Vec<u8>>,
    secret_ends: Vec<i64>,
    secret_starts: Vec<i64>,
    organization_deactivated: bool,
}

impl ClientRow {
    fn record(self) -> Result<ClientRecord, StorageError> {
        let times = self.key_ends.iter().zip(&self.key_starts);
        let keys =
            self.jwks.iter().zip(times).map(|(jwk, (end, start))| {
                client_keys::client_key(&self.client_id, jwk, *end, *start)
            });
        let times = self.secret_ends.iter().zip(&self.secret_starts);
        let secrets = self.secret_hashes.iter().zip(times);
        let secrets = secrets.map(|(hash, (end, start))| (hash.as_slice(), *end, *start));
        let keys = keys.collect::<Result<_, _>>()?;
        let secrets = client_secrets::secrets(&self.client_id, secrets);
        let organization_active = !self.organization_deactivated;
        let client = self.client()?;
        // One that authenticates otherwise has none, whatever is left of them.
        let secrets = if client.token_endpoint_auth_method.uses_secret() {
            secrets?
        } else {
            ClientSecrets::default()
        };
        Ok(ClientRecord {
            client,
            keys,
            secrets,
            organization_active,
        })
    }

    fn client(self) -> Result<Client, StorageError> {
        let scopes = scope_names(&self.client_id, &self.scopes)?;
        let row = Row {
            table: "clients",
            key: &self.client_id,
        };
        let lifetime = self.access_token_lifetime;
        Ok(Client {
            client_id: row.parse("client_id", &self.client_id)?,
            client_name: self.client_name,
            description: self.description,
            client_orgno: row.parse("client_orgno", &self.client_orgno)?,
            supplier_orgno: row.parse_optional("supplier_orgno", self.supplier_orgno.as_deref())?,
            integration_type: row.word("integration_type", self.integration_type)?,
            application_type: row.word("application_type", self.application_type)?,
            token_endpoint_auth_method: row.word(
                "token_endpoint_auth_method",
                self.token_endpoint_auth_method,
            )?,
            grant_types: row.document("grant_types", &self.grant_types)?,
            scopes,
            access_token_lifetime: lifetime
                .map(|seconds| row.count("access_token_lifetime", seconds))
                .transpose()?,
            token_endpoint_auth_signing_alg: row.parse_optional(
                "token_endpoint_auth_signing_alg",
                self.token_endpoint_auth_signing_alg.as_deref(),
            )?,
            login: row.document("login", &self.login)?,
            self_managed: self.self_managed,
            active: self.active,
            created: instant(self.created),
            last_updated: instant(self.last_updated),
        })
    }
}

fn scope_names(client_id: &str, scopes: &[String]) -> Result<Vec<ScopeName>, StorageError> {
    let place = Row {
        table: "client_scopes",
        key: client_id,
    };
    let name = |scope: &String| place.parse("scope", scope);
    scopes.iter().map(name).collect()
}

/// A checked query for whole clients: the columns once, whether keys and secrets are among them (`TRUE` or
/// `FALSE`) and the rest by the caller.
macro_rules! select_clients {
    (keys: $keys:literal, $rest:literal, $($argument:expr),+) => {
        sqlx::query_as!(
            ClientRow,
            r#"SELECT client_id, client_name, description, client_orgno, supplier_orgno,
                 integration_type, application_type, token_endpoint_auth_method, grant_types,
                 access_token_lifetime, token_endpoint_auth_signing_alg, login, self_managed, active,
                 created, last_updated,
                 ARRAY(SELECT scope FROM client_scopes
                       WHERE client_scopes.client_id = clients.client_id
                       ORDER BY position) AS "scopes!",
                 ARRAY(SELECT jwk FROM present_keys
                       WHERE present_keys.client_id = clients.client_id AND "#
                + $keys
                + r#" ORDER BY position) AS "jwks!",
                 ARRAY(SELECT expires_at FROM present_keys
                       WHERE present_keys.client_id = clients.client_id AND "#
                + $keys
                + r#" ORDER BY position) AS "key_ends!",
                 ARRAY(SELECT created FROM present_keys
                       WHERE present_keys.client_id = clients.client_id AND "#
                + $keys
                + r#" ORDER BY position) AS "key_starts!",
                 ARRAY(SELECT hash FROM client_secrets
                       WHERE client_secrets.client_id = clients.client_id AND "#
                + $keys
                + r#" ORDER BY position) AS "secret_hashes!",
                 ARRAY(SELECT expires_at FROM client_secrets
                       WHERE client_secrets.client_id = clients.client_id AND "#
                + $keys
                + r#" ORDER BY position) AS "secret_ends!",
                 ARRAY(SELECT created FROM client_secrets
                       WHERE client_secrets.client_id = clients.client_id AND "#
                + $keys
                + r#" ORDER BY position) AS "secret_starts!",
                 EXISTS(SELECT 1 FROM organizations
                        WHERE orgno IN (client_orgno, supplier_orgno) AND NOT organizations.active)
                     AS "organization_deactivated!"
             FROM clients "#
                + $rest,
            $($argument),+
        )
    };
}

/// The client of this id with its scopes.
async fn find_client(
    connection: &mut PgConnection,
    client_id: &ClientId,
) -> Result<Option<Client>, StorageError> {
    let client_id = client_id.as_str();
    let query = select_clients!(keys: "FALSE", "WHERE client_id = $1", client_id);
    let row = answered(query.fetch_optional(connection)).await?;
    row.map(ClientRow::client).transpose()
}

/// The clients of these ids with all that deciding their grants needs, in one statement: none is
/// seen with another moment's keys. What cannot be read back fails alone.
pub(crate) async fn find_records(
    connection: &mut PgConnection,
    client_ids: &[ClientId],
) -> Result<HashMap<String, Result<Arc<ClientRecord>, StorageError>>, StorageError> {
    let ids: Vec<_> = client_ids.iter().map(ToString::to_string).collect();
    let query = select_clients!(keys: "TRUE", "WHERE client_id = ANY ($1)", &ids);
    let rows = answered_soon(query.fetch_all(connection)).await?;
    let record = |row: ClientRow| (row.client_id.clone(), row.record().map(Arc::new));
    Ok(rows.into_iter().map(record).collect())
}

#[async_trait]
impl Clients for PostgresUnit {
    async fn find_client(&mut self, client_id: &ClientId) -> Result<Option<Client>, StorageError> {
        find_client(self.connection(), client_id).await
    }

    async fn list_clients(
        &mut self,
        organization: Option<OrgNumber>,
        listing: Listing,
    ) -> Result<Vec<Client>, StorageError> {
        let organization = organization.as_ref().map(OrgNumber::as_str);
        let all = listing == Listing::All;
        let query = select_clients!(
            keys: "FALSE",
            "WHERE ($1::TEXT IS NULL OR client_orgno = $1 OR supplier_orgno = $1) AND (active OR $2)
             ORDER BY created, client_id",
            organization,
            all
        );
        let rows = answered(query.fetch_all(self.connection())).await?;
        rows.into_iter().map(ClientRow::client).collect()
    }

    async fn save_client(&mut self, client: &Client) -> Result<(), StorageError> {
        let upsert = upsert_client(client)?;
        self.saving()?;
        self.execute(upsert).await?;
        self.replace_scopes(client).await?;
        self.saved(Kind::Client, client.client_id.to_string());
        Ok(())
    }

    async fn list_keys(
        &mut self,
        client_id: &ClientId,
        listing: Listing,
    ) -> Result<Vec<StoredKey>, StorageError> {
        client_keys::list(self.connection(), client_id, listing).await
    }

    async fn count_key_ends(
        &mut self,
        until: [Timestamp; KEY_END_INSTANTS],
    ) -> Result<[u64; KEY_END_INSTANTS], StorageError> {
        key_ends::count(self.connection(), until).await
    }

    async fn count_clients_without_usable_key(
        &mut self,
        now: Timestamp,
    ) -> Result<u64, StorageError> {
        key_ends::count_clients_without(self.connection(), now).await
    }

    async fn list_key_ends(
        &mut self,
        after: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<KeyEnd>, StorageError> {
        key_ends::list(self.connection(), after, until, limit).await
    }

    async fn replace_keys(
        &mut self,
        client_id: &ClientId,
        keys: Option<&KeySet>,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        let keys = keys.map_or(&[][..], KeySet::keys);
        self.saving()?;
        client_keys::replace(self, client_id, keys, now).await?;
        self.saved(Kind::Client, client_id.to_string());
        Ok(())
    }

    async fn find_secrets(&mut self, client_id: &ClientId) -> Result<ClientSecrets, StorageError> {
        client_secrets::find(self.connection(), client_id).await
    }

    async fn save_secrets(
        &mut self,
        client_id: &ClientId,
        secrets: &ClientSecrets,
    ) -> Result<(), StorageError> {
        self.saving()?;
        client_secrets::replace(self, client_id, secrets).await?;
        self.saved(Kind::Client, client_id.to_string());
        Ok(())
    }

    async fn list_on_behalf_of(
        &mut self,
        client_id: &ClientId,
        listing: Listing,
    ) -> Result<Vec<OnBehalfOf>, StorageError> {
        on_behalf_of::list(self.connection(), client_id, listing).await
    }

    async fn find_active_on_behalf_of(
        &mut self,
        client_id: &ClientId,
        value: &str,
    ) -> Result<Option<OnBehalfOf>, StorageError> {
        if !can_be_kept(value) {
            return Ok(None);
        }
        on_behalf_of::find_active(self.connection(), client_id, value).await
    }

    async fn save_on_behalf_of(&mut self, registration: &OnBehalfOf) -> Result<(), StorageError> {
        on_behalf_of::save(self, registration).await
    }
}

impl PostgresUnit {
    /// The scopes are an attribute of the client, not records: what is not registered any more
    /// goes.
    async fn replace_scopes(&mut self, client: &Client) -> Result<(), StorageError> {
        let client_id = client.client_id.as_str();
        let clear = sqlx::query!("DELETE FROM client_scopes WHERE client_id = $1", client_id);
        self.execute(clear).await?;
        let scopes: Vec<_> = client.scopes.iter().map(ToString::to_string).collect();
        let insert = sqlx::query!(
            "INSERT INTO client_scopes (client_id, position, scope)
             SELECT $1, place - 1, scope
             FROM unnest($2::TEXT[]) WITH ORDINALITY AS registered (scope, place)",
            client_id,
            &scopes
        );
        self.execute(insert).await?;
        Ok(())
    }
}

fn upsert_client(client: &Client) -> Result<Statement<'static>, StorageError> {
    let client_id = client.client_id.as_str();
    let client_orgno = client.client_orgno.as_str();
    let supplier_orgno = client.supplier_orgno.as_ref().map(OrgNumber::as_str);
    let integration_type = word(&client.integration_type)?;
    let application_type = word(&client.application_type)?;
    let authentication_method = word(&client.token_endpoint_auth_method)?;
    let grant_types = document(&client.grant_types)?;
    let algorithm = client
        .token_endpoint_auth_signing_alg
        .map(Algorithm::as_str);
    let login = document(&client.login)?;
    let created = client.created.milliseconds();
    let last_updated = client.last_updated.milliseconds();
    Ok(sqlx::query!(
        "INSERT INTO clients (client_id, client_name, description, client_orgno, supplier_orgno,
             integration_type, application_type, token_endpoint_auth_method, grant_types,
             access_token_lifetime, token_endpoint_auth_signing_alg, login, self_managed, active,
             created, last_updated)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ON CONFLICT (client_id) DO UPDATE SET
             client_name = excluded.client_name,
             description = excluded.description,
             client_orgno = excluded.client_orgno,
             supplier_orgno = excluded.supplier_orgno,
             integration_type = excluded.integration_type,
             application_type = excluded.application_type,
             token_endpoint_auth_method = excluded.token_endpoint_auth_method,
             grant_types = excluded.grant_types,
             access_token_lifetime = excluded.access_token_lifetime,
             token_endpoint_auth_signing_alg = excluded.token_endpoint_auth_signing_alg,
             login = excluded.login,
             self_managed = excluded.self_managed,
             active = excluded.active,
             created = excluded.created,
             last_updated = excluded.last_updated",
        client_id,
        client.client_name,
        client.description,
        client_orgno,
        supplier_orgno,
        integration_type,
        application_type,
        authentication_method,
        grant_types,
        client.access_token_lifetime.map(i64::from),
        algorithm,
        login,
        client.self_managed,
        client.active,
        created,
        last_updated
    ))
}
