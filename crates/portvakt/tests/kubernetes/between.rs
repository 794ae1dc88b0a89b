//! Stands between an operator and a server: counts what is asked, and answers some of it as the real server cannot
//! be made to.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, RETRY_AFTER, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use kube::{Client, Config};
use portvakt_http::{Limits, Listener, Shutdown, serve};
use portvakt_testkit::ApiServer;
use tokio::time::sleep;

const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// What is answered instead of what the server would say.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// A refusal, as the API server writes one.
    Refuse(u16),
    /// The same, which says in how many seconds to come back.
    RefuseFor(u16, u64),
    /// This text, and the end.
    Say(String),
    /// This text, and then nothing more.
    SayAndStay(String),
    /// This text again and again, without an end.
    SayForEver(String),
    /// Nothing.
    Silence,
    /// What the server says, so much later.
    Late(Duration),
}

struct Line {
    method: &'static str,
    /// In the path or the query: all of these words.
    parts: String,
    times: usize,
    act: Act,
}

/// A proxy on loopback. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Between(Arc<Shared>);

struct Shared {
    target: String,
    authorization: Option<HeaderValue>,
    address: SocketAddr,
    http: reqwest::Client,
    asked: Mutex<Vec<String>>,
    script: Mutex<VecDeque<Line>>,
}

impl Between {
    /// Before a service, until the test's runtime ends.
    pub(crate) async fn before(base_url: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self::start(base_url, None, http).await
    }

    /// Before an API server, for whoever may do everything.
    pub(crate) async fn before_cluster(cluster: &ApiServer) -> Self {
        let trusted = reqwest::Certificate::from_pem_bundle(cluster.certificates().as_bytes());
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only(trusted.unwrap());
        let authorization = format!("Bearer {}", ApiServer::ADMIN).parse().unwrap();
        Self::start(&cluster.url(), Some(authorization), http.build().unwrap()).await
    }

    async fn start(url: &str, authorization: Option<HeaderValue>, http: reqwest::Client) -> Self {
        let listener = Listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
        let listener = listener.unwrap();
        let mut target = reqwest::Url::parse(url).unwrap();
        target.set_path("");
        let between = Self(Arc::new(Shared {
            target: target.as_str().trim_end_matches('/').to_owned(),
            authorization,
            address: listener.local_addr(),
            http,
            asked: Mutex::default(),
            script: Mutex::default(),
        }));
        let app = Router::new().fallback(answer).with_state(between.clone());
        let limits = Limits {
            max_body_bytes: MAX_BODY_BYTES,
            request_timeout: Duration::from_hours(1),
            ..Limits::default()
        };
        tokio::spawn(serve(listener, app, limits, Shutdown::new()));
        between
    }

    /// Where to ask for something that the server has at this path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.0.address)
    }

    /// A client of the API server behind it, which waits no longer than this for anything.
    pub(crate) fn client(&self, patience: Duration) -> Client {
        let mut config = Config::new(self.url("").parse().unwrap());
        config.read_timeout = Some(patience);
        portvakt_operator::shell::client(config).unwrap()
    }

    /// Answers the next so many requests with this method, and these words in their path or query, in another way.
    pub(crate) fn script(&self, times: usize, method: &'static str, parts: &str, act: Act) {
        let parts = parts.to_owned();
        self.0.script.lock().unwrap().push_back(Line {
            method,
            parts,
            times,
            act,
        });
    }

    /// Answers everything as the server does, from now on.
    pub(crate) fn forget(&self) {
        self.0.script.lock().unwrap().clear();
    }

    /// Whether everything that was scripted was asked for.
    pub(crate) fn is_told(&self) -> bool {
        self.0.script.lock().unwrap().is_empty()
    }

    /// How many requests there were.
    pub(crate) fn count(&self) -> usize {
        self.0.asked.lock().unwrap().len()
    }

    /// Requests from this one on, each as method, path and query.
    pub(crate) fn since(&self, first: usize) -> Vec<String> {
        self.0.asked.lock().unwrap()[first..].to_vec()
    }

    /// How many requests there were with this method, and these words in their path or query.
    pub(crate) fn asked(&self, method: &str, parts: &str) -> usize {
        let asked = self.0.asked.lock().unwrap();
        let is_such = |asked: &&String| asked.starts_with(method) && has_all(asked, parts);
        asked.iter().filter(is_such).count()
    }

    fn act(&self, method: &str, place: &str) -> Option<Act> {
        let mut script = self.0.script.lock().unwrap();
        let is_meant = |line: &Line| line.method == method && has_all(place, &line.parts);
        let number = script.iter().position(is_meant)?;
        let line = &mut script[number];
        let act = line.act.clone();
        line.times -= 1;
        if line.times == 0 {
            script.remove(number);
        }
        Some(act)
    }

    async fn forward(&self, request: Request) -> Response {
        let (head, body) = request.into_parts();
        let body = to_bytes(body, MAX_BODY_BYTES).await.unwrap();
        let place = head.uri.path_and_query().unwrap();
        let mut headers = head.headers;
        headers.remove(HOST);
        if let Some(authorization) = &self.0.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        let url = format!("{}{place}", self.0.target);
        let request = self.0.http.request(head.method, url);
        let Ok(answer) = request.headers(headers).body(body).send().await else {
            return StatusCode::BAD_GATEWAY.into_response();
        };
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        headers.remove(TRANSFER_ENCODING);
        let chunks = stream::unfold(answer, async |mut answer| {
            let chunk = answer.chunk().await.ok()??;
            Some((Ok::<_, Infallible>(chunk), answer))
        });
        let mut response = (status, Body::from_stream(chunks)).into_response();
        *response.headers_mut() = headers;
        response
    }
}

fn has_all(place: &str, parts: &str) -> bool {
    parts.split(' ').all(|part| place.contains(part))
}

async fn answer(State(between): State<Between>, request: Request) -> Response {
    let place = request.uri().path_and_query().unwrap().to_string();
    let method = request.method().to_string();
    let asked = format!("{method} {place}");
    between.0.asked.lock().unwrap().push(asked);
    match between.act(&method, &place) {
        None => between.forward(request).await,
        Some(Act::Late(pause)) => {
            sleep(pause).await;
            between.forward(request).await
        }
        Some(Act::Refuse(status)) => refusal(status).into_response(),
        Some(Act::RefuseFor(status, seconds)) => {
            let mut response = refusal(status).into_response();
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
            response
        }
        Some(Act::Say(text)) => said(Body::from(text)),
        Some(Act::SayAndStay(text)) => {
            let said_once = stream::iter([Ok::<_, Infallible>(Bytes::from(text))]);
            said(Body::from_stream(futures_util::StreamExt::chain(
                said_once,
                stream::pending(),
            )))
        }
        Some(Act::SayForEver(text)) => {
            let text = Bytes::from(text);
            let again = stream::unfold(text, async |text| {
                sleep(Duration::from_millis(10)).await;
                Some((Ok::<_, Infallible>(text.clone()), text))
            });
            said(Body::from_stream(again))
        }
        Some(Act::Silence) => std::future::pending().await,
    }
}

fn refusal(status: u16) -> (StatusCode, HeaderMap, String) {
    let body = serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status,
        "message": "as it is scripted", "reason": "Scripted",
    });
    let json = HeaderValue::from_static("application/json");
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
    (
        StatusCode::from_u16(status).unwrap(),
        headers,
        body.to_string(),
    )
}

fn said(body: Body) -> Response {
    let mut response = body.into_response();
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
