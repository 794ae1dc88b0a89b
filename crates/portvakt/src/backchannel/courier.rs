//! One attempt to hand a logout token over.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use portvakt_oauth_types::media_type;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use url::{Url, form_urlencoded};

use super::reach::{CheckedNames, NotAdmitted, Reach};

/// How long a connection may take, the look-up of its name and TLS included.
const CONNECTING: Duration = Duration::from_secs(2);
/// How long the answer may take then.
const READING: Duration = Duration::from_secs(5);

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The client's server answered 2xx.
    Delivered,
    /// It answered something else.
    Refused,
    /// It did not answer in time, or not at all, or there was no token to send.
    Failed,
    /// Its address may not be called.
    Blocked,
    /// There was no room.
    Dropped,
}

impl Outcome {
    pub(super) const ALL: [Self; 5] = [
        Self::Delivered,
        Self::Refused,
        Self::Failed,
        Self::Blocked,
        Self::Dropped,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
            Self::Dropped => "dropped",
        }
    }
}

/// Posts tokens.
pub(super) struct Courier {
    http: reqwest::Client,
    reach: Arc<Reach>,
}

impl Courier {
    pub(super) fn new(reach: Reach) -> anyhow::Result<Self> {
        Self::patient(reach, CONNECTING, READING)
    }

    fn patient(reach: Reach, connecting: Duration, reading: Duration) -> anyhow::Result<Self> {
        let reach = Arc::new(reach);
        let http = reqwest::Client::builder()
            .connect_timeout(connecting)
            .read_timeout(reading)
            .timeout(connecting + reading)
            .redirect(Policy::none())
            // A proxy would look names up by itself, and call what it finds.
            .no_proxy()
            .dns_resolver(Arc::new(CheckedNames(Arc::clone(&reach))))
            // There is one attempt, and it must not meet a connection that has died meanwhile.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("portvakt/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self {
            http: http.context("set up the client for back-channel logouts")?,
            reach,
        })
    }

    /// Posts a token to a registered address. Nothing of the answer is read but its status.
    pub(super) async fn post(&self, address: &str, token: &str) -> Outcome {
        let url = Url::parse(address).ok();
        let Some(url) = url.filter(|url| self.reach.admits(url)) else {
            return Outcome::Blocked;
        };
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("logout_token", token)
            .finish();
        let request = self.http.post(url).body(form);
        let request = request.header(CONTENT_TYPE, media_type::FORM);
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Outcome::Delivered,
            Ok(_) => Outcome::Refused,
            Err(error) if is_not_admitted(&error) => Outcome::Blocked,
            Err(_) => Outcome::Failed,
        }
    }
}

