//! Scopes, access and the open lists (spec: selfservice §6 to §8).

use portvakt_selfservice::Settings;
use portvakt_testkit::{FJORDETATEN, HAVBRIS, LYNGVIK, SOURCE};
use serde_json::{Value, json};

use crate::harness::{
    Api, Checked, READ, SCOPES_READ, WRITE, but, grant, registered, send, tidevann, with_scope,
};

const TIDEVANN: &str = "/scopes?scope=fjord:tidevann.read";

fn names(list: &Value) -> Vec<&str> {
    let scopes = list.as_array().unwrap().iter();
    scopes
        .map(|scope| scope["name"].as_str().unwrap())
        .collect()
}

async fn catalogue(api: &Api, query: &str) -> Value {
    let path = format!("/api/v1/scopes/all?{query}");
    send(api.request("GET", &path)).await.ok().body
}

#[tokio::test]
async fn every_attribute_is_kept_and_given_back() {
    let api = Api::start().await;
    let body = json!({
        "name": "", "prefix": "fjord", "subscope": "havn/anlop.write",
        "description": "Melde anløp til havn", "description#en": "Report port calls",
        "long_description": "Gir rett til å **melde** anløp.",
        "allowable_integration_types": ["maskinporten", "krr", "maskinporten"],
        "at_max_age": 300, "authorization_max_age": 300, "delegation_source": SOURCE,
        "requires_user_consent": true, "token_type": "SELF-CONTAINED", "visibility": "PUBLIC",
        "accessible_for_all": true, "protected": false, "owner_orgno": "999999999",
    });
    let provider = api.provider();
    let made = provider.post("/scopes", &body).await.ok();
    for (member, value) in [
        ("name", json!("fjord:havn/anlop.write")),
        ("subscope", json!("havn/anlop.write")),
        ("description#en", json!("Report port calls")),
        ("long_description", body["long_description"].clone()),
        ("allowed_integration_types", json!(["maskinporten", "krr"])),
        ("authorization_max_lifetime", json!(300)),
        ("delegation_source", json!(SOURCE)),
        ("requires_user_consent", json!(true)),
        ("token_type", json!("SELF_CONTAINED")),
        ("accessible_for_all", json!(true)),
        ("owner_orgno", json!(FJORDETATEN)),
    ] {
        assert_eq!(made.body[member], value, "{member}");
    }
    let path = "/scopes?scope=fjord%3Ahavn%2Fanlop.write";
    assert_eq!(provider.get(path).await.ok().body, made.body);
    let echoed = provider.put(path, &made.body).await.ok();
    assert_eq!(echoed.body, made.body);
    let bare = provider
        .put(path, &json!({"description": "Kort"}))
        .await
        .ok();
    let short = json!({"prefix": "fjord", "subscope": "kort", "description": "Kort"});
    let plain = provider.post("/scopes", &short).await.ok();
    let mut renamed = plain.body.clone();
    renamed["name"] = made.body["name"].clone();
    renamed["subscope"] = made.body["subscope"].clone();
    assert_eq!(
        bare.body, renamed,
        "what is left out returns to its default"
    );
}

/// Spec: idporten §12.2.
#[tokio::test]
async fn an_owner_lists_its_own_clients_that_introspect_and_only_it_sees_them() {
    const LIST: &str = "enforced_aud_for_introspection";
    let api = with_scope().await;
    let provider = api.provider();
    assert!(provider.get(TIDEVANN).await.ok().body[LIST].is_null());
    grant(&api, FJORDETATEN).await;
    let own = registered(&api.caller(FJORDETATEN, &[READ, WRITE])).await;
    let foreign = registered(&api.consumer()).await;

    let listing = |clients: Value| but(tidevann(), &json!({ LIST: clients }));
    let put = async |clients: Value| provider.put(TIDEVANN, &listing(clients)).await;
    let listed = put(json!([own, own])).await.ok();
    assert_eq!(listed.body[LIST], json!([own]));
    assert_eq!(provider.get(TIDEVANN).await.ok().body, listed.body);
    let own_list = provider.get("/scopes").await.ok().body;
    assert_eq!(own_list[0][LIST], json!([own]));
    let consumer = api.caller(HAVBRIS, &[SCOPES_READ]);
    let as_consumer = consumer.get(TIDEVANN).await.ok();
    assert!(as_consumer.body[LIST].is_null(), "{:?}", as_consumer.body);
    assert!(catalogue(&api, "").await[0][LIST].is_null());

    for other in [&foreign, "nobody", "no id"] {
        let field = format!("{LIST}[1]");
        put(json!([own, other])).await.refused(400, &field);
    }
    let many: Vec<_> = (0..101).map(|number| format!("c{number}")).collect();
    put(json!(many)).await.refused(400, LIST);
    let created = but(listing(json!([foreign])), &json!({"subscope": "annen"}));
    provider
        .post("/scopes", &created)
        .await
        .refused(400, &format!("{LIST}[0]"));

    let ended = provider.put(TIDEVANN, &tidevann()).await.ok();
    assert!(ended.body[LIST].is_null(), "left out is the default");
}

