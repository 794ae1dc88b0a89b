//! A collector of traces, as far as a server sees it: it takes OTLP over HTTP and keeps what it took.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use portvakt_http::{Limits, Listener, Shutdown, serve};
use prost::Message;

use self::otlp::{AnyValue, ExportRequest, KeyValue, Span, Value};

#[expect(dead_code, reason = "the server writes what is only read here")]
#[path = "../../../src/traces/otlp.rs"]
pub(crate) mod otlp;

/// How the collector answers; none for never.
pub(crate) type Answer = Option<(u16, &'static [u8])>;

/// What it answers when it took everything.
pub(crate) const TAKEN: Answer = Some((200, b""));

/// A collector on a free port.
#[derive(Clone)]
pub(crate) struct Collector {
    url: String,
    answer: Answer,
    taken: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
}

impl Collector {
    pub(crate) async fn start(answer: Answer) -> Self {
        let listener = Listener::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let collector = Self {
            url: format!("http://{}/v1/traces", listener.local_addr()),
            answer,
            taken: Arc::default(),
        };
        let router = Router::new().route("/v1/traces", post(Self::take));
        let router = router.with_state(collector.clone());
        tokio::spawn(serve(listener, router, Limits::default(), Shutdown::new()));
        collector
    }

    /// An address where nobody is.
    pub(crate) async fn nowhere() -> String {
        let listener = Listener::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        format!("http://{}/v1/traces", listener.local_addr())
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    async fn take(
        State(collector): State<Self>,
        headers: HeaderMap,
        body: Bytes,
    ) -> (StatusCode, &'static [u8]) {
        collector.taken.lock().unwrap().push((headers, body));
        match collector.answer {
            Some((status, body)) => (StatusCode::from_u16(status).unwrap(), body),
            None => std::future::pending().await,
        }
    }

    /// The messages as they came.
    pub(crate) fn messages(&self) -> Vec<(HeaderMap, Bytes)> {
        self.taken.lock().unwrap().clone()
    }

    /// What the server said of itself.
    pub(crate) fn resource(&self) -> BTreeMap<String, String> {
        let (_, message) = self.messages().swap_remove(0);
        let mut request = ExportRequest::decode(message).unwrap();
        let resource = request.resource_spans.swap_remove(0).resource.unwrap();
        texts(&resource.attributes)
    }

    /// Every span that came.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let messages = self.messages().into_iter();
        let requests = messages.map(|(_, body)| ExportRequest::decode(body).unwrap());
        let resources = requests.flat_map(|request| request.resource_spans);
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }

    /// The spans of requests with this name.
    pub(crate) fn requests(&self, name: &str) -> Vec<Span> {
        let mut spans = self.spans();
        spans.retain(|span| span.name == name && span.kind == 2);
        spans
    }

    /// The one span of a request with this name.
    pub(crate) fn request(&self, name: &str) -> Span {
        let mut spans = self.requests(name);
        assert_eq!(spans.len(), 1, "{name} in {:?}", self.spans());
        spans.swap_remove(0)
    }

    /// The spans within one, by name.
    pub(crate) fn within(&self, parent: &Span) -> BTreeMap<String, Span> {
        let mut spans = self.spans();
        spans.retain(|span| span.parent_span_id == parent.span_id);
        spans
            .into_iter()
            .map(|span| (span.name.clone(), span))
            .collect()
    }

    /// Waits for so many messages.
    pub(crate) async fn until_asked(&self, times: usize) {
        let asked = async {
            while self.messages().len() < times {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), asked)
            .await
            .unwrap();
    }
}

/// Attributes as texts.
pub(crate) fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |value: &Option<AnyValue>| match value.as_ref().and_then(|any| any.value.clone()) {
        Some(Value::Text(text)) => text,
        Some(Value::Number(number)) => number.to_string(),
        None => String::new(),
    };
    let texts = attributes
        .iter()
        .map(|pair| (pair.key.clone(), text(&pair.value)));
    texts.collect()
}
