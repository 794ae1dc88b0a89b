//! Thousands of random calls of random organizations against a model of a few lines: no
//! organization changes or sees what it does not own, and every answer is the model's.

use std::collections::{BTreeMap, BTreeSet};

use portvakt_core::ports::{GrantRegistry, Store};
use portvakt_testkit::{Answer, FJORDETATEN, HAVBRIS, LYNGVIK, TINDESYSTEM, signing_key};
use serde_json::{Value, json};

use crate::harness::{
    Api, MODIFY, READ, SCOPES_READ, SCOPES_WRITE, SUPPLIER, WRITE, havbris, send,
};

const STEPS: usize = 2500;
const ORGANIZATIONS: [&str; 4] = [FJORDETATEN, HAVBRIS, TINDESYSTEM, LYNGVIK];
/// Whose prefixes they are: each organization's at the same place.
const PREFIXES: [&str; 4] = ["fjord", "hav", "tind", "lyng"];
const SCOPES: [&str; 6] = [READ, MODIFY, WRITE, SUPPLIER, SCOPES_READ, SCOPES_WRITE];

/// `SplitMix64`: the same calls at every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % (sides as u64)).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct ModelScope {
    owner: &'static str,
    active: bool,
    private: bool,
    for_all: bool,
}

#[derive(Clone, Debug)]
struct ModelClient {
    orgno: &'static str,
    supplier: Option<&'static str>,
    active: bool,
    scope: String,
}

/// Who calls, with which rights.
struct Who {
    orgno: &'static str,
    scopes: Vec<&'static str>,
}

impl Who {
    fn has(&self, any_of: &[&str]) -> bool {
        any_of.iter().any(|scope| self.scopes.contains(scope))
    }
}

#[derive(Default)]
struct Model {
    scopes: BTreeMap<String, ModelScope>,
    /// Whether it is approved.
    access: BTreeMap<(String, &'static str), bool>,
    clients: BTreeMap<String, ModelClient>,
}

impl Model {
    fn owns(&self, who: &Who, scope: &str) -> bool {
        self.scopes
            .get(scope)
            .is_some_and(|scope| scope.owner == who.orgno)
    }

    fn approved(&self, scope: &str, orgno: &'static str) -> bool {
        self.access.get(&(scope.to_owned(), orgno)) == Some(&true)
    }

    fn may_register(&self, scope: &str, orgno: &'static str) -> bool {
        self.scopes
            .get(scope)
            .is_some_and(|known| known.active && (known.for_all || self.approved(scope, orgno)))
    }

    fn change_scope(&self, who: &Who, scope: &str) -> u16 {
        match (who.has(&[SCOPES_WRITE]), self.owns(who, scope)) {
            (false, _) => 403,
            (true, false) => 404,
            (true, true) => 200,
        }
    }

    fn see_scope(&self, who: &Who, scope: &str) -> u16 {
        let visible = self.scopes.get(scope).is_some_and(|known| {
            known.owner == who.orgno || !known.private || self.approved(scope, who.orgno)
        });
        match (who.has(&[SCOPES_READ, SCOPES_WRITE]), visible) {
            (false, _) => 403,
            (true, false) => 404,
            (true, true) => 200,
        }
    }

    /// 404 if the client does not exist for the caller, else whether it may be changed and stopped.
    fn sees(&self, who: &Who, id: &str) -> Option<(bool, bool)> {
        let client = self.clients.get(id)?;
        let (own, changes) = (client.orgno == who.orgno, who.has(&[MODIFY, WRITE]));
        match client.supplier {
            Some(supplier) if supplier == who.orgno && who.has(&[SUPPLIER]) => Some((true, true)),
            Some(_) if own && who.has(&[READ, MODIFY, WRITE]) => Some((false, changes)),
            None if own && who.has(&[READ, MODIFY, WRITE]) => Some((changes, changes)),
            _ => None,
        }
    }

    fn read_client(&self, who: &Who, id: &str) -> u16 {
        match (
            who.has(&[READ, MODIFY, WRITE, SUPPLIER]),
            self.sees(who, id),
        ) {
            (false, _) => 403,
            (true, None) => 404,
            (true, Some(_)) => 200,
        }
    }