#[tokio::test]
async fn active_is_kept_unless_it_is_stated() {
    let api = with_scope().await;
    let provider = api.provider();
    let put = async |changes: Value| {
        let answer = provider
            .put(TIDEVANN, &but(tidevann(), &changes))
            .await
            .ok();
        answer.body["active"].as_bool().unwrap()
    };
    assert!(put(json!({})).await);
    assert!(!put(json!({"active": false})).await);
    assert!(!put(json!({})).await);
    assert!(put(json!({"active": true})).await);
    let asleep = but(tidevann(), &json!({"subscope": "sover", "active": false}));
    let made = provider.post("/scopes", &asleep).await.ok();
    assert_eq!(made.body["active"], false);
}

#[tokio::test]
async fn one_scope_is_an_object_for_those_who_may_know_of_it() {
    let api = with_scope().await;
    let private = json!({"subscope": "skjult", "visibility": "PRIVATE"});
    api.provider()
        .post("/scopes", &but(tidevann(), &private))
        .await
        .ok();
    let other = api.caller(HAVBRIS, &[SCOPES_READ]);
    let public = other.get(TIDEVANN).await.ok();
    assert_eq!(public.member("name"), "fjord:tidevann.read");
    assert_eq!(
        other.get("/scopes").await.ok().body,
        json!([]),
        "not its own"
    );
    let hidden = "/scopes?scope=fjord:skjult";
    other.get(hidden).await.refused(404, "");
    let access = format!("/scopes/access/{HAVBRIS}?scope=fjord:skjult");
    api.provider().put_nothing(&access).await.ok();
    other.get(hidden).await.ok();
    api.provider().delete(&access).await.ok();
    other.get(hidden).await.refused(404, "");
    api.provider().get(hidden).await.ok();
}

#[tokio::test]
async fn the_catalogue_holds_public_scopes_in_order_of_name() {
    let api = with_scope().await;
    for changes in [
        json!({"subscope": "skjult", "visibility": "PRIVATE"}),
        json!({"subscope": "apen", "accessible_for_all": true, "allowed_integration_types": []}),
        json!({"subscope": "gammel", "active": false}),
    ] {
        api.provider()
            .post("/scopes", &but(tidevann(), &changes))
            .await
            .ok();
    }
    let ours = catalogue(&api, "prefix=fjord").await;
    assert_eq!(names(&ours), ["fjord:apen", "fjord:tidevann.read"]);
    for (query, expected) in [
        ("prefix=fjord&accessible_for_all=true", vec!["fjord:apen"]),
        (
            "prefix=fjord&accessible_for_all=FALSE",
            vec!["fjord:tidevann.read"],
        ),
        ("scope=fjord%3Aapen", vec!["fjord:apen"]),
        ("scope=fjord:skjult", vec![]),
        (
            "owner_orgno=0192:310420107&inactive=true",
            vec!["fjord:apen", "fjord:gammel", "fjord:tidevann.read"],
        ),
        (
            "prefix=fjord&allowed_integration_type=krr",
            vec!["fjord:apen"],
        ),
    ] {
        assert_eq!(names(&catalogue(&api, query).await), expected, "{query}");
    }
    let everything = catalogue(&api, "").await;
    let all = names(&everything);
    assert!(all.contains(&"openid") && all.contains(&"idporten:dcr.write"));
    assert!(all.is_sorted());
}

