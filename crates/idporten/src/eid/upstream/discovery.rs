//! What another provider says of itself and its keys, kept for a while (OpenID Connect Discovery 1.0).

use std::sync::Arc;
use std::time::Duration;

use portvakt_core::clock::Timestamp;
use portvakt_jose::{JwkSet, parse_json_object};
use portvakt_oauth_types::metadata::OPENID_CONFIGURATION_PATH;
use serde_json::{Map, Value};
use tokio::sync::{Mutex, OwnedMutexGuard};
use url::Url;

use super::http::OutgoingHttp;
use super::settings::is_protected;

/// How long documents count.
const FRESH: Duration = Duration::from_hours(1);
/// How long they count if new ones cannot be had.
const USABLE: Duration = Duration::from_hours(24);
/// How soon they are asked for again: after a failure, or for a key that is not among those that are known.
const PAUSE: Duration = Duration::from_secs(30);

/// What is known of another provider.
pub(super) struct Discovered {
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: String,
    /// It says who answers, so that an answer that does not is somebody else's (RFC 9207).
    pub(super) names_itself: bool,
    pub(super) keys: JwkSet,
    read_at: Timestamp,
}

/// The documents of one provider. One request at a time looks at them, and has new ones asked for if they are
/// due; the others wait for it.
#[derive(Default)]
pub(super) struct Discovery(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    documents: Option<Arc<Discovered>>,
    tried_at: Option<Timestamp>,
}

impl Discovery {
    /// The documents, new if those that are known are old.
    pub(super) async fn documents(
        &self,
        issuer: &str,
        http: &Arc<dyn OutgoingHttp>,
        now: Timestamp,
    ) -> Result<Arc<Discovered>, String> {
        let known = Arc::clone(&self.0).lock_owned().await;
        let former = known.documents.clone();
        let within = |limit| {
            let documents = former.as_ref();
            documents.filter(|documents| now < documents.read_at.plus(limit))
        };
        if let Some(documents) = within(FRESH) {
            return Ok(Arc::clone(documents));
        }
        let refreshed = refresh(known, issuer, http, now).await;
        refreshed.or_else(|cause| within(USABLE).map(Arc::clone).ok_or(cause))
    }

    /// The documents after a token was signed with a key that is not among those of `former`.
    pub(super) async fn newer(
        &self,
        former: &Arc<Discovered>,
        issuer: &str,
        http: &Arc<dyn OutgoingHttp>,
        now: Timestamp,
    ) -> Result<Arc<Discovered>, String> {
        let known = Arc::clone(&self.0).lock_owned().await;
        match &known.documents {
            Some(documents) if !Arc::ptr_eq(documents, former) => Ok(Arc::clone(documents)),
            Some(_) | None => refresh(known, issuer, http, now).await,
        }
    }
}

/// Asks for the documents, unless that was done a moment ago. It is done to the end also if whoever needs
/// them goes away: so nobody makes it ask all the time, nor bars others from the answer.
async fn refresh(
    mut known: OwnedMutexGuard<Known>,
    issuer: &str,
    http: &Arc<dyn OutgoingHttp>,
    now: Timestamp,
) -> Result<Arc<Discovered>, String> {
    if known.tried_at.is_some_and(|at| now < at.plus(PAUSE)) {
        return Err("its documents were asked for a moment ago".to_owned());
    }
    known.tried_at = Some(now);
    let (issuer, http) = (issuer.to_owned(), Arc::clone(http));
    let asking = tokio::spawn(async move {
        let documents = Arc::new(discover(&issuer, http.as_ref(), now).await?);
        known.documents = Some(Arc::clone(&documents));
        Ok(documents)
    });
    let ended = asking.await;
    ended.unwrap_or_else(|_| Err("asking for its documents came to no end".to_owned()))
}

async fn discover(
    issuer: &str,
    http: &dyn OutgoingHttp,
    now: Timestamp,
) -> Result<Discovered, String> {
    let url = format!(
        "{}{OPENID_CONFIGURATION_PATH}",
        issuer.trim_end_matches('/')
    );
    let metadata = document(&url, http).await?;
    let text = |name: &str| metadata.get(name).and_then(Value::as_str);
    if text("issuer") != Some(issuer) {
        return Err("its metadata names another issuer".to_owned());
    }
    let endpoint = |name: &str| {
        let url = text(name).and_then(|url| Url::parse(url).ok());
        url.filter(is_protected)
            .ok_or_else(|| format!("its metadata has no usable {name}"))
    };
    let keys = document(endpoint("jwks_uri")?.as_str(), http).await?;
    let keys = JwkSet::parse_lenient(&Value::Object(keys));
    Ok(Discovered {
        authorization_endpoint: endpoint("authorization_endpoint")?,
        token_endpoint: endpoint("token_endpoint")?.into(),
        names_itself: metadata.get("authorization_response_iss_parameter_supported")
            == Some(&Value::Bool(true)),
        keys: keys.map_err(|_| "its keys cannot be read".to_owned())?,
        read_at: now,
    })
}

