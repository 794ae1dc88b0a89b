//! How much scopes are used: an extension that a Portvakt answers.

use portvakt_api_types::ScopeUsageResponse;
use reqwest::Method;

use super::{Call, SelfService};
use crate::error::ClientError;

impl SelfService {
    /// Who used an own scope since a day (`2026-03-02`); `None` where the target does not tell.
    pub async fn scope_usage(
        &self,
        scope: &str,
        from: &str,
    ) -> Result<Option<ScopeUsageResponse>, ClientError> {
        let call = Call::new(Method::GET, "/scopes/usage", "usage of a scope");
        let call = call.with("scope", scope).with("from", from);
        match self.record(call).await {
            Ok(usage) => Ok(Some(usage.value)),
            Err(error) if matches!(error.status(), Some(404 | 405 | 403 | 400)) => Ok(None),
            Err(ClientError::Garbage { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