#[tokio::test]
async fn access_is_listed_for_the_owner_and_repeated_grants_change_nothing() {
    let api = with_scope().await;
    let provider = api.provider();
    let list = "/scopes/access?scope=fjord:tidevann.read";
    let before = provider.get(list).await.ok();
    api.clock.advance(std::time::Duration::from_mins(1));
    let provider = api.provider();
    let path = format!("/scopes/access/{HAVBRIS}?scope=fjord:tidevann.read");
    provider.put_nothing(&path).await.ok();
    assert_eq!(provider.get(list).await.ok().body, before.body);
    let denied = provider.delete(&path).await.ok();
    assert_eq!(provider.get(list).await.ok().body, json!([]));
    let all = provider.get(&format!("{list}&inactive=true")).await.ok();
    assert_eq!(all.body, json!([denied.body]));
    let again = provider.put_nothing(&path).await.ok();
    assert_eq!(again.member("state"), "APPROVED");
    assert_eq!(again.body["created"], before.body[0]["created"]);
    assert_ne!(again.body["last_updated"], before.body[0]["last_updated"]);
}

#[tokio::test]
async fn access_can_be_prepared_for_a_deactivated_scope() {
    let api = with_scope().await;
    api.provider().delete(TIDEVANN).await.ok();
    let path = format!("/scopes/access/{LYNGVIK}?scope=fjord:tidevann.read");
    api.provider().put_nothing(&path).await.ok();
    let consumer = api.caller(LYNGVIK, &[SCOPES_READ]);
    let own = consumer.get("/scopes/access/all").await.ok();
    assert_eq!(own.body[0]["scope"], "fjord:tidevann.read");
}

#[tokio::test]
async fn unknown_organizations_can_be_refused() {
    let path = "/scopes/access/999999999?scope=fjord:tidevann.read";
    let api = with_scope().await;
    let answer = api.provider().put_nothing(path).await.ok();
    assert_eq!(answer.member("consumer_orgno"), "999999999");
    let api = Api::with(Settings {
        require_known_organizations: true,
        ..Settings::default()
    })
    .await;
    api.provider().post("/scopes", &tidevann()).await.ok();
    let answer = api.provider().put_nothing(path).await;
    answer.refused(400, "consumer_orgno");
}

#[tokio::test]
async fn sources_and_prefixes_are_open_lists() {
    let api = Api::start().await;
    let now = "2026-03-02T09:15:00.000Z";
    let sources = send(api.request("GET", "/delegationsources")).await.ok();
    let source = json!({"name": "altinn", "issuer": SOURCE, "created": now, "last_updated": now});
    assert_eq!(sources.body, json!([source]));
    let prefixes = send(api.request("GET", "/prefix/all")).await.ok();
    let prefix = json!({"prefix": "fjord", "owner_orgno": FJORDETATEN, "created": now,
        "last_updated": now});
    assert!(prefixes.body.as_array().unwrap().contains(&prefix));
}

#[tokio::test]
async fn an_internal_scope_is_its_owners_to_see_and_the_operators_to_open() {
    use portvakt_core::administration::{Role, scope};
    use portvakt_core::scope::Visibility;
    let api = with_scope().await;
    let now = portvakt_core::Clock::now(api.clock.as_ref());
    api.operate(async |unit| {
        let name = "fjord:tidevann.read".parse().unwrap();
        let mut known = scope::find(unit, &name).await.unwrap();
        known.visibility = Visibility::Internal;
        known.protected = true;
        let changed = scope::update(unit, known, Role::Operator, now).await;
        changed.unwrap();
    })
    .await;
    let consumer = api.caller(HAVBRIS, &[SCOPES_READ]);
    consumer.get(TIDEVANN).await.refused(404, "");
    assert_eq!(catalogue(&api, "prefix=fjord").await, json!([]));
    let provider = api.provider();
    let own = provider.get(TIDEVANN).await.ok();
    assert_eq!(own.member("visibility"), "INTERNAL");
    for body in [
        own.body.clone(),
        but(tidevann(), &json!({"visibility": "PUBLIC"})),
    ] {
        let answer = provider.put(TIDEVANN, &body).await.ok();
        assert_eq!(answer.member("visibility"), "INTERNAL");
        assert_eq!(
            answer.body["protected"], true,
            "what the operator set stays"
        );
    }
}
