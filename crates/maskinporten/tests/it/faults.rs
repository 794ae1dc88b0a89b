//! Storage that fails: each call of a request in turn, in both ways that it can fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::client::{ClientId, OnBehalfOf};
use portvakt_core::issuer::Issuer;
use portvakt_core::organization::OrgNumber;
use portvakt_core::party::{Consent, SystemUser};
use portvakt_core::ports::{
    ClientRecord, Consumption, DelegationLookup, GrantDigest, GrantRegistry, PartyLookup,
    ReplayLedger, ScopeFact, StorageError,
};
use portvakt_core::scope::{Prefix, ScopeToken};
use portvakt_testkit::{
    Answer, Grant, HAVBRIS, HAVBRIS_CLIENT, LYNGVIK, Options, SCOPE, TINDESYSTEM,
    TINDESYSTEM_CLIENT, TestServer, World,
};
use serde_json::json;

use crate::authorization_details::{consent, system_user};

/// How the store fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It does not answer.
    Unavailable,
    /// It holds something that cannot be read.
    Corrupt,
    /// It records the grant, and then loses the answer: nobody knows what the disk holds.
    CommitUnknown,
    /// It neither answers nor fails.
    Hangs,
}

/// A port of which one call fails, counted from zero over all ports of the server.
struct Failing<T: ?Sized> {
    inner: Arc<T>,
    fault: Fault,
    fails_at: usize,
    calls: Arc<AtomicUsize>,
}

impl<T: ?Sized> Failing<T> {
    /// Fails if it is this call's turn.
    async fn call(&self) -> Result<(), StorageError> {
        if self.calls.fetch_add(1, Ordering::SeqCst) != self.fails_at {
            return Ok(());
        }
        match self.fault {
            Fault::Unavailable | Fault::CommitUnknown => {
                Err(StorageError::Unavailable("the disk is gone".to_owned()))
            }
            Fault::Corrupt => Err(StorageError::Corrupt {
                table: "clients",
                column: "scopes",
                key: "a".to_owned(),
            }),
            Fault::Hangs => std::future::pending().await,
        }
    }
}

/// A server whose store fails at one call, on a changed world.
pub(crate) async fn failing(
    fault: Fault,
    fails_at: usize,
    change: impl FnOnce(&mut World),
) -> TestServer {
    counting(fault, fails_at, change).await.0
}

async fn counting(
    fault: Fault,
    fails_at: usize,
    change: impl FnOnce(&mut World),
) -> (TestServer, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    let mut options = Options {
        issuer: Box::new(everything),
        ..Options::default()
    };
    if fault == Fault::Hangs {
        options.limits.request_timeout = Duration::from_millis(500);
    }
    change(&mut options.world);
    options.parts = Box::new(move |parts| {
        macro_rules! fail {
            ($($port:ident),*) => {$(
                parts.$port = Arc::new(Failing {
                    inner: parts.$port.clone(), fault, fails_at, calls: counter.clone(),
                });
            )*};
        }
        fail!(registry, ledger, delegations, parties);
    });
    (TestServer::with(options).await, calls)
}

fn everything(issuer: &mut Issuer) {
    issuer.system_users = true;
    issuer.consents = true;
    issuer.enable_iss_onbehalfof = true;
}

/// Grants that together need every port.
fn grants(server: &TestServer) -> [Grant<'static>; 5] {
    let vendor = |scope| Grant::new(server, TINDESYSTEM_CLIENT, scope);
    [
        Grant::havbris(server),
        Grant::tindesystem(server, HAVBRIS),
        vendor("fjord:apen.read").claim("iss_onbehalfof", json!("kafe")),
        vendor("fjord:apen.read").claim("authorization_details", system_user(LYNGVIK)),
        Grant::new(server, HAVBRIS_CLIENT, SCOPE).claim("authorization_details", consent()),
    ]
}

fn full(world: &mut World) {
    world.delegate("fjord:havn/anlop.write", HAVBRIS, TINDESYSTEM);
    world.on_behalf_of(TINDESYSTEM_CLIENT, "kafe", LYNGVIK);
    world.system_user(TINDESYSTEM_CLIENT, LYNGVIK);
    world.consent(crate::authorization_details::PERSON, HAVBRIS);
    world.scope_mut(SCOPE).emit_consumer_prefix = true;
}

/// Posts one kind of grant to servers whose store fails at the first, second, ... call, until the
/// request has no such call any more. Says how many calls were made to fail.
async fn fail_each_call(fault: Fault, kind: usize, check: impl Fn(&Answer)) -> usize {
    for fails_at in 0.. {
        let (server, calls) = counting(fault, fails_at, full).await;
        let grant = grants(&server)[kind].sign();
        let answer = server.exchange(&grant).await;
        if calls.load(Ordering::SeqCst) <= fails_at {
            assert_eq!(answer.status, 200, "without a fault: {}", answer.text);
            return fails_at;
        }
        check(&answer);
        assert!(answer.body.get("access_token").is_none(), "{}", answer.text);
        let mut issued = 0;
        for _ in 0..3 {
            issued += usize::from(server.exchange(&grant).await.status == 200);
        }
        assert!(
            issued <= 1,
            "call {fails_at}: a grant was used {issued} times"
        );
        let fresh = server.exchange(&grants(&server)[kind].sign()).await;
        assert_eq!(fresh.status, 200, "the server recovers: {}", fresh.text);
    }
    unreachable!("the loop ends when no call is left")
}

