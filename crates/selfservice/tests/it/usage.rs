//! Who used which scope, and when last.

use portvakt_core::Timestamp;
use portvakt_core::client::Client;
use portvakt_core::usage::{Day, Usage, UsageKey, UsageLog};
use portvakt_testkit::{Answer, FJORDETATEN, HAVBRIS, LYNGVIK, NOW, TINDESYSTEM};
use serde_json::{Value, json};

use crate::harness::{Api, Checked, MODIFY, READ, SCOPES_READ, SUPPLIER, WRITE, with_scope};

const SCOPE: &str = "fjord:tidevann.read";
const PATH: &str = "/scopes/usage?scope=fjord%3Atidevann.read";
const A_DAY: i64 = 86_400;

/// Tokens of one client for one organization.
struct Used<'u> {
    client: &'u str,
    consumer: &'u str,
    supplier: Option<&'u str>,
    seconds_ago: i64,
    tokens: u64,
}

impl Used<'_> {
    fn count(&self) -> Usage {
        let at = Timestamp::from_seconds(NOW - self.seconds_ago);
        let consumer = self.consumer.parse().unwrap();
        let supplier = self.supplier.map(|orgno| orgno.parse().unwrap());
        Usage {
            key: UsageKey {
                scope: SCOPE.parse().unwrap(),
                day: Day::of(at),
                consumer,
                supplier,
                accessing: supplier.unwrap_or(consumer),
                client_id: self.client.parse().unwrap(),
            },
            tokens: self.tokens,
            last_used: at,
        }
    }
}

const fn own(client: &str, seconds_ago: i64, tokens: u64) -> Used<'_> {
    Used {
        client,
        consumer: HAVBRIS,
        supplier: None,
        seconds_ago,
        tokens,
    }
}

/// Havbris has two clients and Lyngvik one that Tindesystem manages.
async fn used() -> Api {
    let api = with_scope().await;
    let client = |id: &str, orgno: &str| {
        let (id, orgno) = (id.parse().unwrap(), orgno.parse().unwrap());
        let now = Timestamp::from_seconds(NOW);
        Client::machine(id, "Hemmelig navn", orgno, Vec::new(), now)
    };
    let managed = Client {
        supplier_orgno: Some(TINDESYSTEM.parse().unwrap()),
        ..client("managed", LYNGVIK)
    };
    let clients = [client("first", HAVBRIS), client("second", HAVBRIS), managed];
    api.operate(async |unit| {
        for client in &clients {
            unit.save_client(client).await.unwrap();
        }
    })
    .await;
    let supplied = Used {
        client: "managed",
        consumer: LYNGVIK,
        supplier: Some(TINDESYSTEM),
        seconds_ago: 10,
        tokens: 7,
    };
    let used = [
        own("first", 240, 40),
        own("second", A_DAY, 2),
        own("first", 20 * A_DAY, 1),
        own("first", 40 * A_DAY, 1000),
        supplied,
    ];
    let counts: Vec<_> = used.iter().map(Used::count).collect();
    api.store.add_usage(&counts).await.unwrap();
    api
}

fn instant(seconds_ago: i64) -> String {
    Timestamp::from_seconds(NOW - seconds_ago).to_string()
}

fn day(days_ago: i64) -> String {
    Day::of(Timestamp::from_seconds(NOW - days_ago * A_DAY)).to_string()
}

#[tokio::test]
async fn the_owner_sees_who_uses_its_scope_and_when_last() {
    let api = used().await;
    let owner = api.caller(FJORDETATEN, &[SCOPES_READ]);
    let answer = owner.get(PATH).await.ok();
    let expected = json!({
        "scope": SCOPE, "from": day(29), "to": day(0), "tokens": 50, "last_used": instant(10),
        "days": [
            {"day": day(20), "tokens": 1},
            {"day": day(1), "tokens": 2},
            {"day": day(0), "tokens": 47},
        ],
        "consumers": [
            {
                "consumer_orgno": HAVBRIS, "accessing_orgno": HAVBRIS, "clients": 2, "tokens": 43,
                "last_used": instant(240),
            },
            {
                "consumer_orgno": LYNGVIK, "supplier_orgno": TINDESYSTEM,
                "accessing_orgno": TINDESYSTEM, "clients": 1, "tokens": 7, "last_used": instant(10),
            },
        ],
    });
    let mut body = answer.body.clone();
    let consumers = body["consumers"].as_array_mut().unwrap();
    consumers.sort_by_key(|consumer| consumer["tokens"] != 43);
    assert_eq!(body, expected);
    for hidden in ["first", "second", "managed", "Hemmelig"] {
        assert!(!answer.text.contains(hidden), "{hidden}");
    }
}

#[tokio::test]
async fn one_organization_and_a_span_of_days_can_be_asked_for() {
    let api = used().await;
    let owner = api.provider();
    let week = format!("{PATH}&consumer_orgno=0192:{HAVBRIS}&from={}", day(6));
    let answer = owner.get(&week).await.ok();
    assert_eq!(answer.body["tokens"], 42);
    assert_eq!(answer.body["consumers"].as_array().unwrap().len(), 1);
    assert_eq!(answer.body["consumers"][0]["clients"], 2);
    let past = format!("{PATH}&from={}&to={}", day(41), day(39));
    assert_eq!(owner.get(&past).await.ok().body["tokens"], 1000);
    let unused = format!("{PATH}&from=1999-01-01&to=1999-12-31");
    let unused = owner.get(&unused).await.ok().body;
    assert_eq!(
        (&unused["tokens"], unused.get("last_used")),
        (&json!(0), None)
    );
}

