//! The open lists (spec: selfservice §6.2, §8), which are read without a token.

use portvakt_api_types::{DelegationSourceResponse, PrefixResponse, ScopeResponse};
use reqwest::Method;

use super::{Call, SelfService, lenient};
use crate::error::ClientError;

impl SelfService {
    /// Public scopes that every organization may use.
    pub async fn open_scopes(&self) -> Result<Vec<ScopeResponse>, ClientError> {
        let call = Call::new(Method::GET, "/scopes/all", "list of scopes").open();
        let call = call.with("accessible_for_all", "true");
        self.list(call.defaults(lenient::scope)).await
    }

    /// Public scopes below a prefix. A service that does not filter answers all, or refuses.
    pub async fn public_scopes(&self, prefix: &str) -> Result<Vec<ScopeResponse>, ClientError> {
        let call = Call::new(Method::GET, "/scopes/all", "list of scopes").open();
        let call = call.with("prefix", prefix);
        self.list(call.defaults(lenient::scope)).await
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
