//! Token requests along the walk: the model says who gets a token, for whom.

use std::sync::Arc;

use arc_swap::ArcSwap;
use portvakt_core::grant::{TokenExchange, TokenExchangeParts};
use portvakt_core::issuer::{Issuer, Profile};
use portvakt_core::{Clock, SystemEntropy};
use portvakt_jose::{Jws, TrustStore};
use portvakt_testkit::signing_key;
use serde_json::{Value, json};

use super::rules::ModelClient;
use super::walk::Walk;
use crate::harness::{Api, ISSUER};

/// Key id of the key that clients register.
pub(super) const KEY_ID: &str = "a";

/// Where grants become tokens, on the API's own store.
pub(super) struct Desk {
    exchange: TokenExchange,
    asked: u32,
}

impl Desk {
    pub(super) fn open(api: &Api) -> Self {
        let trust = TrustStore::builder().build().unwrap();
        let exchange = TokenExchange::new(TokenExchangeParts {
            issuer: Issuer::new(ISSUER, Profile::Maskinporten),
            registry: api.store.clone(),
            ledger: api.store.clone(),
            delegations: api.store.clone(),
            parties: api.store.clone(),
            keys: api.keys.clone(),
            trust: Arc::new(ArcSwap::from_pointee(trust)),
            clock: api.clock.clone(),
            entropy: Arc::new(SystemEntropy),
            shares: None,
            explain_refusals: false,
        });
        Self { exchange, asked: 0 }
    }

    /// The claims of the token that a right grant of this client gets, if it gets one.
    async fn ask(&mut self, now: i64, client_id: &str, scope: &str) -> Option<Value> {
        self.asked += 1;
        let header = json!({"alg": "RS256", "kid": KEY_ID});
        let claims = json!({
            "aud": ISSUER, "iss": client_id, "scope": scope, "iat": now, "exp": now + 60,
            "jti": self.asked.to_string(),
        });
        let grant = signing_key().sign_compact(&header, &claims).unwrap();
        let token = self.exchange.exchange(&grant).await.ok()?;
        let token = Jws::parse(&token.access_token).unwrap();
        Some(serde_json::from_slice(token.payload()).unwrap())
    }
}

impl Walk<'_> {
    pub(super) async fn ask_for_token(&mut self) {
        let (id, mut scope) = (self.client(), self.scope());
        let known = self.model.clients.get(&id).cloned();
        if let (Some(known), true) = (&known, self.dice.roll(4) != 0) {
            scope.clone_from(&known.scope);
        }
        let now = self.api.clock.now().seconds();
        let token = self.desk.ask(now, &id, &scope).await;
        let expected = known.filter(|client| self.may_have_token(client, &scope));
        let what = if token.is_some() { "issue" } else { "refuse" };
        self.statuses.insert((what, 0));
        match (token, expected) {
            (None, None) => {}
            (Some(token), Some(client)) => {
                let organization = |claim: &str| token[claim]["ID"].as_str().map(str::to_owned);
                let number = |orgno| format!("0192:{orgno}");
                assert_eq!(token["scope"], scope);
                assert_eq!(organization("consumer"), Some(number(client.orgno)));
                assert_eq!(organization("supplier"), client.supplier.map(number));
            }
            (token, expected) => panic!("{id} for {scope}: {token:?}, not {expected:?}"),
        }
    }

    fn may_have_token(&self, client: &ModelClient, scope: &str) -> bool {
        let accessing = client.supplier.unwrap_or(client.orgno);
        client.active
            && client.has_key
            && client.scope == scope
            && self.model.may_register(scope, accessing)
    }
}