#[tokio::test]
async fn nobody_else_sees_who_uses_a_scope() {
    let api = used().await;
    let stranger = api.caller(HAVBRIS, &[SCOPES_READ]);
    let foreign = stranger.get(PATH).await.refused(404, "");
    let unknown = stranger.get("/scopes/usage?scope=fjord:none").await;
    let unknown = unknown.refused(404, "");
    let text = |answer: &Answer| answer.body["error"].to_string();
    assert_eq!(
        text(&foreign).replace("tidevann.read", "none"),
        text(&unknown)
    );
    let consumer = api.caller(FJORDETATEN, &[WRITE]);
    consumer.get(PATH).await.refused(403, "");
}

#[tokio::test]
async fn an_organization_sees_what_its_clients_use() {
    let api = used().await;
    let consumer = api.caller(HAVBRIS, &[READ]);
    let first = consumer.get("/clients/first/usage").await.ok().body;
    let scope = |tokens: u64, seconds_ago: i64| json!({"scope": SCOPE, "tokens": tokens, "last_used": instant(seconds_ago)});
    let mut with_days = scope(41, 240);
    with_days["days"] = json!([{"day": day(20), "tokens": 1}, {"day": day(0), "tokens": 40}]);
    let expected = json!({
        "client_id": "first", "from": day(29), "to": day(0), "last_used": instant(240),
        "scopes": [with_days],
    });
    assert_eq!(first, expected);
    let from = day(6);
    let all = consumer.get(&format!("/usage?from={from}")).await.ok().body;
    let of = |id: &str, seconds_ago: i64, tokens: u64| {
        json!({
            "client_id": id, "from": from, "to": day(0), "last_used": instant(seconds_ago),
            "scopes": [scope(tokens, seconds_ago)],
        })
    };
    assert_eq!(all, json!([of("first", 240, 40), of("second", A_DAY, 2)]));
}

#[tokio::test]
async fn clients_that_are_not_used_are_listed_too() {
    let api = used().await;
    let consumer = api.caller(HAVBRIS, &[READ, MODIFY]);
    let past = "from=1999-01-01&to=1999-01-01";
    let listed = consumer.get(&format!("/usage?{past}")).await.ok().body;
    let unused =
        |id: &str| json!({"client_id": id, "from": "1999-01-01", "to": "1999-01-01", "scopes": []});
    assert_eq!(listed, json!([unused("first"), unused("second")]));
    consumer.delete("/clients/second").await.ok();
    let ids = |list: &Value| list.as_array().unwrap().len();
    assert_eq!(ids(&consumer.get("/usage").await.ok().body), 1);
    assert_eq!(
        ids(&consumer.get("/usage?inactive=true").await.ok().body),
        2
    );
    consumer.get("/clients/second/usage").await.ok();
}

#[tokio::test]
async fn a_supplier_sees_the_clients_that_it_manages_and_no_others() {
    let api = used().await;
    let supplier = api.supplier();
    let listed = supplier.get("/usage").await.ok().body;
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["scopes"][0]["tokens"], 7);
    supplier.get("/clients/managed/usage").await.ok();
    supplier.get("/clients/first/usage").await.refused(404, "");
    let customer = api.caller(LYNGVIK, &[READ]);
    assert_eq!(customer.get("/usage").await.ok().body, listed);
    let wrong_scope = api.caller(HAVBRIS, &[SUPPLIER]);
    assert_eq!(wrong_scope.get("/usage").await.ok().body, json!([]));
    wrong_scope
        .get("/clients/first/usage")
        .await
        .refused(404, "");
    api.provider().get("/usage").await.refused(403, "");
}

#[tokio::test]
async fn a_client_may_be_called_usage() {
    let api = used().await;
    let (now, orgno) = (Timestamp::from_seconds(NOW), HAVBRIS.parse().unwrap());
    let named = Client::machine("usage".parse().unwrap(), "A", orgno, Vec::new(), now);
    api.operate(async |unit| unit.save_client(&named).await.unwrap())
        .await;
    let consumer = api.consumer();
    let found = consumer.get("/clients/usage").await.ok();
    assert_eq!(found.member("client_id"), "usage");
    let usage = consumer.get("/clients/usage/usage").await.ok();
    assert_eq!(usage.member("client_id"), "usage");
}

#[tokio::test]
async fn days_are_checked_and_bounded() {
    let api = used().await;
    let (owner, consumer) = (api.provider(), api.consumer());
    for (query, field) in [
        ("from=2026-02-30", "from"),
        ("to=yesterday", "to"),
        ("to=", "to"),
        ("from=2026-03-02T00:00:00Z", "from"),
        ("from=2026-01-02&to=2026-01-01", "from"),
        ("from=2025-01-01&to=2026-02-05", "from"),
        ("from=2026-01-01&from=2026-01-01", "from"),
        ("to=99999-01-01", "to"),
    ] {
        owner
            .get(&format!("{PATH}&{query}"))
            .await
            .refused(400, field);
        for path in ["/usage", "/clients/first/usage"] {
            let answer = consumer.get(&format!("{path}?{query}")).await;
            answer.refused(400, field);
        }
    }
    owner
        .get(&format!("{PATH}&consumer_orgno=1"))
        .await
        .refused(400, "consumer_orgno");
    owner.get("/scopes/usage").await.refused(400, "scope");
    let longest = "from=2025-01-01&to=2026-02-04";
    owner.get(&format!("{PATH}&{longest}")).await.ok();
}
