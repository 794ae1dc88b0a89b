//! What an access token is still good for (spec: idporten §4.2, §12, §13).

use super::{Denied, Provider};
use crate::clock::Timestamp;
use crate::login::claims::LoginAccessToken;
use crate::login::record::Authorization;
use crate::scope::ScopeName;

impl Provider {
    /// As [`Provider::read_access_token`], with those of its scopes alone that its client may use now. It
    /// is none if there are none, or if the client or its organization is stopped: what was withdrawn since
    /// acts here as it does on new tokens.
    pub(super) async fn usable_access_token(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<(LoginAccessToken, Authorization)>, Denied> {
        let Some((mut claims, authorization)) = self.read_access_token(token, now).await? else {
            return Ok(None);
        };
        let registry = &self.parts().registry;
        let record = registry
            .find_client_record(&authorization.client_id)
            .await?;
        let record = record.filter(|record| record.client.active && record.organization_active);
        let Some(record) = record else {
            return Ok(None);
        };
        let names = claims.scope().split(' ').map(ScopeName::parse);
        let names: Vec<_> = names.filter_map(Result::ok).collect();
        let usable = self.usable_scopes(&names, &record.client).await?;
        claims.keep_scopes(|name| usable.iter().any(|scope| scope.name.as_str() == name));
        Ok((!claims.scope().is_empty()).then_some((claims, authorization)))
    }
}
