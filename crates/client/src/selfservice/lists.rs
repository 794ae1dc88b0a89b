//! The open lists (spec: selfservice §6.2, §8), which are read without a token.

use portvakt_api_types::{DelegationSourceResponse, PrefixResponse, ScopeResponse};
use reqwest::Method;

use super::{Call, SelfService, lenient};
use crate::error::ClientError;

impl SelfService {
    /// The public scope of this name, if there is one. A service that does not filter by name
    /// answers more, which is left out.
    pub async fn public_scope(&self, name: &str) -> Result<Option<ScopeResponse>, ClientError> {
        let call = Call::new(Method::GET, "/scopes/all", "list of scopes").open();
        let call = call.with("scope", name).defaults(lenient::scope);
        let mut listed: Vec<ScopeResponse> = self.list(call).await?;
        listed.retain(|scope| scope.name == name);
        Ok(listed.pop())
    }

    /// Sources in which organizations delegate.
    pub async fn delegation_sources(&self) -> Result<Vec<DelegationSourceResponse>, ClientError> {
        let call = Call::new(
            Method::GET,
            "/delegationsources",
            "list of delegation sources",
        );
        self.list(call.open().defaults(lenient::dated)).await
    }

    /// Who owns which prefix.
    pub async fn prefixes(&self) -> Result<Vec<PrefixResponse>, ClientError> {
        let call = Call::new(Method::GET, "/prefix/all", "list of prefixes");
        self.list(call.open().defaults(lenient::dated)).await
    }
}
