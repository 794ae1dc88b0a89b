//! The end of a login: an authorization, its code, and the history (spec: idporten §6.3 steps 8 to 10).

use super::authorize::{Browser, CheckedRequest};
use super::people::ATTEMPTS;
use super::step::Step;
use super::{Denied, Provider};
use crate::client::Client;
use crate::clock::Timestamp;
use crate::login::decision::{Granted, group_of};
use crate::login::port::{Authorizing, Completion, Ending};
use crate::login::record::{
    Authorization, AuthorizationCode, AuthorizationDetails, AuthorizationId, CodeDetails,
    FEDERATED, GrantedScope, HistoryEntry, Session,
};
use crate::login::refusal::LoginRefusalCode;
use crate::login::request::AuthorizationAnswer;
use crate::login::scopes::{is_login_only, is_pseudonymous};
use crate::login::{Handle, provider::ServiceView};
use crate::scope::Scope;

/// The longest `User-Agent` that is kept, in characters.
const MAX_USER_AGENT: usize = 256;

impl Provider {
    /// Keeps what was granted and answers with a code.
    pub(super) async fn finish(
        &self,
        checked: &CheckedRequest,
        client: &Client,
        granted: &Granted,
        browser: &Browser,
        ending: Ending<'_>,
    ) -> Result<Step, Denied> {
        for _ in 0..ATTEMPTS {
            let now = self.now();
            let session = self.session(browser).await?;
            // The login that was decided on must still be the session's.
            let group = group_of(client);
            let session = session.filter(|session| {
                let kept = session.groups.get(&group);
                kept.is_some_and(|kept| kept.auth_time == granted.event.auth_time)
                    && session.is_of(&granted.event)
            });
            let Some(session) = session else {
                return Err(LoginRefusalCode::TransactionOver.into());
            };
            let code = self.handle()?;
            let authorization = self.authorization(checked, client, granted, &session, now);
            let mut authorization = authorization?;
            authorization.details.user_agent =
                browser.user_agent.chars().take(MAX_USER_AGENT).collect();
            let completion = Completion {
                code: &self.code(checked, &authorization, &code, now),
                history: &history(checked, client, granted, &authorization, now),
                session: &session.visited(&client.client_id, &self.issuer().lifetimes, now),
                authorization: &authorization,
                ending,
            };
            match self.store().authorize(&completion, now).await? {
                Authorizing::Authorized => {
                    let address = &checked.request.return_to;
                    let answer = AuthorizationAnswer::code(code.expose(), self.issuer(), address);
                    let answer = self.answer(&client.client_id, answer, address, now);
                    return Ok(Step::Answer(Box::new(answer.await?)));
                }
                Authorizing::Ended => return Err(LoginRefusalCode::TransactionOver.into()),
                Authorizing::SessionOvertaken => {}
                Authorizing::Blocked => {
                    let denied = Denied::from(LoginRefusalCode::PersonRefused).naming(client);
                    return Err(Denied {
                        person: self.pseudonym_of(&granted.event.subject).await.ok(),
                        ..denied.told(&checked.request.return_to)
                    });
                }
            }
        }
        let busy = &"the session was changed by others again and again";
        Err(Denied::of(LoginRefusalCode::Unavailable, busy))
    }

    fn authorization(
        &self,
        checked: &CheckedRequest,
        client: &Client,
        granted: &Granted,
        session: &Session,
        now: Timestamp,
    ) -> Result<Authorization, Denied> {
        let request = &checked.request;
        let event = request.eidas.narrowed(&granted.event);
        let lifetimes = &self.issuer().lifetimes;
        let kept = |scope: &std::sync::Arc<Scope>| GrantedScope {
            name: scope.name.clone(),
            owner_orgno: scope.owner_orgno,
            requires_user_consent: scope.requires_user_consent,
            visibility: scope.visibility,
        };
        Ok(Authorization {
            id: AuthorizationId::generate(self.entropy())?,
            client_id: client.client_id.clone(),
            person: event.person().clone(),
            session: session.id.clone(),
            login_only: is_login_only(&granted.scopes),
            authorized_at: now,
            ends_at: lifetimes.authorization_end(client, &granted.scopes, now),
            redeemed_at: None,
            revoked: None,
            details: AuthorizationDetails {
                group: group_of(client),
                requested: request.scopes.clone(),
                granted: granted.scopes.iter().map(kept).collect(),
                consented_at: granted.consented.then_some(now),
                pseudonymous: is_pseudonymous(client, &request.scopes, &granted.scopes),
                resources: request.resources.clone(),
                on_behalf_of: request.on_behalf_of.clone(),
                user_agent: String::new(),
                event,
            },
        })
    }

    fn code(
        &self,
        checked: &CheckedRequest,
        authorization: &Authorization,
        code: &Handle,
        now: Timestamp,
    ) -> AuthorizationCode {
        let request = &checked.request;
        AuthorizationCode {
            code: code.digest(),
            authorization: authorization.id.clone(),
            client_id: authorization.client_id.clone(),
            issued_at: now,
            expires_at: now.plus(self.issuer().lifetimes.code),
            details: CodeDetails {
                redirect_uri: request.return_to.redirect_uri.clone(),
                code_challenge: request
                    .code_challenge
                    .as_ref()
                    .map(|challenge| challenge.as_str().to_owned()),
                nonce: request.nonce.clone(),
                dpop_jkt: request.dpop_jkt.clone(),
            },
        }
    }
}

fn history(
    checked: &CheckedRequest,
    client: &Client,
    granted: &Granted,
    authorization: &Authorization,
    now: Timestamp,
) -> HistoryEntry {
    let customer = checked.on_behalf_of.as_ref();
    HistoryEntry {
        authorization: authorization.id.clone(),
        person: authorization.person.clone(),
        at: now,
        client_id: client.client_id.clone(),
        orgno: customer.map_or(client.client_orgno, |customer| customer.orgno),
        service: ServiceView::of(client, customer).name,
        eid: if granted.federated {
            FEDERATED.to_owned()
        } else {
            granted.event.amr.clone()
        },
        acr: granted.event.acr,
    }
}
