//! A cluster as the existing operator leaves it: resources, Secrets and registrations, taken over without a
//! changed credential.

use kube::api::{Api, Patch, PatchParams};
use portvakt_operator::pass::RESYNC;
use portvakt_operator::resource::MaskinportenClient;
use portvakt_operator::shell::Passed;
use serde_json::json;

use crate::calls::Calls;
use crate::scene::{Life, Scene};
use crate::vector::Vector;

async fn patch(scene: &Scene, patch: serde_json::Value) {
    let resources: Api<MaskinportenClient> = scene.all();
    let params = PatchParams::default();
    let name = Vector::V1.name();
    resources
        .patch(name, &params, &Patch::Merge(patch))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_changed_until_something_is_asked_for_and_no_credential_ever() {
    let scene = Scene::new().await;
    Vector::V1.prepare_taken_over(&scene).await;
    let (secrets, clients) = (scene.secrets().await, scene.clients("laanesok").await);
    let status = Vector::V1.status(&scene).await;
    assert_eq!(clients[0].2, ["maskinporten-laanesok-9b0cdc78"]);

    // What is up to date is not even compared.
    let calls = Calls::default();
    let life = Vector::V1.pass(&scene, &calls).await;
    assert!(matches!(life, Life::Passed(Passed::Rested(_))), "{life:?}");
    let mut asked = calls.made();
    asked.retain(|call| call.starts_with("issuer "));
    assert_eq!(asked, Vec::<String>::new());
    assert_eq!(calls.writes(), Vec::<String>::new());
    assert_eq!(Vector::V1.status(&scene).await, status);

    // Compared, it is what it should be.
    patch(
        &scene,
        json!({"metadata": {"annotations": {RESYNC: "true"}}}),
    )
    .await;
    let calls = Calls::default();
    assert!(Vector::V1.pass(&scene, &calls).await.succeeded());
    assert_eq!(calls.changes(), Vec::<String>::new());
    assert_eq!(scene.secrets().await, secrets);
    assert_eq!(scene.clients("laanesok").await, clients);

    // A change of the specification is that change.
    let consumes = json!([{"name": "demoskatt:inntekt.read"}]);
    patch(&scene, json!({"spec": {"scopes": {"consumes": consumes}}})).await;
    let calls = Calls::default();
    assert!(Vector::V1.pass(&scene, &calls).await.succeeded());
    let id = &clients[0].0;
    assert_eq!(
        calls.changes(),
        [format!("issuer PUT /api/v1/clients/{id}")]
    );
    let after = scene.secrets().await;
    let secret = &after["maskinporten-laanesok-9b0cdc78"];
    assert_eq!(secret["MASKINPORTEN_SCOPES"], "demoskatt:inntekt.read");
    let before = &secrets["maskinporten-laanesok-9b0cdc78"];
    for entry in ["MASKINPORTEN_CLIENT_ID", "MASKINPORTEN_CLIENT_JWK"] {
        assert_eq!(secret[entry], before[entry], "{entry}");
    }
    assert_eq!(scene.clients("laanesok").await[0].2, clients[0].2);
}
