//! On-behalf-of registrations (spec: selfservice §5.7).

use portvakt_testkit::{HAVBRIS, LYNGVIK, TINDESYSTEM};
use serde_json::{Value, json};

use crate::harness::{
    Api, Checked, READ, REGISTRATIONS, SUPPLIER, WRITE, but, registered, with_scope,
};

fn innlogging() -> Value {
    json!({
        "integration_type": "idporten", "application_type": "browser", "client_name": "Innlogging",
        "redirect_uris": ["https://havbris.example/inn"], "scopes": ["openid"],
    })
}

/// A login client of Havbris, by its address.
async fn login(api: &Api) -> String {
    let caller = api.caller(HAVBRIS, &[WRITE]);
    let made = caller.post("/clients", &innlogging()).await.ok();
    format!("/clients/{}", made.member("client_id"))
}

fn kafe() -> Value {
    json!({"onbehalfof": "kafe", "name": "Lyngvik Kafé", "orgno": LYNGVIK,
        "client_uri": "https://kafe.example/"})
}

#[tokio::test]
async fn a_registration_lives_and_comes_back() {
    let api = Api::start().await;
    let client = login(&api).await;
    let list = format!("{client}/onbehalfof");
    let one = format!("{list}/kafe");
    let caller = api.caller(HAVBRIS, &[REGISTRATIONS]);
    let made = caller.post(&list, &kafe()).await.ok();
    let now = "2026-03-02T09:15:00.000Z";
    assert_eq!(
        made.body,
        json!({
            "onbehalfof": "kafe", "name": "Lyngvik Kafé", "display_name": "Lyngvik Kafé",
            "orgno": LYNGVIK, "client_uri": "https://kafe.example/",
            "url": "https://kafe.example/", "created": now, "last_updated": now,
        })
    );
    assert_eq!(caller.get(&one).await.ok().body, made.body);
    assert_eq!(caller.get(&list).await.ok().body, json!([made.body]));
    caller.post(&list, &kafe()).await.refused(409, "onbehalfof");
    let reader = api.caller(HAVBRIS, &[READ]);
    let embedded = reader.get(&client).await.ok();
    assert_eq!(embedded.body["onbehalfof"], json!([made.body]));

    assert_eq!(caller.delete(&one).await.ok().text, "");
    assert_eq!(caller.get(&list).await.ok().body, json!([]));
    let all = caller.get(&format!("{list}?inactive=true")).await.ok();
    assert_eq!(all.body[0]["active"], false);
    caller.post(&list, &kafe()).await.refused(409, "onbehalfof");
    let back = caller.put(&one, &made.body).await.ok();
    assert_eq!(back.body, made.body);
}

#[tokio::test]
async fn both_spellings_of_a_member_and_of_the_address_are_read() {
    let api = Api::start().await;
    let client = login(&api).await;
    let caller = api.caller(HAVBRIS, &[REGISTRATIONS]);
    let body = json!({"onbehalfof": "b", "display_name": "B", "orgno": "0192:314111044",
        "url": "https://b.example/", "name": null});
    let made = caller
        .post(&format!("{client}/onbehalof"), &body)
        .await
        .ok();
    assert_eq!(made.member("name"), "B");
    assert_eq!(made.member("client_uri"), "https://b.example/");
    assert_eq!(made.member("orgno"), LYNGVIK);
    let one = caller.get(&format!("{client}/onbehalfof/b/")).await.ok();
    assert_eq!(one.body, made.body);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let api = Api::start().await;
    let list = format!("{}/onbehalfof", login(&api).await);
    let caller = api.caller(HAVBRIS, &[REGISTRATIONS]);
    for (changes, field) in [
        (json!({"onbehalfof": "a/b"}), "onbehalfof"),
        (json!({"onbehalfof": null}), "onbehalfof"),
        (json!({"name": ""}), "name"),
        (json!({"name": "a\u{0}"}), "name"),
        (json!({"orgno": "1"}), "orgno"),
        (json!({"orgno": 5}), "orgno"),
        (json!({"client_uri": "kafe"}), "client_uri"),
        (json!({"description": "a".repeat(1001)}), "description"),
    ] {
        let answer = caller.post(&list, &but(kafe(), &changes)).await;
        answer.refused(400, field);
    }
    let one = format!("{list}/kafe");
    caller.put(&one, &kafe()).await.refused(404, "");
    caller.get(&one).await.refused(404, "");
    caller.delete(&one).await.refused(404, "");
    caller.post(&list, &kafe()).await.ok();
    let other = but(kafe(), &json!({"onbehalfof": "annet"}));
    caller.put(&one, &other).await.refused(400, "onbehalfof");
}

#[tokio::test]
async fn machine_clients_have_none() {
    let api = with_scope().await;
    let list = format!("/clients/{}/onbehalfof", registered(&api.consumer()).await);
    let caller = api.caller(HAVBRIS, &[REGISTRATIONS]);
    caller.post(&list, &kafe()).await.refused(400, "onbehalfof");
    assert_eq!(caller.get(&list).await.ok().body, json!([]));
}

#[tokio::test]
async fn the_registrations_of_a_managed_client_are_its_suppliers() {
    let api = Api::start().await;
    let body = but(innlogging(), &json!({"client_orgno": HAVBRIS}));
    let supplier = api.caller(TINDESYSTEM, &[SUPPLIER, REGISTRATIONS]);
    let made = supplier.post("/clients", &body).await.ok();
    let list = format!("/clients/{}/onbehalfof", made.member("client_id"));
    supplier.post(&list, &kafe()).await.ok();
    let one = format!("{list}/kafe");
    let customer = api.caller(HAVBRIS, &[WRITE, REGISTRATIONS]);
    customer.get(&one).await.ok();
    customer.put(&one, &kafe()).await.refused(403, "");
    customer.delete(&one).await.refused(403, "");
    let other = but(kafe(), &json!({"onbehalfof": "annen"}));
    customer.post(&list, &other).await.refused(403, "");
    let narrow = api.caller(HAVBRIS, &[REGISTRATIONS]);
    narrow.get(&list).await.refused(404, "");
    let listed = supplier.get(&list).await.ok();
    assert_eq!(listed.body.as_array().unwrap().len(), 1);
}
