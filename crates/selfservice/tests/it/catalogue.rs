//! A catalogue that is too long for one piece (spec: selfservice §6.5).

use std::net::SocketAddr;

use portvakt_core::Timestamp;
use portvakt_core::ports::{Listing, Store};
use portvakt_core::scope::{Scope, Visibility};
use portvakt_testkit::{FJORDETATEN, NOW};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Api, Checked, send};

/// More than the operating system keeps for a client that does not read.
const MANY: usize = 2000;

const PATH: &str = "/api/v1/scopes/all";

/// How many connections the store reads on.
const READERS: usize = 8;

/// Every third scope is nobody else's business.
async fn with_scopes(count: usize, text: &str) -> Api {
    let api = Api::start().await;
    let (owner, now) = (FJORDETATEN.parse().unwrap(), Timestamp::from_seconds(NOW));
    api.operate(async |unit| {
        for number in 0..count {
            let name = format!("fjord:n{number:05}").parse().unwrap();
            let mut scope = Scope::new(name, owner, "Mange", now);
            scope.long_description = Some(text.to_owned());
            if number % 3 == 0 {
                scope.visibility = Visibility::Private;
            }
            unit.save_scope(&scope).await.unwrap();
        }
    })
    .await;
    api
}

async fn public_names(api: &Api) -> Vec<String> {
    let mut unit = api.store.read().await.unwrap();
    let scopes = unit.list_scopes(None, Listing::Active).await.unwrap();
    let public = scopes
        .iter()
        .filter(|scope| scope.visibility == Visibility::Public);
    public.map(|scope| scope.name.to_string()).collect()
}

fn names(list: &Value) -> Vec<&str> {
    let scopes = list.as_array().unwrap().iter();
    scopes
        .map(|scope| scope["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn it_comes_in_pieces_and_is_whole_and_in_order() {
    let api = with_scopes(1001, "").await;
    let answer = send(api.request("GET", PATH)).await.ok();
    assert_eq!(answer.header("transfer-encoding"), "chunked");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "public, max-age=60");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(names(&answer.body), public_names(&api).await);
    let narrow = format!("{PATH}?scope=fjord:n01000");
    let narrow = send(api.request("GET", &narrow)).await.ok();
    assert_eq!(names(&narrow.body), ["fjord:n01000"]);
    let nothing = format!("{PATH}?prefix=none");
    assert_eq!(send(api.request("GET", &nothing)).await.ok().text, "[]");
    let head = send(api.request("HEAD", PATH)).await.ok();
    assert_eq!(
        (head.text.as_str(), head.header("etag")),
        ("", answer.header("etag"))
    );
}

#[tokio::test]
async fn its_tag_tells_the_question_and_the_state_of_the_registry() {
    let api = with_scopes(500, "").await;
    let narrow = format!("{PATH}?prefix=fjord");
    let tag = async |path: &str| {
        let answer = send(api.request("GET", path)).await.ok();
        answer.header("etag").to_owned()
    };
    let whole = tag(PATH).await;
    assert_eq!(tag(PATH).await, whole);
    assert_ne!(tag(&narrow).await, whole);
    assert_ne!(tag(&format!("{PATH}?inactive=true")).await, whole);
    let known = api.request("GET", PATH).header("if-none-match", &whole);
    let known = send(known).await;
    assert_eq!((known.status, known.text.as_str()), (304, ""));
    assert_eq!(known.header("etag"), whole);
    assert!(known.header("portvakt-revision").parse::<u64>().is_ok());
    api.provider()
        .delete("/scopes?scope=fjord:n00001")
        .await
        .ok();
    let stale = api.request("GET", PATH).header("if-none-match", &whole);
    let fresh = send(stale).await.ok();
    assert_ne!(fresh.header("etag"), whole);
    assert!(!names(&fresh.body).contains(&"fjord:n00001"));
}

/// A client that asks and reads when it is told to.
struct Slow(TcpStream);

impl Slow {
    async fn ask(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {PATH} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut beginning = [0; 15];
        stream.read_exact(&mut beginning).await.unwrap();
        assert_eq!(&beginning, b"HTTP/1.1 200 OK");
        Self(stream)
    }

    /// The body, if it came to its end.
    async fn read(mut self) -> Option<Vec<u8>> {
        let mut answer = Vec::new();
        // A connection that is broken off may be reset.
        let _ = self.0.read_to_end(&mut answer).await;
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
        unchunked(&answer[end.unwrap() + 4..])
    }
}

/// RFC 9112 §7.1; none without the last chunk.
fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..line]).ok()?;
        let size = usize::from_str_radix(size, 16).ok()?;
        rest = &rest[line + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

/// Takes every connection of the store at once, which nobody else then has.
async fn take_every_reader(api: &Api) {
    let mut units = Vec::new();
    for _ in 0..READERS {
        units.push(api.store.read().await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_reading_holds_nothing_and_never_sees_a_mixture() {
    let api = with_scopes(MANY, &"å".repeat(4000)).await;
    let mut slow = Vec::new();
    for _ in 0..READERS + 2 {
        slow.push(Slow::ask(api.address()).await);
    }
    take_every_reader(&api).await;
    let patient = slow.pop().unwrap().read().await.unwrap();
    let patient = serde_json::from_slice(&patient).unwrap();
    assert_eq!(names(&patient), public_names(&api).await);
    api.provider()
        .delete("/scopes?scope=fjord:n00001")
        .await
        .ok();
    for late in slow {
        assert_eq!(late.read().await, None, "an answer of two states is none");
    }
}
