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
        self.tried_at = Some(now);
        self.documents = Some(Arc::new(discover(issuer, http, now).await?));
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
