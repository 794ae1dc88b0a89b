//! Refresh tokens.

use portvakt_core::Timestamp;
use portvakt_core::client::ClientId;
use portvakt_core::login::HandleDigest;
use portvakt_core::login::port::{RefreshUse, Refreshing, Rotation};
use portvakt_core::login::record::{Authorization, RefreshToken, RevocationReason};
use portvakt_core::ports::StorageError;
use sqlx::{PgConnection, Postgres, Transaction};

use super::rows::RefreshRow;
use super::tokens::Live;
use super::{authorizations, tokens};
use crate::columns::Row;
use crate::fault::{answered, answered_soon};
use crate::store::PostgresStore;

/// Keeps a token until its authorization ends, used or not.
pub(super) async fn insert(
    connection: &mut PgConnection,
    refresh: &RefreshToken,
    keep_until: i64,
) -> Result<(), StorageError> {
    let token = refresh.token.as_bytes().as_slice();
    let authorization_id = refresh.authorization.as_str();
    let issued_at = refresh.issued_at.milliseconds();
    let expires_at = refresh.expires_at.milliseconds();
    let insert = sqlx::query!(
        "INSERT INTO refresh_tokens (token, authorization_id, generation, dpop_jkt, issued_at,
             expires_at, keep_until)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        token,
        authorization_id,
        i64::from(refresh.generation),
        refresh.dpop_jkt,
        issued_at,
        expires_at,
        keep_until
    );
    answered(insert.execute(connection)).await?;
    Ok(())
}

pub(super) async fn find(
    store: &PostgresStore,
    token: &HandleDigest,
) -> Result<Option<(RefreshToken, Authorization)>, StorageError> {
    let mut connection = answered_soon(store.readers.acquire()).await?;
    let Some((token, _)) = find_token(&mut connection, token).await? else {
        return Ok(None);
    };
    let authorization = authorization_of(&mut connection, &token).await?;
    Ok(Some((token, authorization)))
}

async fn find_token(
    connection: &mut PgConnection,
    token: &HandleDigest,
) -> Result<Option<(RefreshToken, Option<HandleDigest>)>, StorageError> {
    let token = token.as_bytes().as_slice();
    let found = sqlx::query_as!(
        RefreshRow,
        "SELECT token, authorization_id, generation, dpop_jkt, issued_at, expires_at, replaced_at,
             successor
         FROM refresh_tokens WHERE token = $1",
        token
    );
    let found = answered(found.fetch_optional(connection)).await?;
    found.map(RefreshRow::read).transpose()
}

async fn authorization_of(
    connection: &mut PgConnection,
    token: &RefreshToken,
) -> Result<Authorization, StorageError> {
    let found = authorizations::find(connection, &token.authorization).await?;
    let place = Row {
        table: "refresh_tokens",
        key: token.authorization.as_str(),
    };
    found.ok_or_else(|| place.corrupt("authorization_id"))
}

/// A token whose family is live, with what replaced it.
struct Shown {
    token: RefreshToken,
    successor: Option<HandleDigest>,
    live: Live,
}

/// What is shown, or why it counts for nothing.
async fn show(
    connection: &mut PgConnection,
    token: &HandleDigest,
    client_id: &ClientId,
    now: Timestamp,
) -> Result<Result<Shown, Refreshing>, StorageError> {
    let Some((found, _)) = find_token(connection, token).await? else {
        return Ok(Err(Refreshing::Unknown));
    };
    let authorization = authorization_of(connection, &found).await?;
    if authorization.client_id != *client_id {
        return Ok(Err(Refreshing::Foreign));
    }
    let Some(live) = tokens::live(connection, &found.authorization, now).await? else {
        return Ok(Err(Refreshing::Expired));
    };
    // Once more: whoever had the authorization before may have replaced the token. Now nobody can.
    let shown = find_token(connection, token).await?;
    Ok(match shown {
        Some((token, successor)) => Ok(Shown {
            token,
            successor,
            live,
        }),
        None => Err(Refreshing::Unknown),
    })
}

