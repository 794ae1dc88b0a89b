//! What strangers in the cluster can take of the webhook: its port is open to whoever reaches the Service.

use std::net::SocketAddr;
use std::time::Duration;

use portvakt_operator::injection::Settings;
use portvakt_operator::webhook::configuration::FailurePolicy;
use reqwest::Client;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::client_resource;
use super::running::{Cluster, Webhook};
use crate::cluster::until;

/// Connections that a replica has at most, as documented.
const PLACES: usize = 64;

/// Far longer than an answer takes.
const A_WHILE: Duration = Duration::from_secs(1);

/// A replica, and whom those who ask it trust.
struct Replica {
    address: SocketAddr,
    authority: String,
}

impl Replica {
    async fn of(webhook: &Webhook<'_>) -> Self {
        webhook.answers().await;
        Self {
            address: webhook.addresses[0],
            authority: webhook.entry("ca.crt").await,
        }
    }

    /// Somebody with connections of their own.
    fn client(&self) -> Client {
        let authority = reqwest::Certificate::from_pem(self.authority.as_bytes());
        let client = Client::builder().tls_certs_only([authority.unwrap()]);
        client.build().unwrap()
    }

    /// The client with its connection, which is idle now, if there was a place for one.
    async fn answered(&self) -> Option<Client> {
        let client = self.client();
        let asked = client.get(self.url()).send();
        let answer = timeout(A_WHILE, asked).await.ok()?.unwrap();
        assert_eq!(answer.status(), 405);
        Some(client)
    }

    /// The answer, if it comes before the connection is closed while the rest is written.
    async fn ask(&self, body: usize, header: usize) -> Option<u16> {
        let asked = self.client().post(self.url());
        let asked = asked.header("x-long", "a".repeat(header));
        let answer = asked.body(vec![b' '; body]).send().await.ok()?;
        Some(answer.status().as_u16())
    }

    fn url(&self) -> String {
        format!("https://{}/inject", self.address)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_ask_nothing_take_the_place_of_others_for_a_moment() {
    let cluster = Cluster::new().await;
    client_resource(&cluster).await;
    let webhook = Webhook::start(&cluster, Settings::default(), FailurePolicy::Fail).await;
    let replica = Replica::of(&webhook).await;

    // The API server has some of the places.
    let mut idle = Vec::new();
    while let Some(client) = replica.answered().await {
        idle.push(client);
        assert!(idle.len() <= PLACES, "there is no end of places");
    }
    assert!(idle.len() >= PLACES / 2, "{}", idle.len());
    until("the idle ones have gone", async || {
        replica.answered().await.is_some()
    })
    .await;

    let mut silent = Vec::new();
    for _ in 0..PLACES {
        silent.push(TcpStream::connect(replica.address).await.unwrap());
    }
    until("every place is taken", async || {
        replica.answered().await.is_none()
    })
    .await;
    until("the silent ones have gone", async || {
        replica.answered().await.is_some()
    })
    .await;
    drop((idle, silent));
    webhook.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_larger_than_any_question_is_not_read() {
    let cluster = Cluster::new().await;
    client_resource(&cluster).await;
    let webhook = Webhook::start(&cluster, Settings::default(), FailurePolicy::Fail).await;
    let replica = Replica::of(&webhook).await;
    let most = 3 * 1024 * 1024;
    // Read whole, and then without the type that a question has.
    assert_eq!(replica.ask(most, 1).await, Some(415));
    let refused = replica.ask(most + 1, 1).await;
    assert!(matches!(refused, None | Some(413)), "{refused:?}");
    let refused = replica.ask(1, 64 * 1024).await;
    assert!(matches!(refused, None | Some(431)), "{refused:?}");
    webhook.stop().await;
}