async fn document(url: &str, http: &dyn OutgoingHttp) -> Result<Map<String, Value>, String> {
    let answer = http.get(url).await.map_err(|fault| fault.to_string())?;
    if !answer.is_success() {
        return Err(format!("{url} answered {}", answer.status));
    }
    parse_json_object(&answer.body).map_err(|_| format!("{url} is no JSON object"))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use async_trait::async_trait;
    use futures_util::FutureExt;
    use serde_json::json;
    use tokio::sync::Semaphore;

    use super::*;
    use crate::eid::upstream::http::{HttpAnswer, HttpFault};

    const ISSUER: &str = "https://idp.example";

    /// A provider that answers while it is open, and fails when it is told to.
    struct Provider {
        open: Semaphore,
        fails: AtomicBool,
        asked: AtomicUsize,
    }

    #[async_trait]
    impl OutgoingHttp for Provider {
        async fn get(&self, url: &str) -> Result<HttpAnswer, HttpFault> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let _open = self.open.acquire().await;
            if self.fails.load(Ordering::Relaxed) {
                return Err(HttpFault("no answer".to_owned()));
            }
            let body = if url.ends_with("/jwk") {
                json!({ "keys": [] })
            } else {
                json!({
                    "issuer": ISSUER,
                    "jwks_uri": "https://idp.example/jwk",
                    "authorization_endpoint": "https://idp.example/authorize",
                    "token_endpoint": "https://idp.example/token",
                })
            };
            let body = body.to_string().into_bytes();
            Ok(HttpAnswer { status: 200, body })
        }

        async fn post_form(
            &self,
            _: &str,
            _: String,
            _: Option<String>,
        ) -> Result<HttpAnswer, HttpFault> {
            unreachable!("documents are read")
        }
    }

    /// A provider and what is known of it.
    struct Upstream {
        provider: Arc<Provider>,
        discovery: Discovery,
    }

    impl Upstream {
        fn new() -> Self {
            let provider = Provider {
                open: Semaphore::new(1),
                fails: AtomicBool::new(false),
                asked: AtomicUsize::new(0),
            };
            Self {
                provider: Arc::new(provider),
                discovery: Discovery::default(),
            }
        }

        async fn documents(&self, after: Duration) -> Result<Arc<Discovered>, String> {
            let http: Arc<dyn OutgoingHttp> = self.provider.clone();
            let now = Timestamp::from_seconds(0).plus(after);
            self.discovery.documents(ISSUER, &http, now).await
        }

        fn fail(&self, fails: bool) {
            self.provider.fails.store(fails, Ordering::Relaxed);
        }

        fn asked(&self) -> usize {
            self.provider.asked.load(Ordering::Relaxed)
        }
    }

    #[tokio::test]
    async fn who_goes_away_before_the_answer_bars_nobody_and_makes_nobody_ask_again() {
        let upstream = Upstream::new();
        upstream.provider.open.forget_permits(1);
        for _ in 0..3 {
            let given_up = upstream.documents(Duration::ZERO).now_or_never();
            assert!(given_up.is_none(), "there is no answer yet");
            tokio::task::yield_now().await;
        }
        upstream.provider.open.add_permits(1);
        assert!(upstream.documents(Duration::ZERO).await.is_ok());
        assert_eq!(upstream.asked(), 2, "each document once");
    }

    #[tokio::test]
    async fn after_a_failure_a_provider_is_left_alone_for_a_while() {
        let upstream = Upstream::new();
        upstream.fail(true);
        assert!(upstream.documents(Duration::ZERO).await.is_err());
        upstream.fail(false);
        let soon = PAUSE.saturating_sub(Duration::from_millis(1));
        assert!(upstream.documents(soon).await.is_err());
        assert_eq!(upstream.asked(), 1);
        assert!(upstream.documents(PAUSE).await.is_ok());
    }

    #[tokio::test]
    async fn documents_count_for_an_hour_and_for_a_day_if_there_are_no_others() {
        let upstream = Upstream::new();
        let hours = Duration::from_hours;
        let first = upstream.documents(Duration::ZERO).await.unwrap();
        for now in [
            Duration::ZERO,
            hours(1).saturating_sub(Duration::from_millis(1)),
        ] {
            let known = upstream.documents(now).await.unwrap();
            assert!(Arc::ptr_eq(&first, &known));
        }
        assert_eq!(upstream.asked(), 2, "each document once");
        upstream.fail(true);
        let known = upstream.documents(hours(1)).await.unwrap();
        assert!(Arc::ptr_eq(&first, &known));
        assert!(upstream.documents(hours(24)).await.is_err());
        upstream.fail(false);
        let new = upstream.documents(hours(25)).await.unwrap();
        assert!(!Arc::ptr_eq(&first, &new));
    }
}
