//! Rows of the companion APIs.

use portvakt_core::login::refusal::LoginRefusalCode::{self, *};
use portvakt_testkit::HAVBRIS;
use reqwest::Method;
use serde_json::json;

use super::received;
use crate::companion::{
    AUTHORIZATIONS, LEVEL, ask, get, organization, organization_claims, post, server,
};
use crate::harness::{Answer, LoginServer, OTHER_PID, PID, sign_as_machine_issuer};

pub(super) const ROWS: &[LoginRefusalCode] = &[
    ScopeRequired,
    TokenOfWrongKind,
    PersonNotInToken,
    ResourceNotFound,
    NotAcceptable,
    JsonRequired,
    BodyInvalid,
];

const CLIENTS: &str = "/clients/authorizations";

async fn receive(server: &LoginServer, code: LoginRefusalCode) -> Answer {
    let token = organization(server, HAVBRIS, AUTHORIZATIONS).await;
    let asked = json!({"pid": PID});
    let url = format!("{}{CLIENTS}", server.base);
    match code {
        ScopeRequired => {
            let other = organization(server, HAVBRIS, LEVEL).await;
            post(server, CLIENTS, &other, &asked).await
        }
        TokenOfWrongKind => get(server, CLIENTS, &token).await,
        PersonNotInToken => {
            let mut claims = organization_claims(server, HAVBRIS, AUTHORIZATIONS);
            claims["pid"] = json!(PID);
            let token = sign_as_machine_issuer(&claims).await;
            post(server, CLIENTS, &token, &json!({"pid": OTHER_PID})).await
        }
        ResourceNotFound => {
            let unknown = format!("/authorizations/{}", "A".repeat(43));
            ask(server, Method::DELETE, &unknown, &token, None).await
        }
        NotAcceptable => {
            let asked = server.http.post(&url).bearer_auth(&token).json(&asked);
            let asked = asked.header("accept", "text/html");
            Answer::read(asked.send().await.unwrap()).await
        }
        JsonRequired => {
            let asked = server.http.post(&url).bearer_auth(&token);
            let asked = asked.form(&[("pid", PID)]);
            Answer::read(asked.send().await.unwrap()).await
        }
        BodyInvalid => post(server, CLIENTS, &token, &json!({})).await,
        other => panic!("{} is no row of companion APIs", other.name()),
    }
}

#[tokio::test]
async fn callers_receive_each_row() {
    let server = server().await;
    for code in ROWS {
        received(&server, *code, &receive(&server, *code).await).await;
    }
}
