//! The operator is killed after each of its outgoing calls in turn, to the API server and to the issuer, and
//! started again: the end is that of an operator that lived, with one client and no lost key.

use portvakt_operator::shell::Passed;

use crate::calls::Calls;
use crate::scene::{Life, Scene};
use crate::vector::Vector;

async fn survives(vector: Vector) {
    let scene = Scene::new().await;
    vector.prepare(&scene).await;
    let calls = Calls::default();
    assert!(vector.pass(&scene, &calls).await.succeeded());
    let expected = vector.state(&scene).await;
    let total = calls.made().len();
    assert!(total > 4, "{:?}", calls.made());
    for last in 1..=total {
        let scene = Scene::new().await;
        vector.prepare(&scene).await;
        let calls = Calls::until(last);
        let life = vector.pass(&scene, &calls).await;
        assert_eq!(life, Life::Died, "{vector:?} after {last} of {total}");
        let again = Calls::default();
        let life = vector.pass(&scene, &again).await;
        // After its last call there was nothing more to do.
        let is_at_rest = matches!(life, Life::Passed(Passed::Rested(_)));
        assert!(life.succeeded() || is_at_rest, "{life:?}");
        let state = vector.state(&scene).await;
        let made = calls.made();
        assert_eq!(
            state,
            expected,
            "{vector:?}, killed after call {last} of {total}, {:?}; then {:#?}",
            made.last(),
            again.made()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn v1() {
    survives(Vector::V1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v2() {
    survives(Vector::V2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v3() {
    survives(Vector::V3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v4() {
    survives(Vector::V4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v4_preserved() {
    survives(Vector::V4Preserved).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v4_deleted() {
    survives(Vector::V4Deleted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v5() {
    survives(Vector::V5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v6() {
    survives(Vector::V6).await;
}
