//! Requests to one node.

use std::time::{Duration, Instant};

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::cluster::PATIENCE;
use crate::identity::{self, grant, grant_of};

/// Longer than a node takes to say that it cannot answer.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Where a node listens, and connections to it. Clones share the connections.
#[derive(Clone, Default)]
pub(crate) struct Wire {
    maskinporten: String,
    idporten: String,
    selfservice: String,
    operations: String,
    http: Client,
}

/// What came of a request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// An answer with a status below 500.
    Decided { status: u16, body: Value },
    /// 503, with the time after which to try again.
    Unavailable,
    /// The connection broke, or nothing came back.
    Lost,
}

impl Answer {
    /// The status, and the national code of a refusal.
    pub(crate) fn outcome(&self) -> (u16, String) {
        match self {
            Self::Decided { status, body } => {
                let uri = body["error_uri"].as_str().unwrap_or_default();
                let code = uri.rsplit('/').next().unwrap_or_default();
                (*status, code.to_owned())
            }
            Self::Unavailable => (503, String::new()),
            Self::Lost => (0, String::new()),
        }
    }

    /// Whether it was done.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Decided { status, .. } if (200..300).contains(status))
    }

    pub(crate) fn is_replay(&self) -> bool {
        self.outcome() == (400, "MP-012".to_owned())
    }

    /// The body of what was done.
    pub(crate) fn done(self) -> Value {
        match self {
            Self::Decided { status, body } if (200..300).contains(&status) => body,
            other => panic!("{other:?}"),
        }
    }
}

impl Wire {
    pub(crate) fn to(addresses: &Value) -> Self {
        let address = |surface: &str| format!("http://{}", addresses[surface].as_str().unwrap());
        let http = Client::builder().timeout(TIMEOUT).no_proxy();
        Self {
            maskinporten: address("maskinporten"),
            idporten: address("idporten"),
            selfservice: address("selfservice"),
            operations: address("operations"),
            http: http.build().unwrap(),
        }
    }

    /// The address of the login surface.
    pub(crate) fn logins(&self) -> &str {
        &self.idporten
    }

    /// The answer to a grant.
    pub(crate) async fn exchange(&self, grant: &str) -> Answer {
        let form =
            format!("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={grant}");
        let request = self.http.post(format!("{}/token", self.maskinporten));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        answer(request.body(form)).await
    }

    /// The keys that it publishes.
    pub(crate) async fn keys(&self) -> Value {
        let request = self.http.get(format!("{}/jwk", self.maskinporten));
        answer(request).await.done()
    }

    /// Whether it says that it is ready.
    pub(crate) async fn is_ready(&self) -> bool {
        let request = self.http.get(format!("{}/ready", self.operations));
        let answer = request.send().await;
        answer.is_ok_and(|answer| answer.status() == 200)
    }

    /// An administrator, who keeps a token for as long as it lives.
    pub(crate) async fn operator(&self) -> Administrator {
        let base = format!("{}/operator/v1", self.operations);
        self.administrator(base, identity::OPERATORS_CLIENT, identity::OPERATE)
            .await
    }

    /// The scope's owner.
    pub(crate) async fn owner(&self) -> Administrator {
        let base = format!("{}/api/v1", self.selfservice);
        self.administrator(base, identity::OWNERS_CLIENT, identity::ADMINISTER_SCOPES)
            .await
    }

    async fn administrator(&self, base: String, client: &str, scope: &str) -> Administrator {
        let token = self.exchange(&grant_of(client, scope)).await.done();
        Administrator {
            base,
            token: token["access_token"].as_str().unwrap().to_owned(),
            http: self.http.clone(),
        }
    }

    /// Asks for tokens until it gives one, and says how long that took.
    pub(crate) async fn until_it_serves(&self) -> Duration {
        let asked = Instant::now();
        while !self.exchange(&grant()).await.is_done() {
            assert!(asked.elapsed() < PATIENCE, "no token");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        asked.elapsed()
    }

    /// Asks until it says that it is not ready.
    pub(crate) async fn until_it_is_not_ready(&self) {
        let asked = Instant::now();
        while self.is_ready().await {
            assert!(asked.elapsed() < PATIENCE, "still ready");
        }
    }
}

/// Somebody with a token of an API.
#[derive(Clone)]
pub(crate) struct Administrator {
    base: String,
    token: String,
    http: Client,
}

impl Administrator {
    pub(crate) async fn act(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = self.http.request(method, format!("{}{path}", self.base));
        let request = request.bearer_auth(&self.token);
        answer(if body.is_null() {
            request
        } else {
            request.json(&body)
        })
        .await
    }

    /// Records an organization.
    pub(crate) async fn record(&self, orgno: &str) -> Answer {
        let path = format!("/organizations/{orgno}");
        self.act(Method::PUT, &path, json!({"name": format!("Org {orgno}")}))
            .await
    }

    /// The numbers of all organizations.
    pub(crate) async fn organizations(&self) -> Vec<String> {
        let answer = self.act(Method::GET, "/organizations", Value::Null).await;
        let listed = answer.done();
        let listed = listed.as_array().unwrap().iter();
        listed
            .map(|organization| organization["orgno"].as_str().unwrap().to_owned())
            .collect()
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let Ok(answer) = request.send().await else {
        return Answer::Lost;
    };
    let status = answer.status().as_u16();
    if status == 503 {
        assert!(answer.headers().contains_key("retry-after"), "{answer:?}");
        return Answer::Unavailable;
    }
    assert!(status < 500, "{answer:?}");
    match answer.bytes().await {
        Ok(body) => Answer::Decided {
            status,
            body: serde_json::from_slice(&body).unwrap_or_default(),
        },
        Err(_) => Answer::Lost,
    }
}