    fn change_client(&self, who: &Who, id: &str, stop: bool) -> u16 {
        match (who.has(&[MODIFY, WRITE, SUPPLIER]), self.sees(who, id)) {
            (true, None) => 404,
            (true, Some((changes, stops))) if changes || (stop && stops) => 200,
            (false, _) | (true, Some(_)) => 403,
        }
    }
}

struct Walk<'a> {
    api: &'a Api,
    model: Model,
    dice: Dice,
    statuses: BTreeSet<(&'static str, u16)>,
}

impl Walk<'_> {
    fn who(&mut self) -> Who {
        let orgno = ORGANIZATIONS[self.dice.roll(4)];
        let mut scopes = vec![SCOPES[self.dice.roll(6)]];
        for scope in SCOPES {
            if self.dice.roll(2) == 0 {
                scopes.push(scope);
            }
        }
        Who { orgno, scopes }
    }

    fn scope(&mut self) -> String {
        let prefix = self.dice.pick(&PREFIXES);
        format!("{prefix}:s{}", self.dice.roll(4))
    }

    /// One that exists most of the time.
    fn client(&mut self) -> String {
        let ids: Vec<_> = self.model.clients.keys().cloned().collect();
        match self.dice.roll(ids.len() + 1) {
            0 => "00000000-0000-4000-8000-000000000000".to_owned(),
            index => ids[index - 1].clone(),
        }
    }

