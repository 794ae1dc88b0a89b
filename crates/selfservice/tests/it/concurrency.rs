//! Conflicting writes (spec: selfservice §2.2): with `If-Match` the last write never wins silently.

use portvakt_testkit::{HAVBRIS, signing_key};
use serde_json::json;
use tokio::task::JoinSet;

use crate::harness::{Checked, but, havbris, registered, send, tidevann, with_scope};

const SCOPE: &str = "/scopes?scope=fjord:tidevann.read";

#[tokio::test(flavor = "multi_thread")]
async fn of_many_writes_from_one_version_one_is_done() {
    let api = with_scope().await;
    let provider = api.provider();
    let tag = provider.get(SCOPE).await.ok().header("etag").to_owned();
    let mut writes = JoinSet::new();
    for number in 0..8 {
        let body = but(tidevann(), &json!({"description": format!("nr {number}")}));
        let request = provider.request("PUT", SCOPE).json(&body);
        let request = request.header("if-match", &tag);
        writes.spawn(async move { (number, send(request).await) });
    }
    let (mut done, mut refused) = (Vec::new(), 0);
    while let Some(joined) = writes.join_next().await {
        match joined.unwrap() {
            (number, answer) if answer.status == 200 => done.push(number),
            (_, answer) => {
                answer.refused(412, "");
                refused += 1;
            }
        }
    }
    assert_eq!((done.len(), refused), (1, 7));
    let present = provider.get(SCOPE).await.ok();
    assert_eq!(present.member("description"), format!("nr {}", done[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_creations_of_one_scope_one_is_done() {
    let api = with_scope().await;
    let provider = api.provider();
    let mut writes = JoinSet::new();
    for _ in 0..8 {
        let body = but(tidevann(), &json!({"subscope": "samtidig"}));
        let request = provider.request("POST", "/scopes").json(&body);
        writes.spawn(async move { send(request).await.status });
    }
    let mut statuses = writes.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn every_single_resource_has_a_tag_that_writes_can_name() {
    let api = with_scope().await;
    let (provider, consumer) = (api.provider(), api.consumer());
    let client = format!("/clients/{}", registered(&consumer).await);
    let keys = format!("{client}/jwks");
    let access = format!("/scopes/access/{HAVBRIS}?scope=fjord:tidevann.read");
    let jwks = json!({"keys": [signing_key().public_jwk("a").to_json()]});
    let renamed = but(havbris(), &json!({"client_name": "Nytt navn"}));
    let reworded = but(tidevann(), &json!({"description": "Ny tekst"}));
    for (caller, method, path, body) in [
        (&consumer, "PUT", &client, &renamed),
        (&consumer, "POST", &keys, &jwks),
        (&consumer, "DELETE", &keys, &jwks),
        (&consumer, "DELETE", &client, &jwks),
        (&provider, "PUT", &SCOPE.to_owned(), &reworded),
        (&provider, "DELETE", &SCOPE.to_owned(), &reworded),
        (&provider, "DELETE", &access, &reworded),
    ] {
        let write = async |tag: &str| {
            let request = caller.request(method, path).json(body);
            send(request.header("if-match", tag)).await
        };
        for stale in ["\"stale\"", "W/\"stale\"", "stale"] {
            write(stale).await.refused(412, "");
        }
        let tag = if *path == access {
            provider
                .put_nothing(path)
                .await
                .ok()
                .header("etag")
                .to_owned()
        } else {
            caller.get(path).await.ok().header("etag").to_owned()
        };
        assert!(tag.starts_with('"'), "{path}");
        write(&format!("\"other\", {tag}")).await.ok();
        write(&tag).await.refused(412, "");
    }
}
