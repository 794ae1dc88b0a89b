//! Access tokens that were revoked before their time, for APIs that look at no other list
//! (spec: companion-apis §5).

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Companion;
use crate::client::ClientId;
use crate::clock::Timestamp;
use crate::login::provider::Denied;
use crate::login::record::RevokedToken;
use crate::login::refusal::LoginRefusalCode;
use crate::ports::StorageError;

/// Entries of an answer, at most.
pub const MAX_REVOKED: u32 = 100_000;

/// What was revoked, as it is at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokeList {
    /// The moment.
    pub created: Timestamp,
    /// The tokens, the last that was revoked at the end.
    pub tokens: Vec<RevokedToken>,
}

impl RevokeList {
    /// Differs when a token does, and does not when only time has passed. Nobody can make two lists
    /// that have the same.
    pub fn tag(&self) -> String {
        let mut digest = Context::new(&SHA256);
        for token in &self.tokens {
            // Ids have one length, and a token is revoked once.
            digest.update(token.id.as_str().as_bytes());
        }
        URL_SAFE_NO_PAD.encode(digest.finish())
    }
}

impl Companion {
    /// The client of this name, active or not; none if there is none.
    pub async fn known_client(&self, client_id: &str) -> Result<Option<ClientId>, Denied> {
        let Ok(client_id) = ClientId::parse(client_id) else {
            return Ok(None);
        };
        let known = self.registry().find_client_record(&client_id).await?;
        Ok(known.map(|_| client_id))
    }

    /// The tokens that would still live but for their revocation, of one client or of all.
    pub async fn revoke_list(&self, client_id: Option<&ClientId>) -> Result<RevokeList, Denied> {
        let created = self.provider().now();
        let store = self.store();
        let first = Timestamp::from_seconds(0);
        let list = |limit| store.list_revoked(client_id, first, created, limit);
        let tokens = whole(MAX_REVOKED, list).await?;
        Ok(RevokeList { created, tokens })
    }
}

/// All of a list that may have so many entries. Half a list would make revoked tokens pass.
async fn whole<L>(most: u32, list: impl FnOnce(u32) -> L) -> Result<Vec<RevokedToken>, Denied>
where
    L: Future<Output = Result<Vec<RevokedToken>, StorageError>>,
{
    let tokens = list(most + 1).await?;
    if tokens.len() > most as usize {
        return Err(LoginRefusalCode::RevokeListTooLong.into());
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;
    use crate::login::Handle;

    #[tokio::test]
    async fn a_list_that_is_too_long_is_not_cut() {
        let list = |entries: usize| {
            async move |limit: u32| {
                let id = Handle::generate(&SystemEntropy).unwrap();
                let token = RevokedToken {
                    id: id.expose().parse().unwrap(),
                    revoked_at: Timestamp::from_seconds(1),
                    expires_at: Timestamp::from_seconds(2),
                };
                Ok(vec![token; entries.min(limit as usize)])
            }
        };
        assert_eq!(whole(3, list(3)).await.unwrap().len(), 3);
        let refused = whole(3, list(4)).await.unwrap_err();
        assert_eq!(refused.refusal, LoginRefusalCode::RevokeListTooLong.into());
    }
}
