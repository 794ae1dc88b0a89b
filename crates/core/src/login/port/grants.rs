//! Authorizations, codes and tokens.

use std::time::Duration;

use async_trait::async_trait;

use crate::client::ClientId;
use crate::clock::Timestamp;
use crate::login::HandleDigest;
use crate::login::record::{
    AccessToken, Authorization, AuthorizationCode, AuthorizationId, HistoryEntry, LoginTransaction,
    PersonId, RefreshToken, RevocationReason, RevokedToken, Session, TokenId,
};
use crate::ports::StorageError;

/// Authorizations, with what clients get for them. All acts on one authorization take turns; when one
/// was revoked and the call has been answered, nothing of it is found live, and nothing that is issued
/// at the same moment either.
#[async_trait]
pub trait LoginGrants: Send + Sync {
    /// Answers an authorization request with a code: keeps all of `completion`, or nothing.
    async fn authorize(
        &self,
        completion: &Completion<'_>,
        now: Timestamp,
    ) -> Result<Authorizing, StorageError>;

    /// Uses a code up, for the client that shows it. Of several who show one, one gets it; the
    /// authorization of a code that is shown again by its client is revoked by this very call.
    /// Another client changes nothing.
    async fn redeem_code(
        &self,
        code: &HandleDigest,
        client_id: &ClientId,
        now: Timestamp,
    ) -> Result<Redemption, StorageError>;

    /// Keeps what was issued for a code that was redeemed.
    async fn issue(&self, issue: &Issue<'_>, now: Timestamp) -> Result<Issuing, StorageError>;

    /// A refresh token, live or not, with its authorization.
    async fn find_refresh(
        &self,
        token: &HandleDigest,
    ) -> Result<Option<(RefreshToken, Authorization)>, StorageError>;

    /// Replaces a refresh token by another one (`ONETIME`), and keeps what was issued with it. One
    /// that had been replaced before revokes its authorization by this very call, unless it is
    /// within `rotation.grace` and asks for the successor that it got.
    async fn rotate_refresh(
        &self,
        rotation: &Rotation<'_>,
        now: Timestamp,
    ) -> Result<Refreshing, StorageError>;

    /// Uses a refresh token that stays (`REUSE`), moves its end, and keeps what was issued with it.
    async fn reuse_refresh(
        &self,
        reuse: &RefreshUse<'_>,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<Refreshing, StorageError>;

    /// An authorization, live or not.
    async fn find_authorization(
        &self,
        id: &AuthorizationId,
    ) -> Result<Option<Authorization>, StorageError>;

    /// An access token that is live, with its authorization. One that has expired, that was revoked
    /// or whose authorization has ended is not found.
    async fn find_access_token(
        &self,
        key: AccessTokenKey<'_>,
        now: Timestamp,
    ) -> Result<Option<(AccessToken, Authorization)>, StorageError>;

    /// Ends an authorization with everything that hangs off it. Says whether this call did: it may
    /// have been revoked or have ended before, or never have been. The first reason stays.
    async fn revoke_authorization(
        &self,
        id: &AuthorizationId,
        reason: RevocationReason,
        now: Timestamp,
    ) -> Result<bool, StorageError>;

    /// The first `limit` access tokens, of one client or of all, that would still live but for a
    /// revocation at `since` or later; the earliest revocation first.
    async fn list_revoked(
        &self,
        client_id: Option<&ClientId>,
        since: Timestamp,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<RevokedToken>, StorageError>;

    /// The first `limit` live authorizations of a person whose code was redeemed, the newest first;
    /// those that come after the one `after`, if there is one.
    async fn list_authorizations(
        &self,
        person: &PersonId,
        after: Option<&Authorization>,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Authorization>, StorageError>;
}

/// Everything that answering an authorization request with a code keeps.
#[derive(Clone, Copy, Debug)]
pub struct Completion<'a> {
    /// What is given.
    pub authorization: &'a Authorization,
    /// The code for it.
    pub code: &'a AuthorizationCode,
    /// What the person will find of it.
    pub history: &'a HistoryEntry,
    /// The session in which it is given, as it is from now on: saved as
    /// [`save_session`](super::LoginSessions::save_session) does.
    pub session: &'a Session,
    /// What is over.
    pub ending: Ending<'a>,
}

impl Completion<'_> {
    /// Refuses what does not belong together. Every store asks before it writes: were a code to be of
    /// another authorization, or an authorization of another session, ending the one would not end the
    /// other.
    pub fn check(&self) -> Result<(), StorageError> {
        let (given, event) = (self.authorization, &self.authorization.details.event);
        let client = match self.ending {
            Ending::Transaction(transaction) => &transaction.client_id,
            Ending::Pushed(_) | Ending::Nothing => &given.client_id,
        };
        let belongs = given.session == self.session.id
            && given.person == *event.person()
            && self.session.person == event.subject
            && self.code.authorization == given.id
            && self.code.client_id == given.client_id
            && self.history.authorization == given.id
            && self.history.person == given.person
            && *client == given.client_id;
        belonging(belongs, "a code, a session or an entry of the history")
    }
}

fn belonging(belongs: bool, what: &str) -> Result<(), StorageError> {
    if belongs {
        Ok(())
    } else {
        let refusal = format!("{what} does not belong to its authorization");
        Err(StorageError::Refused(refusal))
    }
}

/// What an authorization ends. None of it can be ended twice.
#[derive(Clone, Copy, Debug)]
pub enum Ending<'a> {
    /// A login under way, found as this version, and the pushed request that it carried through.
    Transaction(&'a LoginTransaction),
    /// A pushed request of this client that no page was shown for.
    Pushed(&'a HandleDigest),
    /// Nothing: the request came in the address and no page was shown for it.
    Nothing,
}

/// What came of answering a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authorizing {
    /// All of it is kept.
    Authorized,
    /// Somebody was faster: what was to end is over, or has advanced. Nothing was kept.
    Ended,
    /// The session was saved or ended since it was found: find it and decide again. Nothing was
    /// kept.
    SessionOvertaken,
    /// The person may not log in. Nothing was kept.
    Blocked,
}

/// What came of showing a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redemption {
    /// It is used up now. Whatever else is wrong with the request, it cannot be shown again.
    Redeemed(Box<(AuthorizationCode, Authorization)>),
    /// It had been used up; its authorization is revoked.
    Replayed(AuthorizationId),
    /// Its time was over.
    Expired,
    /// It is another client's.
    Foreign,
    /// It was never issued, or is forgotten.
    Unknown,
}

/// Tokens that are handed out together.
#[derive(Clone, Copy, Debug)]
pub struct Issue<'a> {
    /// The access token.
    pub access: &'a AccessToken,
    /// The first refresh token, if the client gets one.
    pub refresh: Option<&'a RefreshToken>,
    /// Whether an `id_token` is to go with it.
    pub id_token: bool,
}

