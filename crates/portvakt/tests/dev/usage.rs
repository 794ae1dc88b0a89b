//! Who used a scope, from the token endpoint to the command line.

use serde_json::json;

use crate::harness::{CLIENT, Dev, SCOPE, now};

#[tokio::test]
async fn tokens_are_counted_and_none_is_lost_when_the_server_stops() {
    let mut dev = Dev::start().await;
    let started = now();
    for _ in 0..3 {
        dev.exchange(&dev.grant().sign()).await.token();
    }
    let grant = dev.grant().claim("scope", json!("nav:none")).sign();
    assert_eq!(dev.exchange(&grant).await.status, 400);
    dev.signal("TERM");
    assert!(dev.ended().await.success());
    let used = dev.run_json(&["scope", "usage", SCOPE]);
    let [consumer] = used.as_array().unwrap().as_slice() else {
        panic!("{used}")
    };
    assert_eq!(consumer["consumer_orgno"], "123456789");
    assert_eq!(consumer["accessing_orgno"], "123456789");
    assert_eq!(
        (&consumer["tokens"], &consumer["clients"]),
        (&json!(3), &json!(1))
    );
    let last_used = consumer["last_used"].as_str().unwrap();
    let last_used = portvakt_core::Timestamp::parse(last_used).unwrap();
    assert!((started..=now()).contains(&last_used.seconds()));
    let days = dev.run_json(&["client", "usage", CLIENT]);
    let tokens: u64 = days
        .as_array()
        .unwrap()
        .iter()
        .map(|day| day["tokens"].as_u64().unwrap())
        .sum();
    assert_eq!(tokens, 3);
    let other = dev.run_json(&["scope", "usage", SCOPE, "--consumer", "987654321"]);
    assert_eq!(other, json!([]));
}

#[tokio::test]
async fn what_cannot_be_shown_is_refused_in_a_line() {
    let dev = Dev::start().await;
    for (arguments, said) in [
        (&["scope", "usage", "nav:none"][..], "nav:none"),
        (&["client", "usage", "none"], "none"),
        (
            &["scope", "usage", SCOPE, "--from", "1999-01-01"],
            "400 days",
        ),
    ] {
        let output = dev.run(arguments);
        let shown = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{shown}");
        assert_eq!(shown.lines().count(), 1, "{shown}");
        assert!(shown.contains(said), "{shown}");
    }
    let output = dev.run(&["client", "usage", CLIENT, "--to", "tomorrow"]);
    assert_eq!(output.status.code(), Some(2));
}
