//! What another provider says of itself and its keys, kept for a while (OpenID Connect Discovery 1.0).

use std::sync::Arc;
use std::time::Duration;

use portvakt_core::clock::Timestamp;
use portvakt_jose::{JwkSet, parse_json_object};
use portvakt_oauth_types::metadata::OPENID_CONFIGURATION_PATH;
use serde_json::{Map, Value};
use tokio::sync::Mutex;
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

/// The documents of one provider. One request at a time looks at them, and asks for new ones if they are due;
/// the others wait for it.
#[derive(Default)]
pub(super) struct Discovery(Mutex<Known>);

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
        http: &dyn OutgoingHttp,
        now: Timestamp,
    ) -> Result<Arc<Discovered>, String> {
        let mut known = self.0.lock().await;
        let age = |documents: &Arc<Discovered>, limit| now < documents.read_at.plus(limit);
        match &known.documents {
            Some(documents) if age(documents, FRESH) => return Ok(Arc::clone(documents)),
            Some(_) | None => {}
        }
        if let Err(cause) = known.refresh(issuer, http, now).await {
            let old = known.documents.as_ref();
            return match old.filter(|documents| age(documents, USABLE)) {
                Some(documents) => Ok(Arc::clone(documents)),
                None => Err(cause),
            };
        }
        let documents = known.documents.as_ref();
        documents
            .map(Arc::clone)
            .ok_or_else(|| "nothing was read".to_owned())
    }

    /// The documents after a token was signed with a key that is not among those of `former`.
    pub(super) async fn newer(
        &self,
        former: &Arc<Discovered>,
        issuer: &str,
        http: &dyn OutgoingHttp,
        now: Timestamp,
    ) -> Result<Arc<Discovered>, String> {
        let mut known = self.0.lock().await;
        let is_former = |documents: &Arc<Discovered>| Arc::ptr_eq(documents, former);
        if known.documents.as_ref().is_none_or(is_former) {
            known.refresh(issuer, http, now).await?;
        }
        let documents = known.documents.as_ref();
        documents
            .map(Arc::clone)
            .ok_or_else(|| "nothing was read".to_owned())
    }
}

impl Known {
    /// Asks for the documents, unless that was done a moment ago.
    async fn refresh(
        &mut self,
        issuer: &str,
        http: &dyn OutgoingHttp,
        now: Timestamp,
    ) -> Result<(), String> {
        if self.tried_at.is_some_and(|at| now < at.plus(PAUSE)) {
            return Err("its documents were asked for a moment ago".to_owned());
        }
        let discovered = discover(issuer, http, now).await;
        // After the answer, so that a browser that goes away meanwhile bars nobody else.
        self.tried_at = Some(now);
        self.documents = Some(Arc::new(discovered?));
        Ok(())
    }
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
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use futures_util::FutureExt;
    use serde_json::json;

    use super::*;
    use crate::eid::upstream::http::{HttpAnswer, HttpFault};

    const ISSUER: &str = "https://idp.example";

    /// A provider that leaves its first requests unanswered, fails the next ones, and answers all others.
    #[derive(Default)]
    struct Provider {
        unanswered: usize,
        failing: usize,
        asked: AtomicUsize,
    }

    #[async_trait]
    impl OutgoingHttp for Provider {
        async fn get(&self, url: &str) -> Result<HttpAnswer, HttpFault> {
            let asked = self.asked.fetch_add(1, Ordering::Relaxed);
            if asked < self.unanswered {
                std::future::pending::<()>().await;
            }
            if asked < self.unanswered + self.failing {
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

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    /// What the documents are now; `None` while there is no answer yet, which is given up.
    fn documents(
        discovery: &Discovery,
        provider: &Provider,
        now: Timestamp,
    ) -> Option<Result<Arc<Discovered>, String>> {
        discovery.documents(ISSUER, provider, now).now_or_never()
    }

    #[test]
    fn who_goes_away_before_the_answer_bars_nobody() {
        let (discovery, provider) = (
            Discovery::default(),
            Provider {
                unanswered: 1,
                ..Provider::default()
            },
        );
        assert!(documents(&discovery, &provider, at(0)).is_none());
        assert!(documents(&discovery, &provider, at(0)).unwrap().is_ok());
    }

    #[test]
    fn after_a_failure_a_provider_is_left_alone_for_a_while() {
        let (discovery, provider) = (
            Discovery::default(),
            Provider {
                failing: 1,
                ..Provider::default()
            },
        );
        for now in [0, 29] {
            assert!(documents(&discovery, &provider, at(now)).unwrap().is_err());
        }
        assert_eq!(provider.asked.load(Ordering::Relaxed), 1);
        assert!(documents(&discovery, &provider, at(30)).unwrap().is_ok());
    }

    #[test]
    fn documents_count_for_an_hour_and_for_a_day_if_there_are_no_others() {
        let mut provider = Provider::default();
        let discovery = Discovery::default();
        let hours = |hours: i64| at(hours * 3600);
        let first = documents(&discovery, &provider, hours(0)).unwrap().unwrap();
        for now in [hours(0), hours(1).minus(Duration::from_millis(1))] {
            let known = documents(&discovery, &provider, now).unwrap().unwrap();
            assert!(Arc::ptr_eq(&first, &known));
        }
        assert_eq!(
            provider.asked.load(Ordering::Relaxed),
            2,
            "each document once"
        );
        provider.failing = usize::MAX;
        let known = documents(&discovery, &provider, hours(1)).unwrap().unwrap();
        assert!(Arc::ptr_eq(&first, &known));
        assert!(
            documents(&discovery, &provider, hours(24))
                .unwrap()
                .is_err()
        );
        provider.failing = 0;
        let new = documents(&discovery, &provider, hours(25))
            .unwrap()
            .unwrap();
        assert!(!Arc::ptr_eq(&first, &new));
    }
}