pub(super) async fn rotate(
    store: &PostgresStore,
    rotation: &Rotation<'_>,
    now: Timestamp,
) -> Result<Refreshing, StorageError> {
    let mut writing = store.begin_login().await?;
    let RefreshUse {
        token, client_id, ..
    } = rotation.used;
    let shown = match show(&mut writing, token, client_id, now).await? {
        Ok(shown) => shown,
        Err(refused) => return Ok(refused),
    };
    rotation.check(&shown.token)?;
    let id_token = rotation.used.id_token && shown.live.allows_id_token(now);
    let refreshing = if let Some(replaced_at) = shown.token.replaced_at {
        match repeated(&mut writing, rotation, &shown, replaced_at, now).await? {
            Some(successor) => Refreshing::Repeated {
                id_token,
                successor,
            },
            None => replay(&mut writing, &shown, now).await?,
        }
    } else if replace(&mut writing, rotation, now).await? {
        insert(&mut writing, rotation.successor, shown.live.ends_at).await?;
        Refreshing::Refreshed { id_token }
    } else {
        Refreshing::Expired
    };
    finish(writing, rotation.used, refreshing, now).await
}

pub(super) async fn reuse(
    store: &PostgresStore,
    reuse: &RefreshUse<'_>,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<Refreshing, StorageError> {
    let mut writing = store.begin_login().await?;
    let shown = match show(&mut writing, reuse.token, reuse.client_id, now).await? {
        Ok(shown) => shown,
        Err(refused) => return Ok(refused),
    };
    reuse.check(&shown.token)?;
    let refreshing = if shown.token.replaced_at.is_some() {
        replay(&mut writing, &shown, now).await?
    } else if slide(&mut writing, reuse.token, expires_at, now).await? {
        Refreshing::Refreshed {
            id_token: reuse.id_token && shown.live.allows_id_token(now),
        }
    } else {
        Refreshing::Expired
    };
    finish(writing, *reuse, refreshing, now).await
}

/// Keeps the access token of a use that is good, and commits.
async fn finish(
    mut writing: Transaction<'static, Postgres>,
    used: RefreshUse<'_>,
    refreshing: Refreshing,
    now: Timestamp,
) -> Result<Refreshing, StorageError> {
    if let Refreshing::Refreshed { id_token } | Refreshing::Repeated { id_token, .. } = refreshing {
        tokens::insert(&mut writing, used.access, id_token, now).await?;
    }
    answered(writing.commit()).await?;
    Ok(refreshing)
}

/// Replaces the token that is shown, if nobody has and its time is not over.
async fn replace(
    connection: &mut PgConnection,
    rotation: &Rotation<'_>,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let token = rotation.used.token.as_bytes().as_slice();
    let successor = rotation.successor.token.as_bytes().as_slice();
    let now = now.milliseconds();
    let replace = sqlx::query!(
        "UPDATE refresh_tokens SET replaced_at = $1, successor = $2
         WHERE token = $3 AND replaced_at IS NULL AND expires_at > $1",
        now,
        successor,
        token
    );
    let replaced = answered(replace.execute(connection)).await?;
    Ok(replaced.rows_affected() == 1)
}

/// The successor, if the one who shows the token a second time may still not have got it.
async fn repeated(
    connection: &mut PgConnection,
    rotation: &Rotation<'_>,
    shown: &Shown,
    replaced_at: Timestamp,
    now: Timestamp,
) -> Result<Option<RefreshToken>, StorageError> {
    let wanted = rotation.successor.token;
    if now >= replaced_at.plus(rotation.grace) || shown.successor != Some(wanted) {
        return Ok(None);
    }
    let found = find_token(connection, &wanted).await?;
    let successor = found.map(|(token, _)| token);
    Ok(successor.filter(|token| token.replaced_at.is_none() && now < token.expires_at))
}

async fn slide(
    connection: &mut PgConnection,
    token: &HandleDigest,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let token = token.as_bytes().as_slice();
    let (expires_at, now) = (expires_at.milliseconds(), now.milliseconds());
    let slide = sqlx::query!(
        "UPDATE refresh_tokens SET expires_at = $1
         WHERE token = $2 AND replaced_at IS NULL AND expires_at > $3",
        expires_at,
        token,
        now
    );
    let slid = answered(slide.execute(connection)).await?;
    Ok(slid.rows_affected() == 1)
}

/// Somebody has a copy: nobody can say who, so the whole family ends.
async fn replay(
    connection: &mut PgConnection,
    shown: &Shown,
    now: Timestamp,
) -> Result<Refreshing, StorageError> {
    let id = &shown.token.authorization;
    let reason = RevocationReason::RefreshReplay;
    authorizations::revoke(connection, id, reason, now).await?;
    Ok(Refreshing::Replayed(id.clone()))
}