fn is_not_admitted(error: &reqwest::Error) -> bool {
    let mut causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.any(<dyn Error>::is::<NotAdmitted>)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::Mutex;

    use axum::Router;
    use axum::http::StatusCode;
    use axum::response::Redirect;
    use axum::routing::post;
    use portvakt_http::{Limits, Listener, Shutdown, serve};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::sync::oneshot::{Receiver, channel};

    use super::*;

    /// A client's server, and what was posted to it.
    async fn server() -> (String, Arc<Mutex<Vec<String>>>) {
        let posted = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&posted);
        let take = move |body: String| {
            kept.lock().unwrap().push(body);
            async { StatusCode::NO_CONTENT }
        };
        let router = Router::new()
            .route("/ut", post(take))
            .route("/elsewhere", post(|| async { Redirect::temporary("/ut") }))
            .route("/hang", post(std::future::pending::<StatusCode>))
            .route("/no", post(|| async { StatusCode::BAD_REQUEST }));
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).await;
        let listener = listener.unwrap();
        let base = format!("http://{}", listener.local_addr());
        tokio::spawn(serve(listener, router, Limits::default(), Shutdown::new()));
        (base, posted)
    }

    #[tokio::test]
    async fn a_token_is_posted_once_and_follows_no_redirect() {
        let (base, posted) = server().await;
        let courier = Courier::new(Reach::Anywhere).unwrap();
        for (path, outcome) in [
            ("/ut", Outcome::Delivered),
            ("/elsewhere", Outcome::Refused),
            ("/no", Outcome::Refused),
        ] {
            let address = format!("{base}{path}");
            assert_eq!(courier.post(&address, "a.b-c").await, outcome, "{path}");
        }
        assert_eq!(*posted.lock().unwrap(), ["logout_token=a.b-c"]);
    }

    #[tokio::test]
    async fn where_nobody_listens_the_attempt_fails() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = format!("http://{}/ut", listener.local_addr().unwrap());
        drop(listener);
        let courier = Courier::new(Reach::Anywhere).unwrap();
        assert_eq!(courier.post(&address, "t").await, Outcome::Failed);
    }

    /// The name is public by its looks, and stands for this machine.
    #[tokio::test]
    async fn what_a_name_stands_for_decides_before_anything_is_sent() {
        let courier = Courier::new(Reach::PublicAnd(Vec::new())).unwrap();
        for address in [
            "https://localhost/ut",
            "https://169.254.169.254/latest",
            "http://eksempel.no/ut",
            "no address",
        ] {
            assert_eq!(
                courier.post(address, "t").await,
                Outcome::Blocked,
                "{address}"
            );
        }
    }

    #[tokio::test]
    async fn a_server_that_does_not_answer_is_given_up() {
        let (base, _) = server().await;
        let moment = Duration::from_millis(50);
        let courier = Courier::patient(Reach::Anywhere, CONNECTING, moment).unwrap();
        let outcome = courier.post(&format!("{base}/hang"), "t").await;
        assert_eq!(outcome, Outcome::Failed);
    }

    /// A server that answers every connection with this, and then with this again and again until the
    /// other side has gone, which is told.
    async fn endless(first: &'static [u8], again: Vec<u8>) -> (String, Receiver<()>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = format!("http://{}/ut", listener.local_addr().unwrap());
        let (gone, told) = channel();
        tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            connection.read_exact(&mut [0; 16]).await.unwrap();
            let mut written = connection.write_all(first).await;
            while written.is_ok() {
                tokio::time::sleep(Duration::from_millis(1)).await;
                written = connection.write_all(&again).await;
            }
            let _ = gone.send(());
        });
        (address, told)
    }

    /// Each byte comes in time; the answer does not.
    #[tokio::test]
    async fn a_server_that_answers_bit_by_bit_is_given_up() {
        let moment = Duration::from_millis(100);
        let courier = Courier::patient(Reach::Anywhere, moment, moment).unwrap();
        let (address, gone) = endless(b"HTTP/1.1 200 OK\r\nx: ", vec![b'x']).await;
        assert_eq!(courier.post(&address, "t").await, Outcome::Failed);
        gone.await.unwrap();
    }

    /// Threat: an answer without end fills the memory, or holds a place for ever.
    #[tokio::test]
    async fn of_an_answer_without_end_the_status_counts_and_the_rest_is_not_read() {
        let courier = Courier::new(Reach::Anywhere).unwrap();
        let chunk = b"5\r\nutlog\r\n".to_vec();
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let (address, gone) = endless(head, chunk).await;
        assert_eq!(courier.post(&address, "t").await, Outcome::Delivered);
        gone.await.unwrap();
    }

    #[tokio::test]
    async fn a_server_whose_headers_have_no_end_is_given_up() {
        let courier = Courier::new(Reach::Anywhere).unwrap();
        let lines = b"x-utlogget: utlogget\r\n".repeat(1000);
        let (address, gone) = endless(b"HTTP/1.1 200 OK\r\n", lines).await;
        assert_eq!(courier.post(&address, "t").await, Outcome::Failed);
        gone.await.unwrap();
    }
}
