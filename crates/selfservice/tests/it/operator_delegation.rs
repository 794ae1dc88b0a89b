//! The operator's acts on delegation sources and delegations (spec: selfservice §14).

use portvakt_testkit::{FJORDETATEN, Grant, LYNGVIK, SCOPE, SOURCE, TINDESYSTEM};
use serde_json::{Value, json};

use crate::harness::Checked;
use crate::operator::names;
use crate::operator_harness::Operated;

#[tokio::test]
async fn a_delegation_source_is_recorded_and_withdrawn_unless_a_scope_names_it() {
    let world = Operated::start().await;
    let writer = world.writer();
    let path = "/delegationsources/ny";
    let body = json!({"issuer": "https://ny.example/", "adapter": "local"});
    let made = writer.put(path, &body).await.ok();
    assert_eq!(made.body["adapter"], "local");
    assert_eq!(writer.put(path, &made.body).await.ok().body, made.body);
    let changed = json!({"issuer": "https://ny.example/annen"});
    writer.put(path, &changed).await.ok();
    let gone = writer.delete(path).await.ok();
    assert_eq!(gone.body["active"], false);
    let listed = writer.get("/delegationsources").await.ok();
    assert_eq!(names(&listed, "name"), ["altinn"]);
    let listed = writer.get("/delegationsources?inactive=true").await.ok();
    assert_eq!(names(&listed, "name"), ["altinn", "ny"]);
    let public = crate::harness::send(world.at_public("GET", "/api/v1/delegationsources")).await;
    assert_eq!(names(&public, "name"), ["altinn"]);
    assert_eq!(writer.put(path, &changed).await.ok().body["active"], true);

    let altinn = "/delegationsources/altinn";
    writer.delete(altinn).await.refused(409, "");
    writer.put(altinn, &changed).await.refused(409, "issuer");
    let other = json!({"issuer": "https://other.example/"});
    writer.put(altinn, &other).await.refused(409, "");
    writer
        .get("/delegationsources/ukjent")
        .await
        .refused(404, "");
    writer
        .delete("/delegationsources/ukjent")
        .await
        .refused(404, "");
    let altinns = json!({"issuer": "https://a.example/", "adapter": "altinn"});
    writer.put(path, &altinns).await.refused(400, "adapter");
    writer
        .put(path, &json!({"issuer": "no address"}))
        .await
        .refused(400, "issuer");
    writer.put(path, &json!({})).await.refused(400, "issuer");
}

#[tokio::test]
async fn a_delegation_holds_for_as_long_as_it_says() {
    let world = Operated::start().await;
    let (machine, writer) = (&world.machine, world.writer());
    let scope = "fjord:havn/anlop.write";
    let row = json!({
        "scope": scope, "consumer_orgno": LYNGVIK, "supplier_orgno": TINDESYSTEM,
        "valid_to": "2026-03-02T09:16:00Z",
    });
    let made = writer.put("/delegations", &row).await.ok();
    assert_eq!(made.body["delegation_source"], SOURCE, "the scope's own");
    assert_eq!(made.body["valid_to"], "2026-03-02T09:16:00.000Z");
    assert_eq!(
        writer.put("/delegations", &made.body).await.ok().body,
        made.body
    );
    world
        .store(async |unit| {
            use portvakt_core::administration::{Role, access};
            let (name, consumer) = (scope.parse().unwrap(), LYNGVIK.parse().unwrap());
            let now = portvakt_core::Timestamp::from_seconds(machine.now());
            access::grant(unit, &name, consumer, Role::Operator, now)
                .await
                .unwrap();
        })
        .await;
    let token = async || {
        let grant = Grant::tindesystem(machine, LYNGVIK).sign();
        machine.exchange(&grant).await
    };
    let given = token().await;
    assert_eq!(given.status, 200, "{}", given.text);

    let key = format!("scope={scope}&consumer_orgno={LYNGVIK}&supplier_orgno={TINDESYSTEM}");
    let path = format!("/delegations?{key}");
    let listed = writer.get(&path).await.ok();
    assert_eq!(listed.body, json!([made.body]));
    let ended = writer.delete(&path).await.ok();
    assert_eq!(ended.body["active"], false);
    assert_ne!(token().await.status, 200, "it has ended");
    assert_eq!(writer.get(&path).await.ok().body, json!([]));
    let all = writer.get(&format!("{path}&inactive=true")).await.ok();
    assert_eq!(all.body, json!([ended.body]));
    writer.put("/delegations", &row).await.ok();
    assert_eq!(token().await.status, 200, "it is back");
    machine.clock.advance(std::time::Duration::from_mins(1));
    assert_ne!(token().await.status, 200, "its time is over");
}

#[tokio::test]
async fn a_delegation_that_means_nothing_is_refused() {
    let world = Operated::start().await;
    let writer = world.writer();
    let put = async |changes: Value| {
        let row = json!({
            "scope": "fjord:havn/anlop.write", "consumer_orgno": LYNGVIK,
            "supplier_orgno": TINDESYSTEM,
        });
        writer
            .put("/delegations", &crate::harness::but(row, &changes))
            .await
    };
    put(json!({"supplier_orgno": LYNGVIK}))
        .await
        .refused(400, "supplier_orgno");
    put(json!({"scope": SCOPE})).await.refused(400, "scope");
    put(json!({"scope": "fjord:ukjent"})).await.refused(404, "");
    put(json!({"delegation_source": "https://ukjent/"}))
        .await
        .refused(400, "scope");
    put(json!({"valid_from": "i morgen"}))
        .await
        .refused(400, "valid_from");
    let backwards =
        json!({"valid_from": "2026-01-02T00:00:00Z", "valid_to": "2026-01-01T00:00:00Z"});
    put(backwards).await.refused(400, "valid_to");
    let missing = writer
        .put("/delegations", &json!({}))
        .await
        .refused(400, "scope");
    assert_eq!(
        missing.fields(),
        ["scope", "consumer_orgno", "supplier_orgno"]
    );
    let path = "/delegations?scope=fjord:havn/anlop.write&consumer_orgno=312773023";
    writer.delete(path).await.refused(400, "supplier_orgno");
    let unknown = format!("{path}&supplier_orgno={FJORDETATEN}");
    writer.delete(&unknown).await.refused(404, "");
}
