//! Random calls, each compared with the model's answer.

use std::collections::BTreeSet;

use portvakt_core::ports::GrantRegistry;
use portvakt_testkit::{Answer, signing_key};
use serde_json::{Value, json};

use super::rules::{Model, ModelClient, ModelScope, Who};
use super::tokens::{Desk, KEY_ID};
use super::{Dice, ORGANIZATIONS, PREFIXES, SCOPES};
use crate::harness::{
    Api, MODIFY, READ, SCOPES_READ, SCOPES_WRITE, SUPPLIER, WRITE, havbris, send,
};

pub(super) struct Walk<'a> {
    pub(super) api: &'a Api,
    pub(super) model: Model,
    pub(super) dice: Dice,
    pub(super) desk: Desk,
    pub(super) statuses: BTreeSet<(&'static str, u16)>,
}

impl Walk<'_> {
    pub(super) fn who(&mut self) -> Who {
        let orgno = ORGANIZATIONS[self.dice.roll(4)];
        let mut scopes = vec![SCOPES[self.dice.roll(6)]];
        for scope in SCOPES {
            if self.dice.roll(2) == 0 {
                scopes.push(scope);
            }
        }
        Who { orgno, scopes }
    }

    pub(super) fn scope(&mut self) -> String {
        let prefix = self.dice.pick(&PREFIXES);
        format!("{prefix}:s{}", self.dice.roll(4))
    }

    /// One that exists most of the time.
    pub(super) fn client(&mut self) -> String {
        let ids: Vec<_> = self.model.clients.keys().cloned().collect();
        match self.dice.roll(ids.len() + 1) {
            0 => "00000000-0000-4000-8000-000000000000".to_owned(),
            index => ids[index - 1].clone(),
        }
    }

    pub(super) async fn call(
        &self,
        who: &Who,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
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

    pub(super) fn check(
        &mut self,
        what: &'static str,
        who: &Who,
        answer: &Answer,
        expected: u16,
    ) -> bool {
        let context = format!(
            "{what} by {} with {:?}: {}",
            who.orgno, who.scopes, answer.text
        );
        assert_eq!(answer.status, expected, "{context}");
        self.statuses.insert((what, expected));
        expected == 200
    }

    pub(super) async fn step(&mut self) {
        match self.dice.roll(13) {
            0 | 1 => self.create_scope().await,
            2 => self.replace_scope().await,
            3 => self.delete_scope().await,
            4 | 5 => self.access().await,
            6 => self.create_client().await,
            7 => self.replace_client().await,
            8 => self.stop_client_or_replace_keys().await,
            9 => self.look().await,
            10 | 11 => self.ask_for_token().await,
            _ => self.list().await,
        }
    }

    pub(super) async fn create_scope(&mut self) {
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

    pub(super) async fn replace_scope(&mut self) {
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

    pub(super) async fn delete_scope(&mut self) {
        let (who, name) = (self.who(), self.scope());
        let path = format!("/scopes?scope={name}");
        let answer = self.call(&who, "DELETE", &path, None).await;
        let expected = self.model.change_scope(&who, &name);
        if self.check("delete scope", &who, &answer, expected) {
            self.model.scopes.get_mut(&name).unwrap().active = false;
        }
    }

    pub(super) async fn access(&mut self) {
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

    pub(super) async fn create_client(&mut self) {
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
                has_key: false,
            };
            let id = answer.member("client_id").to_owned();
            self.model.clients.insert(id, client);
        }
    }

    pub(super) async fn replace_client(&mut self) {
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

    pub(super) async fn stop_client_or_replace_keys(&mut self) {
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
        let keys = json!([signing_key().public_jwk(KEY_ID).to_json()]);
        let path = format!("/clients/{id}/jwks");
        let answer = self.call(&who, "POST", &path, Some(keys)).await;
        let expected = self.model.change_client(&who, &id, false);
        if self.check("replace keys", &who, &answer, expected) {
            self.model.clients.get_mut(&id).unwrap().has_key = true;
        }
    }

    pub(super) async fn look(&mut self) {
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

    pub(super) async fn list(&mut self) {
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
    pub(super) async fn check_facts(&self) {
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
