//! What changed after a revision: an extension that a Portvakt answers.

use portvakt_api_types::ChangesResponse;
use reqwest::Method;

use super::{Call, SelfService};
use crate::error::ClientError;

impl SelfService {
    /// Which of the organization's records changed after this revision, or, without one, which revision to
    /// begin with; `None` where the target does not tell.
    pub async fn changes(
        &self,
        since: Option<u64>,
    ) -> Result<Option<ChangesResponse>, ClientError> {
        let since = since.map(|revision| revision.to_string());
        let mut call = Call::new(Method::GET, "/changes", "list of changes");
        if let Some(since) = &since {
            call = call.with("since", since);
        }
        match self.record(call).await {
            Ok(changes) => Ok(Some(changes.value)),
            Err(error) if matches!(error.status(), Some(403..=405 | 501)) => Ok(None),
            Err(ClientError::Garbage { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
