//! A grant is accepted once: at the same moment, and across `kill -9`.

use crate::harness::{Dev, send};

const AT_ONCE: usize = 500;

/// Posts the same grant from many connections at once and counts the answers by status.
async fn storm(dev: &Dev, grant: &str) -> Vec<(u16, String)> {
    let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(AT_ONCE));
    let mut posting = tokio::task::JoinSet::new();
    // Connections of HTTP/1.1 carry one request at a time, so there are as many as requests.
    for _ in 0..AT_ONCE {
        let barrier = barrier.clone();
        let request = dev.exchange_request(grant);
        posting.spawn(async move {
            barrier.wait().await;
            let answer = send(request).await;
            (answer.status, answer.mp_code().to_owned())
        });
    }
    posting.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_grant_gives_one_token_however_many_ask_and_none_after_a_crash() {
    let mut dev = Dev::start_on_lasting_ports().await;
    let grant = dev.grant().sign();
    let answers = storm(&dev, &grant).await;
    let issued = answers.iter().filter(|(status, _)| *status == 200).count();
    assert_eq!(issued, 1);
    let replayed = (400, "MP-012".to_owned());
    let refused = answers.iter().filter(|answer| **answer == replayed).count();
    assert_eq!(refused, AT_ONCE - 1, "{answers:?}");

    dev.kill();
    dev.start_again().await;
    let again = dev.exchange(&grant).await;
    assert_eq!((again.status, again.mp_code()), (400, "MP-012"));
    dev.exchange(&dev.grant().sign()).await.token();
}

#[tokio::test]
async fn a_grant_that_was_not_used_before_a_crash_is_accepted_after_it() {
    let mut dev = Dev::start_on_lasting_ports().await;
    let (used, unused) = (dev.grant().sign(), dev.grant().sign());
    dev.exchange(&used).await.token();
    dev.kill();
    dev.start_again().await;
    dev.exchange(&unused).await.token();
    assert_eq!(dev.exchange(&used).await.mp_code(), "MP-012");
}

#[tokio::test]
async fn an_acknowledged_replay_is_refused_in_every_later_process() {
    let mut dev = Dev::start_on_lasting_ports().await;
    for _ in 0..3 {
        let grant = dev.grant().sign();
        dev.exchange(&grant).await.token();
        dev.kill();
        dev.start_again().await;
        assert_eq!(dev.exchange(&grant).await.mp_code(), "MP-012");
    }
}
