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
use sqlx::SqliteConnection;

use crate::columns::{Row, document, in_order, instant, word};
use crate::fault::storage_error;
use crate::unit::{Kind, SqliteUnit, Statement};
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
    /// JSON array of names, each with its position. In their order they are put here, because for that
    /// SQLite would make a table.
    scopes: String,
    /// JSON arrays of the present keys and of the secrets, if they were asked for.
    keys: String,
    secrets: String,
    organization_deactivated: bool,
}

impl ClientRow {
    fn record(mut self) -> Result<ClientRecord, StorageError> {
        let keys = client_keys::from_document(&self.client_id, &self.keys)?;
        let secrets = std::mem::take(&mut self.secrets);
        let organization_active = !self.organization_deactivated;
        let client = self.client()?;
        // One that authenticates otherwise has none, whatever is left of them.
        let secrets = if client.token_endpoint_auth_method.uses_secret() {
            client_secrets::from_document(client.client_id.as_str(), &secrets)?
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
            scopes: scope_names(&self.client_id, &self.scopes)?,
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

fn scope_names(client_id: &str, scopes: &str) -> Result<Vec<ScopeName>, StorageError> {
    let place = Row {
        table: "client_scopes",
        key: client_id,
    };
    let scopes = place.document("scope", scopes)?;
    Ok(in_order(scopes).collect())
}

/// A checked query for whole clients: the columns once, whether keys and secrets are among them
/// (`TRUE` or `FALSE`) and the rest by the caller. Nothing in it makes a table, as ordering what is
/// aggregated would, or a list of columns behind `IN`: that costs more than finding a client.
macro_rules! select_clients {
    (keys: $keys:literal, $rest:literal, $($argument:expr),+) => {
        sqlx::query_as!(
            ClientRow,
            r#"SELECT client_id, client_name, description, client_orgno, supplier_orgno,
                 integration_type, application_type, token_endpoint_auth_method, grant_types,
                 access_token_lifetime, token_endpoint_auth_signing_alg, login, self_managed, active,
                 created, last_updated,
                 (SELECT json_group_array(json_array(position, scope)) FROM client_scopes
                  WHERE client_scopes.client_id = clients.client_id) AS "scopes!: String",
                 (SELECT json_group_array(json_array(position, json_array(jwk, expires_at, created)))
                  FROM client_keys
                  WHERE client_keys.client_id = clients.client_id AND removed_at IS NULL AND "#
                + $keys
                + r#") AS "keys!: String",
                 (SELECT json_group_array(json_array(position, json_array(hex(hash), expires_at, created)))
                  FROM client_secrets
                  WHERE client_secrets.client_id = clients.client_id AND "#
                + $keys
                + r#") AS "secrets!: String",
                 (EXISTS (SELECT 1 FROM organizations INDEXED BY deactivated_organizations
                          WHERE orgno = client_orgno AND NOT organizations.active)
                  OR EXISTS (SELECT 1 FROM organizations INDEXED BY deactivated_organizations
                             WHERE orgno = supplier_orgno AND NOT organizations.active))
                     AS "organization_deactivated!: bool"
             "#
                + $rest,
            $($argument),+
        )
    };
}

/// The client of this id with its scopes.
async fn find_client(
    connection: &mut SqliteConnection,
    client_id: &ClientId,
) -> Result<Option<Client>, StorageError> {
    let client_id = client_id.as_str();
    let row = select_clients!(keys: "FALSE", "FROM clients WHERE client_id = $1", client_id)
        .fetch_optional(connection)
        .await
        .map_err(storage_error)?;
    row.map(ClientRow::client).transpose()
}

/// The clients of these ids with all that deciding their grants needs, in one statement: none is
/// seen with another moment's keys. What cannot be read back fails alone.
pub(crate) async fn find_records(
    connection: &mut SqliteConnection,
    client_ids: &[ClientId],
) -> Result<HashMap<String, Result<Arc<ClientRecord>, StorageError>>, StorageError> {
    let ids = document(&client_ids)?;
    let rows = select_clients!(
        keys: "TRUE",
        "FROM json_each($1) AS asked CROSS JOIN clients ON client_id = asked.value",
        ids
    )
    .fetch_all(connection)
    .await
    .map_err(storage_error)?;
    let record = |row: ClientRow| (row.client_id.clone(), row.record().map(Arc::new));
    Ok(rows.into_iter().map(record).collect())
}

#[async_trait]
impl Clients for SqliteUnit {
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
        let rows = select_clients!(
            keys: "FALSE",
            "FROM clients
             WHERE ($1 IS NULL OR client_orgno = $1 OR supplier_orgno = $1) AND (active OR $2)
             ORDER BY created, client_id",
            organization,
            all
        )
        .fetch_all(self.connection())
        .await
        .map_err(storage_error)?;
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
        on_behalf_of::find_active(self.connection(), client_id, value).await
    }

    async fn save_on_behalf_of(&mut self, registration: &OnBehalfOf) -> Result<(), StorageError> {
        on_behalf_of::save(self, registration).await
    }
}

impl SqliteUnit {
    /// The scopes are an attribute of the client, not records: what is not registered any more
    /// goes.
    async fn replace_scopes(&mut self, client: &Client) -> Result<(), StorageError> {
        let client_id = client.client_id.as_str();
        let clear = sqlx::query!("DELETE FROM client_scopes WHERE client_id = $1", client_id);
        self.execute(clear).await?;
        for (position, scope) in (0_i64..).zip(&client.scopes) {
            let scope = scope.as_str();
            let insert = sqlx::query!(
                "INSERT INTO client_scopes (client_id, position, scope) VALUES ($1, $2, $3)",
                client_id,
                position,
                scope
            );
            self.execute(insert).await?;
        }
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
        client.access_token_lifetime,
        algorithm,
        login,
        client.self_managed,
        client.active,
        created,
        last_updated
    ))
}
