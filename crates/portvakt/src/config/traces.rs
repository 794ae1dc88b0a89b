//! Traces of requests.

use std::path::PathBuf;
use std::time::Duration;

use portvakt_oauth_types::transport::is_protected;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::Faults;
use crate::signing::SecretLocation;

const ENDPOINT: &str = "traces.endpoint";
/// Each takes a kilobyte at most.
const MOST_WAITING: usize = 65_536;
const LONGEST_TIMEOUT_SECONDS: u64 = 60;

/// Traces of requests, for a collector of OpenTelemetry. Without `endpoint` there are none.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    /// Where the collector takes traces by OTLP over HTTP with protobuf, whole:
    /// `http://127.0.0.1:4318/v1/traces`. Neither user nor query.
    pub(crate) endpoint: Option<String>,
    /// File with headers to send along, such as an API key, a line each: `Name: value`. Readable for
    /// the server's user alone. It needs `https`, or a collector on this machine.
    #[schema(value_type = Option<String>)]
    pub(crate) headers_file: Option<PathBuf>,
    /// Share of the requests that are traced, from 0 to 1. Where a trusted proxy
    /// (`http.trusted_proxies`) sends `traceparent`, the proxy decides.
    pub(crate) sampling_ratio: f64,
    /// `service.name` of the traces.
    pub(crate) service_name: String,
    /// `service.instance.id` of the traces, different for each node; none for a random one at each start.
    pub(crate) service_instance: Option<String>,
    /// How long the collector may take to answer, in seconds.
    pub(crate) timeout_seconds: u64,
    /// Spans that may wait to be sent, about five for each token request. What is too many is dropped.
    pub(crate) max_waiting_spans: usize,
}

impl Default for Section {
    fn default() -> Self {
        Self {
            endpoint: None,
            headers_file: None,
            sampling_ratio: 1.0,
            service_name: "portvakt".to_owned(),
            service_instance: None,
            timeout_seconds: 10,
            max_waiting_spans: 4096,
        }
    }
}

/// Where traces go, and which.
#[derive(Clone, Debug)]
pub(crate) struct TraceSettings {
    /// Takes OTLP.
    pub(crate) endpoint: Url,
    /// Where headers for it are.
    pub(crate) headers: Option<SecretLocation>,
    /// From 0 to 1.
    pub(crate) sampling_ratio: f64,
    /// `service.name`.
    pub(crate) service_name: String,
    /// `service.instance.id`; none for a random one.
    pub(crate) service_instance: Option<String>,
    /// Of one call.
    pub(crate) timeout: Duration,
    /// Most spans that wait.
    pub(crate) max_waiting_spans: usize,
}

impl Section {
    /// Where traces go; none where there are to be none, or something is wrong.
    pub(crate) fn settings(&self, faults: &mut Faults) -> Option<TraceSettings> {
        if !(0.0..=1.0).contains(&self.sampling_ratio) {
            faults.add("traces.sampling_ratio", "is from 0 to 1");
        }
        if self.service_name.is_empty() {
            faults.add("traces.service_name", "is not empty");
        }
        if !(1..=LONGEST_TIMEOUT_SECONDS).contains(&self.timeout_seconds) {
            let message = format!("is from 1 to {LONGEST_TIMEOUT_SECONDS}");
            faults.add("traces.timeout_seconds", message);
        }
        if !(1..=MOST_WAITING).contains(&self.max_waiting_spans) {
            let message = format!("is from 1 to {MOST_WAITING}");
            faults.add("traces.max_waiting_spans", message);
        }
        let Some(endpoint) = &self.endpoint else {
            if self.headers_file.is_some() {
                faults.add(ENDPOINT, "is required with headers_file");
            }
            return None;
        };
        let Some(endpoint) = endpoint_url(endpoint) else {
            let message = "write an http or https address without user, query and fragment, like \
                           http://127.0.0.1:4318/v1/traces";
            faults.add(ENDPOINT, message);
            return None;
        };
        if self.headers_file.is_some() && !is_protected(&endpoint) {
            let message = "headers are sent by https, or to this machine, alone";
            faults.add("traces.headers_file", message);
        }
        Some(TraceSettings {
            endpoint,
            headers: self.headers_file.clone().map(SecretLocation::File),
            sampling_ratio: self.sampling_ratio,
            service_name: self.service_name.clone(),
            service_instance: self.service_instance.clone(),
            timeout: Duration::from_secs(self.timeout_seconds),
            max_waiting_spans: self.max_waiting_spans,
        })
    }
}

/// What could hold a secret has no place in an address.
fn endpoint_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    (is_plain && url.has_host() && matches!(url.scheme(), "http" | "https")).then_some(url)
}
