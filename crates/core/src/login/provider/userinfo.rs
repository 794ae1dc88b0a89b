//! Userinfo (OpenID Connect Core §5.3; spec: idporten §13).

use super::{Denied, PresentedToken, Provider};
use crate::client::ClientId;
use crate::login::claims::{LoginAccessToken, PersonFacts, Userinfo};
use crate::login::record::Authorization;
use crate::login::refusal::LoginRefusalCode;
use crate::login::scopes::{EIDAS, PROFILE};

impl Provider {
    /// What the client may know of the person.
    pub async fn userinfo(&self, presented: PresentedToken<'_>) -> Result<Userinfo, Denied> {
        let registry = &self.parts().registry;
        let as_of = registry.as_of()?;
        let (claims, authorization) = self.presented_token(presented).await?;
        match self.userinfo_of(&claims, &authorization).await {
            Ok(userinfo) => {
                registry.still_holds(as_of)?;
                Ok(userinfo)
            }
            Err(denied) => Err(Denied {
                person: self.pseudonym_of(&authorization.person).await.ok(),
                ..denied.of_token(&claims, true)
            }),
        }
    }

    async fn userinfo_of(
        &self,
        claims: &LoginAccessToken,
        authorization: &Authorization,
    ) -> Result<Userinfo, Denied> {
        let client_id =
            ClientId::parse(claims.client_id()).map_err(|_| LoginRefusalCode::TokenInvalid)?;
        if !claims.has_scope(PROFILE) {
            return Err(LoginRefusalCode::ProfileScopeRequired.into());
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
        Ok(Userinfo::new(&sub, person, names))
    }
}
