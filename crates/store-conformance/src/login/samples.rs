//! Logins to keep. Everything has a number, and what belongs together has the same one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use portvakt_core::Timestamp;
use portvakt_core::login::port::{
    Authorizing, Completion, Ending, Issue, Issuing, Redemption, RefreshUse, Rotation,
};
use portvakt_core::login::record::{
    AccessToken, Attributes, AuthenticationEvent, Authorization, AuthorizationCode,
    AuthorizationDetails, AuthorizationId, CodeDetails, GrantedScope, HistoryEntry, Identity,
    LoginPerson, LoginTransaction, PersonId, PushedRequest, PushedState, RefreshToken, Session,
    SessionClient, SessionId, SsoGroup, TokenId,
};
use portvakt_core::login::{Acr, Document, HandleDigest, Locale, LoginStore};
use portvakt_core::person::{Pid, PidCheck};
use portvakt_core::ports::StorageError;
use portvakt_core::scope::Visibility;
use serde_json::json;

use crate::samples::{FIRST, SECOND, client_id, orgno, scope_name};

/// When everything begins, in seconds.
pub(super) const START: i64 = 1_772_442_900;
/// How long things last, in seconds.
pub(super) const PUSHED: i64 = 120;
pub(super) const TRANSACTION: i64 = 1800;
pub(super) const SESSION: i64 = 1800;
pub(super) const CODE: i64 = 60;
pub(super) const ACCESS: i64 = 120;
pub(super) const REFRESH: i64 = 600;
pub(super) const AUTHORIZATION: i64 = 7200;

/// So many seconds after everything began.
pub(super) fn after(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(START + seconds)
}

