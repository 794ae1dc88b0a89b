//! Scopes and who has access to them (spec: selfservice §6, §7).

use portvakt_api_types::{AccessResponse, ScopeRequest, ScopeResponse};
use reqwest::Method;
use serde_json::Value;

use super::{Call, SelfService, Tagged, Written, lenient, segment};
use crate::error::ClientError;

impl SelfService {
    /// Every scope of the organization, deactivated ones too.
    pub async fn scopes(&self) -> Result<Vec<ScopeResponse>, ClientError> {
        let call = Call::new(Method::GET, "/scopes", "list of scopes");
        let call = call.with("inactive", "true").defaults(lenient::scope);
        self.list(call).await
    }

    /// One scope.
    pub async fn scope(&self, name: &str) -> Result<Tagged<ScopeResponse>, ClientError> {
        let call = Call::new(Method::GET, "/scopes", "scope");
        let call = call.with("scope", name).defaults(lenient::scope);
        self.record(call).await
    }

    /// Makes a scope. One that exists, deactivated or not, is a refusal with status 409.
    pub async fn create_scope(
        &self,
        body: &ScopeRequest,
    ) -> Result<Written<ScopeResponse>, ClientError> {
        let call = Call::new(Method::POST, "/scopes", "scope");
        self.write(call.body(json(body)).defaults(lenient::scope))
            .await
    }

    /// Replaces a scope's attributes; a deactivated one is active again unless the body says no.
    pub async fn update_scope(
        &self,
        name: &str,
        body: &ScopeRequest,
        if_match: Option<&str>,
    ) -> Result<Written<ScopeResponse>, ClientError> {
        let call = Call::new(Method::PUT, "/scopes", "scope").with("scope", name);
        let call = call.body(json(body)).if_match(if_match);
        self.write(call.defaults(lenient::scope)).await
    }

    /// Deactivates a scope.
    pub async fn deactivate_scope(
        &self,
        name: &str,
        if_match: Option<&str>,
    ) -> Result<Written<()>, ClientError> {
        let call = Call::new(Method::DELETE, "/scopes", "scope").with("scope", name);
        self.write_only(call.if_match(if_match)).await
    }

    /// Who has access to an own scope, or had.
    pub async fn access(&self, scope: &str) -> Result<Vec<AccessResponse>, ClientError> {
        let call = Call::new(Method::GET, "/scopes/access", "list of access");
        let call = call.with("scope", scope).with("inactive", "true");
        self.list(call.defaults(lenient::access)).await
    }

    /// What the organization has access to.
    pub async fn granted(&self) -> Result<Vec<AccessResponse>, ClientError> {
        let call = Call::new(Method::GET, "/scopes/access/all", "list of access");
        self.list(call.defaults(lenient::access)).await
    }

    /// Grants an organization access, again or for the first time.
    pub async fn grant(&self, scope: &str, consumer: &str) -> Result<Written<()>, ClientError> {
        self.change_access(Method::PUT, scope, consumer).await
    }

    /// Withdraws an organization's access.
    pub async fn withdraw(&self, scope: &str, consumer: &str) -> Result<Written<()>, ClientError> {
        self.change_access(Method::DELETE, scope, consumer).await
    }

    async fn change_access(
        &self,
        method: Method,
        scope: &str,
        consumer: &str,
    ) -> Result<Written<()>, ClientError> {
        let path = format!("/scopes/access/{}", segment(consumer));
        self.write_only(Call::new(method, path, "access").with("scope", scope))
            .await
    }
}

/// Requests are plain data with text keys: they always become JSON.
fn json(body: &ScopeRequest) -> Value {
    serde_json::to_value(body).unwrap_or_default()
}
