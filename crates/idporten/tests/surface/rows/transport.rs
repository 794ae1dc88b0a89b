//! Rows that a request receives before, or in place of, its handler.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use portvakt_core::login::Room;
use portvakt_core::login::port::Begun;
use portvakt_core::login::refusal::LoginRefusalCode::{self, *};
use portvakt_http::{AddressLimit, Limits, Rate, RateLimits, TrustedProxies};
use portvakt_idporten::eid::{Context, Description, EidProvider, Kept, Turn};
use portvakt_idporten::pages::{EidOption, Language, Level, LocalPath};
use portvakt_oauth_types::Parameters;
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{check, received};
use crate::harness::{Answer, Bounds, Browser, LoginServer, SPA, WEB, request, world};

pub(super) const ROWS: &[LoginRefusalCode] = &[
    NotFound,
    MethodNotAllowed,
    UnsupportedMediaType,
    BodyTooLarge,
    RequestTimeout,
    TooManyRequests,
    TooManyUnderWay,
    Unavailable,
    Internal,
];

async fn bounded(change: impl FnOnce(&mut Bounds)) -> LoginServer {
    let mut bounds = Bounds::default();
    change(&mut bounds);
    LoginServer::bounded(bounds).await
}

async fn token(server: &LoginServer, method: Method, body: String, content_type: &str) -> Answer {
    let request = server
        .http
        .request(method, format!("{}/token", server.base));
    let request = request.header("content-type", content_type).body(body);
    Answer::read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn what_is_no_request_of_ours_receives_its_row() {
    let server = LoginServer::start().await;
    let form = "application/x-www-form-urlencoded";
    let nothing = Browser::new(&server).get("/finnes/ikke").await;
    check(NotFound, &nothing);
    for path in ["/token", "/par", "/token/introspect", "/token/revoke"] {
        let asked = server.http.put(format!("{}{path}", server.base));
        let answer = Answer::read(asked.send().await.unwrap()).await;
        received(&server, MethodNotAllowed, &answer).await;
        assert_eq!(answer.header("allow"), "POST", "{path}");
    }
    let json = token(&server, Method::POST, "{}".to_owned(), "application/json").await;
    received(&server, UnsupportedMediaType, &json).await;
    let large = token(&server, Method::POST, "a".repeat(64 * 1024 + 1), form).await;
    check(BodyTooLarge, &large);
    let fits = token(&server, Method::POST, "a".repeat(64 * 1024), form).await;
    assert_eq!(fits.status, 400, "{fits:?}");
}

/// Spec: idporten §19.2: a method that a page does not know is told which ones it does.
#[tokio::test]
async fn pages_name_the_methods_that_they_know() {
    let server = LoginServer::start().await;
    for path in [
        "/authorize",
        "/login",
        "/consent",
        "/logout",
        "/login/testid",
    ] {
        let asked = server.http.put(format!("{}{path}", server.base));
        let answer = Answer::read(asked.send().await.unwrap()).await;
        assert_eq!(answer.status, 405, "{path}: {answer:?}");
        let allow = answer.header("allow");
        assert!(
            allow.contains("GET") && allow.contains("POST"),
            "{path}: {allow}"
        );
    }
}

#[tokio::test]
async fn who_sends_too_slowly_or_too_often_receives_a_row() {
    let limits = Limits {
        request_timeout: Duration::from_millis(200),
        ..Limits::default()
    };
    let server = bounded(|bounds| bounds.limits = limits).await;
    let address = server.base.trim_start_matches("http://");
    let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /token HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: 100\r\n\r\ngrant_type="
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains(RequestTimeout.row().text), "{answer}");
    assert!(answer.contains("\"invalid_request\""), "{answer}");

    let once = Rate {
        requests_per_minute: 1,
        burst: 1,
    };
    let addresses = AddressLimit::new(once, Arc::new(TrustedProxies::default()));
    let rates = RateLimits {
        addresses: Some(Arc::new(addresses)),
        shares: None,
    };
    let server = bounded(|bounds| bounds.rates = rates).await;
    let mut browser = Browser::new(&server);
    assert_eq!(browser.get("/jwks.json").await.status, 200);
    check(TooManyRequests, &browser.get("/jwks.json").await);
}

#[tokio::test]
async fn a_server_with_too_much_to_do_says_so() {
    let limits = Limits {
        max_requests: 0,
        ..Limits::default()
    };
    let server = bounded(|bounds| bounds.limits = limits).await;
    check(Unavailable, &Browser::new(&server).get("/userinfo").await);
    // Nothing more may be begun, by anybody.
    let nothing = Begun {
        pushed_requests: 0,
        logins: 0,
        parked_logouts: 0,
    };
    let server = bounded(|bounds| bounds.room = Arc::new(Room::new(nothing))).await;
    let mut browser = Browser::new(&server);
    received(
        &server,
        TooManyUnderWay,
        &browser.authorize(&request(WEB)).await,
    )
    .await;
    let parameters = request(SPA);
    let form: Vec<_> = parameters.iter().map(|(n, v)| (*n, v.as_str())).collect();
    received(&server, TooManyUnderWay, &server.post("/par", &form).await).await;
}

/// Threat: in the name of a client without a secret, strangers push until nobody else can.
#[tokio::test]
async fn strangers_that_push_do_not_shut_out_clients_that_prove_themselves() {
    let few = Begun {
        pushed_requests: 4,
        ..Room::MOST
    };
    let server = bounded(|bounds| bounds.room = Arc::new(Room::new(few))).await;
    let parameters = request(SPA);
    let spa: Vec<_> = parameters.iter().map(|(n, v)| (*n, v.as_str())).collect();
    for _ in 0..3 {
        assert_eq!(server.post("/par", &spa).await.status, 201);
    }
    check(TooManyUnderWay, &server.post("/par", &spa).await);
    let parameters = request(WEB);
    let web: Vec<_> = parameters.iter().map(|(n, v)| (*n, v.as_str())).collect();
    assert_eq!(server.post_as(WEB, "/par", &web).await.status, 201);
}

/// Fails as no provider should.
struct Broken;

#[async_trait]
impl EidProvider for Broken {
    fn describe(&self) -> Description {
        Description {
            id: "odelagt".to_owned(),
            levels: vec![portvakt_core::login::Acr::IdportenHigh],
            test_only: false,
        }
    }

    fn option(&self, language: Language, level: Level, begins_at: LocalPath) -> EidOption {
        EidOption::testid(language, level, begins_at)
    }

    async fn begin(&self, _: Context<'_>, _: &mut Kept) -> Turn {
        panic!("a way to log in is at fault")
    }

    async fn resume(&self, _: Context<'_>, _: &mut Kept, _: &Parameters<'_>) -> Turn {
        Turn::Cancelled
    }
}

#[tokio::test]
async fn a_server_that_is_at_fault_says_so_and_goes_on() {
    let broken = |_: &_, _: &str| vec![Arc::new(Broken) as Arc<dyn EidProvider>];
    let server = LoginServer::with_eids(world(), |_| (), broken).await;
    let mut browser = Browser::new(&server);
    let selector = browser.authorize(&request(WEB)).await;
    let login = selector.header("location").to_owned();
    let begins = login.replace("/login?", "/login/odelagt?");
    check(Internal, &browser.get(&begins).await);
    assert_eq!(browser.get(&login).await.status, 200, "others go on");
}