/// A digest; two of different kinds or numbers differ.
pub(super) fn digest(kind: &str, number: u32) -> HandleDigest {
    let mut bytes = [0xa5; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    bytes[4..4 + kind.len()].copy_from_slice(kind.as_bytes());
    HandleDigest::from_bytes(bytes)
}

fn id<T: std::str::FromStr>(kind: char, number: u32) -> T {
    let text = format!("{kind}{number:042}");
    text.parse()
        .unwrap_or_else(|_| panic!("{text} is well formed"))
}

pub(super) fn person_id(number: u32) -> PersonId {
    let text = format!("{number:08x}-3c0f-4a53-9a59-0f7c1a1f6a11");
    text.parse().expect("samples are well formed")
}

pub(super) fn session_id(number: u32) -> SessionId {
    id('s', number)
}

pub(super) fn authorization_id(number: u32) -> AuthorizationId {
    id('a', number)
}

pub(super) fn token_id(number: u32) -> TokenId {
    id('t', number)
}

pub(super) fn identity(number: u32) -> Identity {
    let text = format!("17869{number:06}");
    Identity::Pid(Pid::parse(&text, PidCheck::LengthOnly).expect("samples are well formed"))
}

pub(super) fn document(text: &str) -> Document {
    Document::of(&json!({ "text": text, "list": [1, null, true] })).expect("samples have JSON")
}

pub(super) fn pushed(number: u32) -> PushedRequest {
    PushedRequest {
        request_uri: digest("pushed", number),
        client_id: client_id("a"),
        request: document("request"),
        created_at: after(0),
        expires_at: after(PUSHED),
        state: PushedState::New,
    }
}

/// A login that carries no pushed request through.
pub(super) fn transaction(number: u32) -> LoginTransaction {
    LoginTransaction {
        handle: digest("handle", number),
        browser: digest("browser", number),
        client_id: client_id("a"),
        pushed: None,
        created_at: after(0),
        expires_at: after(TRANSACTION),
        version: 0,
        state: document("state"),
    }
}

pub(super) fn event(person: &PersonId) -> AuthenticationEvent {
    AuthenticationEvent {
        subject: person.clone(),
        matched: None,
        acr: Acr::IdportenSubstantial,
        amr: "TestID".to_owned(),
        provider: "testid".to_owned(),
        auth_time: after(0),
        locale: Locale::Nn,
        attributes: Attributes(BTreeMap::from([("a".to_owned(), "å".to_owned())])),
    }
}

/// A new session.
pub(super) fn session(number: u32, person: &PersonId) -> Session {
    let seen = SessionClient {
        first_seen: after(0),
        last_seen: after(1),
    };
    Session {
        id: session_id(number),
        cookie: digest("cookie", number),
        person: person.clone(),
        created_at: after(0),
        last_request_at: after(1),
        expires_at: after(SESSION),
        version: 0,
        groups: BTreeMap::from([
            (SsoGroup::Shared, event(person)),
            (SsoGroup::Client(client_id("b")), event(person)),
        ]),
        clients: BTreeMap::from([(client_id("a"), seen)]),
    }
}

/// What a login alone grants.
pub(super) fn authorization(number: u32, person: &PersonId) -> Authorization {
    let scope = |name| GrantedScope {
        name: scope_name(name),
        owner_orgno: orgno(FIRST),
        requires_user_consent: false,
        visibility: Visibility::Public,
    };
    Authorization {
        id: authorization_id(number),
        client_id: client_id("a"),
        person: person.clone(),
        session: session_id(number),
        login_only: true,
        authorized_at: after(0),
        ends_at: after(AUTHORIZATION),
        redeemed_at: None,
        revoked: None,
        details: AuthorizationDetails {
            event: event(person),
            group: SsoGroup::Shared,
            requested: ["openid", "profile", "fjord:a"].map(scope_name).to_vec(),
            granted: ["openid", "profile"].map(scope).to_vec(),
            consented_at: Some(after(0)),
            pseudonymous: true,
            resources: vec!["https://api.example.com".to_owned()],
            on_behalf_of: Some("kunde".to_owned()),
            user_agent: "Mozilla/5.0 (X11; Linux x86_64) \u{1f9ed}".to_owned(),
        },
    }
}

pub(super) fn code(number: u32) -> AuthorizationCode {
    AuthorizationCode {
        code: digest("code", number),
        authorization: authorization_id(number),
        client_id: client_id("a"),
        issued_at: after(0),
        expires_at: after(CODE),
        details: CodeDetails {
            redirect_uri: "https://app.example.com/cb?a=b".to_owned(),
            code_challenge: Some("ZAXbmzaXdMaXmF7t11VHM5SR3qvVBx3rvxsshIvtEl8".to_owned()),
            nonce: Some("n\"1".to_owned()),
            dpop_jkt: None,
        },
    }
}

pub(super) fn history(number: u32, person: &PersonId) -> HistoryEntry {
    HistoryEntry {
        authorization: authorization_id(number),
        person: person.clone(),
        at: after(0),
        client_id: client_id("a"),
        orgno: orgno(SECOND),
        service: "Eksempeletaten".to_owned(),
        eid: "TestID".to_owned(),
        acr: Acr::IdportenSubstantial,
    }
}

/// The `nth` access token of an authorization; it carries its claims.
pub(super) fn access(number: u32, nth: u32) -> AccessToken {
    AccessToken {
        id: token_id(number * 1000 + nth),
        authorization: authorization_id(number),
        issued_at: after(0),
        expires_at: after(ACCESS),
        opaque: None,
    }
}

/// The digest of an authorization's `nth` refresh token.
pub(super) fn refresh_digest(number: u32, nth: u32) -> HandleDigest {
    digest("refresh", number * 1000 + nth)
}

/// The `nth` refresh token of an authorization, from 0.
pub(super) fn refresh(number: u32, nth: u32) -> RefreshToken {
    RefreshToken {
        token: refresh_digest(number, nth),
        authorization: authorization_id(number),
        generation: nth,
        issued_at: after(0),
        expires_at: after(REFRESH),
        dpop_jkt: None,
        replaced_at: None,
    }
}

pub(super) type Logins = Arc<dyn LoginStore>;

/// The person of this number, made if need be.
pub(super) async fn person(store: &Logins, number: u32) -> Result<LoginPerson, StorageError> {
    let new = person_id(number);
    store
        .person_of(&identity(number), &new, "TestID", after(0))
        .await
}

/// Answers a request of the person of the same number in a session of its own.
pub(super) async fn authorize(store: &Logins, number: u32) -> Result<Authorization, StorageError> {
    let person = person(store, number).await?.id;
    let given = authorization(number, &person);
    authorize_as(store, number, &given).await?;
    Ok(given)
}

/// As [`authorize`], with this authorization.
pub(super) async fn authorize_as(
    store: &Logins,
    number: u32,
    given: &Authorization,
) -> Result<(), StorageError> {
    let session = session(number, &given.person);
    authorize_in(store, number, given, &session).await
}

/// As [`authorize_as`], in this session.
pub(super) async fn authorize_in(
    store: &Logins,
    number: u32,
    given: &Authorization,
    session: &Session,
) -> Result<(), StorageError> {
    let code = AuthorizationCode {
        client_id: given.client_id.clone(),
        ..code(number)
    };
    let completion = Completion {
        authorization: given,
        code: &code,
        history: &history(number, &given.person),
        session,
        ending: Ending::Nothing,
    };
    let authorizing = store.authorize(&completion, after(0)).await?;
    assert_eq!(authorizing, Authorizing::Authorized);
    Ok(())
}

/// Shows the code of this number.
pub(super) async fn redeem(store: &Logins, number: u32) -> Result<Redemption, StorageError> {
    let code = digest("code", number);
    store.redeem_code(&code, &client_id("a"), after(1)).await
}

/// An authorization whose code was redeemed for an access token and a refresh token.
pub(super) async fn issued(store: &Logins, number: u32) -> Result<Authorization, StorageError> {
    let given = authorize(store, number).await?;
    issue_to(store, number).await?;
    Ok(given)
}

/// Redeems a code and issues the first two tokens.
pub(super) async fn issue_to(store: &Logins, number: u32) -> Result<(), StorageError> {
    let redemption = redeem(store, number).await?;
    assert!(matches!(redemption, Redemption::Redeemed(_)));
    let issuing = issue(store, number).await?;
    assert!(matches!(issuing, Issuing::Issued { .. }));
    Ok(())
}

/// Issues the first access token and the first refresh token.
pub(super) async fn issue(store: &Logins, number: u32) -> Result<Issuing, StorageError> {
    let issue = Issue {
        access: &access(number, 0),
        refresh: Some(&refresh(number, 0)),
        id_token: true,
    };
    store.issue(&issue, after(1)).await
}

/// The use of the `nth` refresh token for the `token`th access token.
pub(super) struct Use {
    pub(super) shown: HandleDigest,
    pub(super) access: AccessToken,
    pub(super) successor: RefreshToken,
    pub(super) client: portvakt_core::client::ClientId,
}

impl Use {
    pub(super) fn of(number: u32, nth: u32, token: u32) -> Self {
        Self {
            shown: refresh_digest(number, nth),
            access: access(number, token),
            successor: refresh(number, nth + 1),
            client: client_id("a"),
        }
    }

    pub(super) fn plain(&self) -> RefreshUse<'_> {
        RefreshUse {
            token: &self.shown,
            client_id: &self.client,
            access: &self.access,
            id_token: true,
        }
    }

    pub(super) fn rotation(&self, grace: i64) -> Rotation<'_> {
        Rotation {
            used: self.plain(),
            successor: &self.successor,
            grace: Duration::from_secs(grace.unsigned_abs()),
        }
    }
}