impl Issue<'_> {
    /// Refuses tokens of different authorizations. Every store asks before it writes.
    pub fn check(&self) -> Result<(), StorageError> {
        let belongs = |refresh: &RefreshToken| refresh.authorization == self.access.authorization;
        belonging(self.refresh.is_none_or(belongs), "a refresh token")
    }
}

/// What came of issuing tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issuing {
    /// They are kept.
    Issued {
        /// Whether the `id_token` may go with them: it was asked for, and this second has seen no
        /// other one of the authorization (spec: idporten §10.2).
        id_token: bool,
    },
    /// The authorization was revoked or has ended. Nothing was kept.
    Refused,
}

/// The use of a refresh token.
#[derive(Clone, Copy, Debug)]
pub struct RefreshUse<'a> {
    /// Of the token that is shown.
    pub token: &'a HandleDigest,
    /// Who shows it.
    pub client_id: &'a ClientId,
    /// The access token that is issued for it.
    pub access: &'a AccessToken,
    /// Whether an `id_token` is to go with it.
    pub id_token: bool,
}

impl RefreshUse<'_> {
    /// Refuses an access token of another authorization than that of the token that is shown. Every
    /// store asks before it writes.
    pub fn check(&self, shown: &RefreshToken) -> Result<(), StorageError> {
        let belongs = self.access.authorization == shown.authorization;
        belonging(belongs, "an access token")
    }
}

/// The use of a refresh token that is replaced.
#[derive(Clone, Copy, Debug)]
pub struct Rotation<'a> {
    /// The one that is shown.
    pub used: RefreshUse<'a>,
    /// The one in its place. Its generation is the shown one's and one more.
    pub successor: &'a RefreshToken,
    /// How long after it was replaced the shown one may be shown again, to whoever did not get the
    /// answer. For that the successor must follow from it
    /// ([`Handle::successor`](crate::login::Handle::successor)). Usually none.
    pub grace: Duration,
}

impl Rotation<'_> {
    /// Refuses what does not follow from the token that is shown. Every store asks before it writes.
    pub fn check(&self, shown: &RefreshToken) -> Result<(), StorageError> {
        self.used.check(shown)?;
        let follows = self.successor.authorization == shown.authorization
            && self.successor.generation == shown.generation.saturating_add(1);
        belonging(follows, "a successor")
    }
}

/// What came of using a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refreshing {
    /// What was issued is kept; of two tokens the old one counts for nothing and the new one counts.
    Refreshed {
        /// As in [`Issuing::Issued`].
        id_token: bool,
    },
    /// The token was replaced a moment ago by the same successor, which nobody has used yet. The
    /// access token is kept, and the successor's end is that of this record.
    Repeated {
        /// As in [`Issuing::Issued`].
        id_token: bool,
        /// The successor as it is kept.
        successor: RefreshToken,
    },
    /// It had been replaced; its authorization is revoked.
    Replayed(AuthorizationId),
    /// Its time was over, or its authorization was revoked or has ended.
    Expired,
    /// It is another client's.
    Foreign,
    /// It was never issued, or is forgotten.
    Unknown,
}

/// By what an access token is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessTokenKey<'a> {
    /// The `jti` of one that carries its claims, after its signature was verified.
    Id(&'a TokenId),
    /// What was shown of an opaque one.
    Opaque(&'a HandleDigest),
}
