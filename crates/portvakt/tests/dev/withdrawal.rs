//! What another process withdraws, the server stops giving (design, invariant 3).

use std::time::{Duration, Instant};

use portvakt_core::ports::{Revision, Store};
use portvakt_store_sqlite::SqliteStore;

use crate::harness::{CLIENT, Dev, PATIENCE, SCOPE};

const CONSUMER: &str = "123456789";

/// Within which a withdrawal acts on every node.
const BOUND: Duration = Duration::from_secs(1);

/// Runs a command on the folder, then asks for tokens until they are refused as expected. No token
/// may be given to a request that is sent later than the bound after the command has ended.
async fn stops_tokens(dev: &Dev, command: &[&str], mp_code: &str) {
    dev.exchange(&dev.grant().sign()).await.token();
    dev.run_json(command);
    let done = Instant::now();
    loop {
        let sent = done.elapsed();
        let answer = dev.exchange(&dev.grant().sign()).await;
        if answer.status != 200 {
            assert_eq!(answer.mp_code(), mp_code, "{}", answer.text);
            return;
        }
        assert!(sent <= BOUND, "a token {sent:?} after {command:?}");
    }
}

/// Runs a command on the folder, then asks for tokens until one is given.
async fn gives_tokens(dev: &Dev, command: &[&str]) {
    dev.run_json(command);
    let done = Instant::now();
    while dev.exchange(&dev.grant().sign()).await.status != 200 {
        assert!(done.elapsed() < PATIENCE, "no token after {command:?}");
    }
}

#[tokio::test]
async fn access_that_a_command_withdraws_stops_within_a_second() {
    let dev = Dev::start().await;
    stops_tokens(&dev, &["access", "withdraw", SCOPE, CONSUMER], "MP-250").await;
    gives_tokens(&dev, &["access", "grant", SCOPE, CONSUMER]).await;
}

#[tokio::test]
async fn a_scope_a_client_and_an_organization_that_a_command_deactivates_stop_within_a_second() {
    let dev = Dev::start().await;
    for (deactivate, reactivate, mp_code) in [
        (
            ["scope", "deactivate", SCOPE],
            ["scope", "reactivate", SCOPE],
            "MP-200",
        ),
        (
            ["org", "deactivate", CONSUMER],
            ["org", "reactivate", CONSUMER],
            "MP-100",
        ),
        (
            ["client", "deactivate", CLIENT],
            ["client", "reactivate", CLIENT],
            "MP-100",
        ),
    ] {
        stops_tokens(&dev, &deactivate, mp_code).await;
        gives_tokens(&dev, &reactivate).await;
    }
}

#[tokio::test]
async fn the_server_says_at_which_revision_it_decides() {
    let dev = Dev::start().await;
    dev.exchange(&dev.grant().sign()).await.token();
    dev.run_json(&["access", "withdraw", SCOPE, CONSUMER]);
    let database = dev.data_dir().join("portvakt.db");
    let database = SqliteStore::open(database).await.unwrap();
    let Revision(revision) = database.revision().await.unwrap();
    let request = dev.http().get(format!("{}/ready", dev.operations()));
    let request = request.header("portvakt-min-revision", revision);
    let answer = crate::harness::send(request).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.body["revision"], revision);
    // Whoever has waited for the revision is not told of what was before it.
    assert_eq!(dev.exchange(&dev.grant().sign()).await.mp_code(), "MP-250");
}
