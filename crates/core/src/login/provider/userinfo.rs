//! Userinfo (OpenID Connect Core §5.3; spec: idporten §13).

use super::{Denied, PresentedToken, Provider};
use crate::client::ClientId;
use crate::login::claims::{PersonFacts, Userinfo};
use crate::login::refusal::LoginRefusalCode;
use crate::login::scopes::{EIDAS, PROFILE};

impl Provider {
    /// What the client may know of the person.
    pub async fn userinfo(&self, presented: PresentedToken<'_>) -> Result<Userinfo, Denied> {
        let registry = &self.parts().registry;
        let as_of = registry.as_of()?;
        let (claims, authorization) = self.presented_token(presented).await?;
        let client_id =
            ClientId::parse(claims.client_id()).map_err(|_| LoginRefusalCode::TokenInvalid)?;
        if !claims.has_scope(PROFILE) {
            return Err(Denied::from(LoginRefusalCode::ProfileScopeRequired).by(&client_id));
        }
        let event = &authorization.details.event;
        let (subject, matched) = self.people_of(event).await?;
        let sub = self.parts().pairwise.subject(&client_id, &subject);
        let person = PersonFacts {
            event,
            subject: &subject,
            matched: matched.as_ref(),
            pseudonymous: authorization.details.pseudonymous,
        };
        let mut names = self.issuer().eidas_claims;
        names.legacy |= claims.has_scope(EIDAS);
        registry.still_holds(as_of)?;
        Ok(Userinfo::new(&sub, person, names))
    }
}