    async fn call(&self, who: &Who, method: &str, path: &str, body: Option<Value>) -> Answer {
        let request = self
            .api
            .caller(who.orgno, &who.scopes)
            .request(method, path);
        send(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    fn check(&mut self, what: &'static str, who: &Who, answer: &Answer, expected: u16) -> bool {
        let context = format!(
            "{what} by {} with {:?}: {}",
            who.orgno, who.scopes, answer.text
        );
        assert_eq!(answer.status, expected, "{context}");
        self.statuses.insert((what, expected));
        expected == 200
    }

    async fn step(&mut self) {
        match self.dice.roll(11) {
            0 | 1 => self.create_scope().await,
            2 => self.replace_scope().await,
            3 => self.delete_scope().await,
            4 | 5 => self.access().await,
            6 => self.create_client().await,
            7 => self.replace_client().await,
            8 => self.stop_client_or_replace_keys().await,
            9 => self.look().await,
            _ => self.list().await,
        }
    }

    async fn create_scope(&mut self) {
        let who = self.who();
        let index = self.dice.roll(4);
        let (private, for_all) = (self.dice.roll(3) == 0, self.dice.roll(3) == 0);
        let subscope = format!("s{}", self.dice.roll(4));
        let name = format!("{}:{subscope}", PREFIXES[index]);
        let mut body = attributes(private, for_all);
        body["prefix"] = json!(PREFIXES[index]);
        body["subscope"] = json!(subscope);
        let answer = self.call(&who, "POST", "/scopes", Some(body)).await;
        let known = self.model.scopes.contains_key(&name);
        let expected = match (ORGANIZATIONS[index] == who.orgno, known) {
            _ if !who.has(&[SCOPES_WRITE]) => 403,
            (false, _) => 403,
            (true, true) => 409,
            (true, false) => 200,
        };
        if self.check("create scope", &who, &answer, expected) {
            let owner = who.orgno;
            let active = true;
            let scope = ModelScope {
                owner,
                active,
                private,
                for_all,
            };
            self.model.scopes.insert(name, scope);
        }
    }

    async fn replace_scope(&mut self) {
        let (who, name) = (self.who(), self.scope());
        let (private, for_all) = (self.dice.roll(3) == 0, self.dice.roll(3) == 0);
        let active = self.dice.roll(4) != 0;
        let mut body = attributes(private, for_all);
        body["active"] = json!(active);
        let path = format!("/scopes?scope={name}");
        let answer = self.call(&who, "PUT", &path, Some(body)).await;
        let expected = self.model.change_scope(&who, &name);
        if self.check("replace scope", &who, &answer, expected) {
            let owner = who.orgno;
            let scope = ModelScope {
                owner,
                active,
                private,
                for_all,
            };
            self.model.scopes.insert(name, scope);
        }
    }

    async fn delete_scope(&mut self) {
        let (who, name) = (self.who(), self.scope());
        let path = format!("/scopes?scope={name}");
        let answer = self.call(&who, "DELETE", &path, None).await;
        let expected = self.model.change_scope(&who, &name);
        if self.check("delete scope", &who, &answer, expected) {
            self.model.scopes.get_mut(&name).unwrap().active = false;
        }
    }

    async fn access(&mut self) {
        let (who, name) = (self.who(), self.scope());
        let consumer = ORGANIZATIONS[self.dice.roll(4)];
        let grants = self.dice.roll(3) != 0;
        let path = format!("/scopes/access/{consumer}?scope={name}");
        let method = if grants { "PUT" } else { "DELETE" };
        let answer = self.call(&who, method, &path, None).await;
        let known = self.model.access.contains_key(&(name.clone(), consumer));
        let expected = match self.model.change_scope(&who, &name) {
            200 if !grants && !known => 404,
            status => status,
        };
        let what = if grants { "grant" } else { "withdraw" };
        if self.check(what, &who, &answer, expected) {
            self.model.access.insert((name, consumer), grants);
        }
    }

    async fn create_client(&mut self) {
        let (who, scope) = (self.who(), self.scope());
        let named = match self.dice.roll(5) {
            4 => None,
            index => Some(ORGANIZATIONS[index]),
        };
        let mut body = with_scope(&scope);
        body["client_orgno"] = json!(named);
        let answer = self.call(&who, "POST", "/clients", Some(body)).await;
        let other = named.filter(|named| *named != who.orgno);
        let deciding = match other {
            _ if !who.has(&[WRITE, SUPPLIER]) => Err(403),
            Some(_) if !who.has(&[SUPPLIER]) => Err(403),
            None if !who.has(&[WRITE]) => Err(400),
            _ => Ok(who.orgno),
        };
        let expected = match deciding {
            Err(status) => status,
            Ok(orgno) if self.model.may_register(&scope, orgno) => 200,
            Ok(_) => 400,
        };
        if self.check("create client", &who, &answer, expected) {
            let client = ModelClient {
                orgno: other.unwrap_or(who.orgno),
                supplier: other.map(|_| who.orgno),
                active: true,
                scope,
            };
            let id = answer.member("client_id").to_owned();
            self.model.clients.insert(id, client);
        }
    }

    async fn replace_client(&mut self) {
        let (who, id, mut scope) = (self.who(), self.client(), self.scope());
        if let (Some(known), 0) = (self.model.clients.get(&id), self.dice.roll(2)) {
            scope.clone_from(&known.scope);
        }
        let path = format!("/clients/{id}");
        let body = with_scope(&scope);
        let answer = self.call(&who, "PUT", &path, Some(body)).await;
        let expected = match self.model.change_client(&who, &id, false) {
            200 => {
                let known = &self.model.clients[&id];
                let may = self.model.may_register(&scope, who.orgno);
                match (known.active, known.scope == scope || may) {
                    (false, _) => 409,
                    (true, false) => 400,
                    (true, true) => 200,
                }
            }
            status => status,
        };
        if self.check("replace client", &who, &answer, expected) {
            self.model.clients.get_mut(&id).unwrap().scope = scope;
        }
    }

    async fn stop_client_or_replace_keys(&mut self) {
        let (who, id) = (self.who(), self.client());
        if self.dice.roll(3) == 0 {
            let answer = self
                .call(&who, "DELETE", &format!("/clients/{id}"), None)
                .await;
            let expected = self.model.change_client(&who, &id, true);
            if self.check("stop client", &who, &answer, expected) {
                self.model.clients.get_mut(&id).unwrap().active = false;
            }
            return;
        }
        let keys = json!([signing_key().public_jwk("a").to_json()]);
        let path = format!("/clients/{id}/jwks");
        let answer = self.call(&who, "POST", &path, Some(keys)).await;
        let expected = self.model.change_client(&who, &id, false);
        self.check("replace keys", &who, &answer, expected);
    }

    async fn look(&mut self) {
        let (who, id, name) = (self.who(), self.client(), self.scope());
        let answer = self
            .call(&who, "GET", &format!("/clients/{id}"), None)
            .await;
        let expected = self.model.read_client(&who, &id);
        if self.check("read client", &who, &answer, expected) {
            let known = &self.model.clients[&id];
            assert_eq!(answer.body["active"], known.active);
            assert_eq!(answer.body["scopes"], json!([known.scope]));
            assert_eq!(answer.body["client_orgno"], known.orgno);
            assert_eq!(
                answer.member("supplier_orgno"),
                known.supplier.unwrap_or_default()
            );
        }
        let answer = self
            .call(&who, "GET", &format!("/scopes?scope={name}"), None)
            .await;
        let expected = self.model.see_scope(&who, &name);
        if self.check("read scope", &who, &answer, expected) {
            let known = self.model.scopes[&name];
            assert_eq!(answer.body["active"], known.active);
            assert_eq!(answer.member("owner_orgno"), known.owner);
            assert_eq!(answer.body["accessible_for_all"], known.for_all);
        }
    }

    async fn list(&mut self) {
        let who = self.who();
        if who.has(&[READ, MODIFY, WRITE, SUPPLIER]) {
            let answer = self.call(&who, "GET", "/clients?inactive=true", None).await;
            let ids = self.model.clients.keys();
            let visible = ids.filter(|id| self.model.sees(&who, id).is_some());
            assert_eq!(members(&answer, "client_id"), visible.cloned().collect());
        }
        if who.has(&[SCOPES_READ, SCOPES_WRITE]) {
            let answer = self.call(&who, "GET", "/scopes", None).await;
            let owned = self.model.scopes.iter();
            let owned = owned.filter(|(_, scope)| scope.active && scope.owner == who.orgno);
            let owned = owned.map(|(name, _)| name.clone()).collect();
            assert_eq!(members(&answer, "name"), owned);
        }
        let answer = self.call(&who, "GET", "/scopes/access/all", None).await;
        let granted = self.model.access.iter();
        let granted = granted.filter(|((_, orgno), approved)| **approved && *orgno == who.orgno);
        let granted = granted.map(|((name, _), _)| name.clone()).collect();
        assert_eq!(members(&answer, "scope"), granted);
    }

    /// The facts of token requests are the model's too.
    async fn check_facts(&self) {
        for (name, scope) in &self.model.scopes {
            for orgno in ORGANIZATIONS {
                let tokens = [name.parse().unwrap()];
                let facts = self
                    .api
                    .store
                    .find_scope_facts(&tokens, orgno.parse().unwrap());
                let fact = facts.await.unwrap().remove(0);
                let known = fact.scope.unwrap();
                assert_eq!(known.active, scope.active, "{name}");
                assert_eq!(known.accessible_for_all, scope.for_all, "{name}");
                let approved = fact.access == Some(portvakt_core::access::AccessState::Approved);
                assert_eq!(approved, self.model.approved(name, orgno), "{name} {orgno}");
            }
        }
    }
}

fn attributes(private: bool, for_all: bool) -> Value {
    let visibility = if private { "PRIVATE" } else { "PUBLIC" };
    json!({"description": "a", "visibility": visibility, "accessible_for_all": for_all})
}

fn with_scope(scope: &str) -> Value {
    let mut body = havbris();
    body["scopes"] = json!([scope]);
    body
}

fn members(answer: &Answer, name: &str) -> BTreeSet<String> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let records = answer.body.as_array().unwrap().iter();
    records
        .map(|record| record[name].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn every_answer_is_the_models() {
    let api = Api::start().await;
    let now = portvakt_core::Clock::now(api.clock.as_ref());
    api.operate(async |unit| {
        for (prefix, orgno) in PREFIXES.into_iter().zip(ORGANIZATIONS) {
            let (prefix, orgno) = (prefix.parse().unwrap(), orgno.parse().unwrap());
            let assigned = portvakt_core::administration::prefix::assign(unit, &prefix, orgno, now);
            assigned.await.unwrap();
        }
    })
    .await;
    let mut walk = Walk {
        api: &api,
        model: Model::default(),
        dice: Dice(2026),
        statuses: BTreeSet::new(),
    };
    for _ in 0..STEPS {
        walk.step().await;
    }
    walk.check_facts().await;
    // A walk that never gets anywhere would agree with any model.
    for (what, statuses) in [
        ("create scope", &[200, 403, 409][..]),
        ("replace scope", &[200, 403, 404]),
        ("delete scope", &[200, 403, 404]),
        ("grant", &[200, 403, 404]),
        ("withdraw", &[200, 403, 404]),
        ("create client", &[200, 400, 403]),
        ("replace client", &[200, 400, 403, 404, 409]),
        ("stop client", &[200, 403, 404]),
        ("replace keys", &[200, 403, 404]),
        ("read client", &[200, 403, 404]),
        ("read scope", &[200, 403, 404]),
    ] {
        for status in statuses {
            assert!(walk.statuses.contains(&(what, *status)), "{what} {status}");
        }
    }
    assert!(api.store.revision().await.unwrap().0 > 100);
}
