//! Access tokens, and what is issued together.

use portvakt_core::Timestamp;
use portvakt_core::client::ClientId;
use portvakt_core::login::Document;
use portvakt_core::login::port::{AccessTokenKey, Issue, Issuing};
use portvakt_core::login::record::{AccessToken, Authorization, AuthorizationId, RevokedToken};
use portvakt_core::ports::StorageError;
use sqlx::SqliteConnection;

use super::{authorizations, refresh};
use crate::columns::{Row, document, instant};
use crate::fault::storage_error;
use crate::store::SqliteStore;

pub(super) async fn issue(
    store: &SqliteStore,
    issue: &Issue<'_>,
    now: Timestamp,
) -> Result<Issuing, StorageError> {
    issue.check()?;
    let mut writing = store.begin_write().await?;
    let id = &issue.access.authorization;
    let Some(last) = live(&mut writing, id, now).await? else {
        return Ok(Issuing::Refused);
    };
    let id_token = issue.id_token && last.allows_id_token(now);
    insert(&mut writing, issue.access, id_token, now).await?;
    if let Some(token) = issue.refresh {
        refresh::insert(&mut writing, token, last.ends_at).await?;
    }
    writing.commit().await.map_err(storage_error)?;
    Ok(Issuing::Issued { id_token })
}

/// What is known of a live authorization whose tokens are being issued.
pub(super) struct Live {
    pub(super) ends_at: i64,
    /// The second of its last ID token.
    id_token_at: i64,
}

impl Live {
    /// Whether this second has seen no ID token, nor any later one.
    pub(super) fn allows_id_token(&self, now: Timestamp) -> bool {
        self.id_token_at < now.seconds()
    }
}

/// The authorization, if it is live. It stays so until the transaction ends, because nobody else
/// writes meanwhile.
pub(super) async fn live(
    connection: &mut SqliteConnection,
    id: &AuthorizationId,
    now: Timestamp,
) -> Result<Option<Live>, StorageError> {
    let id = id.as_str();
    let now = now.milliseconds();
    let live = sqlx::query_as!(
        Live,
        "SELECT ends_at, id_token_at FROM authorizations
         WHERE id = $1 AND revoked_at IS NULL AND ends_at > $2",
        id,
        now
    );
    live.fetch_optional(connection).await.map_err(storage_error)
}

/// Keeps a token of a live authorization, and that an ID token goes with it if one does.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    token: &AccessToken,
    id_token: bool,
    now: Timestamp,
) -> Result<(), StorageError> {
    let id = token.id.as_str();
    let authorization_id = token.authorization.as_str();
    let opaque = token.opaque.as_ref();
    let claims = opaque.map(|(_, claims)| document(claims.as_value()));
    let claims = claims.transpose()?;
    let opaque = opaque.map(|(digest, _)| digest.as_bytes().as_slice());
    let issued_at = token.issued_at.milliseconds();
    let expires_at = token.expires_at.milliseconds();
    let insert = sqlx::query!(
        "INSERT INTO access_tokens (id, authorization_id, opaque, claims, issued_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        id,
        authorization_id,
        opaque,
        claims,
        issued_at,
        expires_at
    );
    insert
        .execute(&mut *connection)
        .await
        .map_err(storage_error)?;
    if id_token {
        let second = now.seconds();
        let mark = sqlx::query!(
            "UPDATE authorizations SET id_token_at = $1 WHERE id = $2",
            second,
            authorization_id
        );
        mark.execute(connection).await.map_err(storage_error)?;
    }
    Ok(())
}

struct TokenRow {
    id: String,
    authorization_id: String,
    opaque: Option<Vec<u8>>,
    claims: Option<String>,
    issued_at: i64,
    expires_at: i64,
}

impl TokenRow {
    fn read(self) -> Result<AccessToken, StorageError> {
        let place = Row {
            table: "access_tokens",
            key: &self.id,
        };
        let opaque = match (self.opaque, self.claims) {
            (None, None) => None,
            (Some(digest), Some(claims)) => Some((
                place.handle("opaque", &digest)?,
                Document::from_value(place.document("claims", &claims)?),
            )),
            (Some(_), None) | (None, Some(_)) => return Err(place.corrupt("claims")),
        };
        Ok(AccessToken {
            id: place.parse("id", &self.id)?,
            authorization: place.parse("authorization_id", &self.authorization_id)?,
            issued_at: instant(self.issued_at),
            expires_at: instant(self.expires_at),
            opaque,
        })
    }
}

/// The authorization is read after the token, so that a revocation that was acknowledged before the
/// question is seen.
pub(super) async fn find(
    store: &SqliteStore,
    key: AccessTokenKey<'_>,
    now: Timestamp,
) -> Result<Option<(AccessToken, Authorization)>, StorageError> {
    let mut connection = store.readers.acquire().await.map_err(storage_error)?;
    let Some(row) = find_row(&mut connection, key, now).await? else {
        return Ok(None);
    };
    let token = row.read()?;
    let authorization = authorizations::find(&mut connection, &token.authorization).await?;
    let live = authorization.filter(|authorization| authorization.is_live(now));
    Ok(live.map(|authorization| (token, authorization)))
}

async fn find_row(
    connection: &mut SqliteConnection,
    key: AccessTokenKey<'_>,
    now: Timestamp,
) -> Result<Option<TokenRow>, StorageError> {
    let now = now.milliseconds();
    let found = match key {
        AccessTokenKey::Id(id) => {
            let id = id.as_str();
            let find = sqlx::query_as!(
                TokenRow,
                "SELECT id, authorization_id, opaque, claims, issued_at, expires_at
                 FROM access_tokens WHERE id = $1 AND opaque IS NULL AND expires_at > $2",
                id,
                now
            );
            find.fetch_optional(connection).await
        }
        AccessTokenKey::Opaque(digest) => {
            let digest = digest.as_bytes().as_slice();
            let find = sqlx::query_as!(
                TokenRow,
                "SELECT id, authorization_id, opaque, claims, issued_at, expires_at
                 FROM access_tokens WHERE opaque = $1 AND expires_at > $2",
                digest,
                now
            );
            find.fetch_optional(connection).await
        }
    };
    found.map_err(storage_error)
}

pub(super) async fn list_revoked(
    store: &SqliteStore,
    client_id: Option<&ClientId>,
    since: Timestamp,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<RevokedToken>, StorageError> {
    let client_id = client_id.map(ClientId::as_str);
    let (since, now) = (since.milliseconds(), now.milliseconds());
    let list = sqlx::query!(
        r#"SELECT access_tokens.id AS "id!", access_tokens.revoked_at AS "revoked_at!",
             access_tokens.expires_at AS "expires_at!"
         FROM access_tokens
         JOIN authorizations ON authorizations.id = access_tokens.authorization_id
         WHERE access_tokens.revoked_at >= $1 AND access_tokens.expires_at > $2
             AND ($3 IS NULL OR authorizations.client_id = $3)
         ORDER BY access_tokens.revoked_at, access_tokens.id LIMIT $4"#,
        since,
        now,
        client_id,
        limit
    );
    let listed = list.fetch_all(&store.readers).await;
    let rows = listed.map_err(storage_error)?.into_iter();
    rows.map(|row| {
        let place = Row {
            table: "access_tokens",
            key: &row.id,
        };
        Ok(RevokedToken {
            id: place.parse("id", &row.id)?,
            revoked_at: instant(row.revoked_at),
            expires_at: instant(row.expires_at),
        })
    })
    .collect()
}