fn is_503(answer: &Answer) {
    let phrase = "The service is temporarily unavailable";
    answer.assert_refused(503, "temporarily_unavailable", "", phrase);
    assert_eq!(answer.header("retry-after"), "1");
    assert!(!answer.text.contains("disk"), "{}", answer.text);
}

/// inferred §7: A store that does not answer, at whichever call, is 503 and never a token.
#[tokio::test]
async fn every_unavailable_call_is_503_and_never_a_token() {
    for (kind, least) in [(0, 4), (1, 5), (2, 4), (3, 5), (4, 4)] {
        let calls = fail_each_call(Fault::Unavailable, kind, is_503).await;
        assert!(calls >= least, "grant {kind} made only {calls} calls");
    }
}

/// inferred §11: A record that cannot be read, at whichever call, is 500 and never a token.
#[tokio::test]
async fn every_corrupt_record_is_500_and_never_a_token() {
    for kind in 0..5 {
        let check = |answer: &Answer| answer.assert_refused(500, "server_error", "", "Internal");
        fail_each_call(Fault::Corrupt, kind, check).await;
    }
}

/// inferred §4.4: A grant whose record may or may not have been kept is 503, and never used twice.
#[tokio::test]
async fn an_unknown_commit_is_503_and_the_grant_is_used_at_most_once() {
    for kind in 0..5 {
        fail_each_call(Fault::CommitUnknown, kind, is_503).await;
    }
}

/// inferred §7: A store that hangs is 503 within the time limit of requests, at whichever call.
#[tokio::test]
async fn a_store_that_hangs_is_503_in_bounded_time() {
    for fails_at in 0..4 {
        let server = failing(Fault::Hangs, fails_at, full).await;
        is_503(&server.exchange(&Grant::havbris(&server).sign()).await);
    }
}

/// inferred §10.1: A delegation source that cannot be asked is 503, never MP-251 and never a token.
#[tokio::test]
async fn a_delegation_source_that_is_down_is_503_and_not_mp_251() {
    for fails_at in 0..8 {
        let (server, calls) = counting(Fault::Unavailable, fails_at, |_| ()).await;
        let answer = server
            .exchange(&Grant::tindesystem(&server, HAVBRIS).sign())
            .await;
        if calls.load(Ordering::SeqCst) <= fails_at {
            answer.assert_refused(403, "forbidden", "MP-251", "has not delegated");
            return;
        }
        is_503(&answer);
    }
    panic!("a delegated grant makes at most 8 calls");
}

#[async_trait]
impl GrantRegistry for Failing<dyn GrantRegistry> {
    async fn find_client_record(
        &self,
        client_id: &ClientId,
    ) -> Result<Option<Arc<ClientRecord>>, StorageError> {
        self.call().await?;
        self.inner.find_client_record(client_id).await
    }

    async fn find_scope_facts(
        &self,
        scopes: &[ScopeToken],
        consumer: OrgNumber,
    ) -> Result<Vec<ScopeFact>, StorageError> {
        self.call().await?;
        self.inner.find_scope_facts(scopes, consumer).await
    }

    async fn find_on_behalf_of(
        &self,
        client_id: &ClientId,
        value: &str,
    ) -> Result<Option<OnBehalfOf>, StorageError> {
        self.call().await?;
        self.inner.find_on_behalf_of(client_id, value).await
    }

    async fn is_deactivated(&self, orgno: OrgNumber) -> Result<bool, StorageError> {
        self.call().await?;
        self.inner.is_deactivated(orgno).await
    }

    async fn find_prefixes_of(&self, orgno: OrgNumber) -> Result<Vec<Prefix>, StorageError> {
        self.call().await?;
        self.inner.find_prefixes_of(orgno).await
    }
}

#[async_trait]
impl ReplayLedger for Failing<dyn ReplayLedger> {
    async fn consume(
        &self,
        digest: GrantDigest,
        keep_until: Timestamp,
    ) -> Result<Consumption, StorageError> {
        if self.fault == Fault::CommitUnknown {
            let kept = self.inner.consume(digest, keep_until).await;
            self.call().await?;
            return kept;
        }
        self.call().await?;
        self.inner.consume(digest, keep_until).await
    }

    async fn is_consumed(&self, digest: GrantDigest) -> Result<bool, StorageError> {
        self.call().await?;
        self.inner.is_consumed(digest).await
    }

    async fn remove_expired(&self, now: Timestamp) -> Result<u64, StorageError> {
        self.call().await?;
        self.inner.remove_expired(now).await
    }
}

#[async_trait]
impl DelegationLookup for Failing<dyn DelegationLookup> {
    async fn find_delegated(
        &self,
        source: &str,
        consumer: OrgNumber,
        supplier: OrgNumber,
        scopes: &[ScopeToken],
        now: Timestamp,
    ) -> Result<Vec<bool>, StorageError> {
        self.call().await?;
        self.inner
            .find_delegated(source, consumer, supplier, scopes, now)
            .await
    }
}

#[async_trait]
impl PartyLookup for Failing<dyn PartyLookup> {
    async fn find_system_user(
        &self,
        client_id: &ClientId,
        owner: OrgNumber,
        external_ref: Option<&str>,
    ) -> Result<Option<SystemUser>, StorageError> {
        self.call().await?;
        self.inner
            .find_system_user(client_id, owner, external_ref)
            .await
    }

    async fn find_consent(&self, id: &str) -> Result<Option<Consent>, StorageError> {
        self.call().await?;
        self.inner.find_consent(id).await
    }
}
