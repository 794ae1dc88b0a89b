//! Telling the clients of a session that it has ended: their servers at once (spec: idporten §15.6),
//! and by way of the browser those that have an address for it (§15.4).

use std::fmt;
use std::sync::Arc;

use url::form_urlencoded;

use super::transaction::ServiceView;
use super::{Denied, Provider};
use crate::client::{Client, ClientId};
use crate::entropy::unique_id;
use crate::login::claims::{LOGOUT_TOKEN_TYPE, LogoutToken, LogoutTokenFacts};
use crate::login::record::{LoginPerson, Session};
use crate::ports::ClientRecord;

/// Tells clients' servers of logouts, apart from every request.
pub trait LogoutSender: Send + Sync {
    /// Takes a notice, to be sent once. It does not wait and cannot fail: one for which there is no
    /// room is dropped. It is called within a Tokio runtime.
    fn send(&self, notice: LogoutNotice);
}

/// What one client's server is to be told. The token is made when it is sent, so that a request
/// that ends a session waits for no signature. `Debug` shows the client alone.
#[derive(Clone)]
pub struct LogoutNotice {
    client_id: ClientId,
    address: String,
    sub: String,
    sid: String,
    provider: Provider,
}

/// A client that is told in the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Its service.
    pub service: ServiceView,
    /// The address that is loaded.
    pub address: String,
}

impl LogoutNotice {
    /// Who is told.
    pub fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    /// `backchannel_logout_uri`, as it is registered.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The logout token, signed now.
    pub async fn token(&self) -> Result<String, Denied> {
        let provider = &self.provider;
        let now = provider.now();
        let facts = LogoutTokenFacts {
            client_id: &self.client_id,
            sub: &self.sub,
            sid: &self.sid,
            issued_at: now,
            id: &unique_id(provider.entropy())?,
        };
        let claims = LogoutToken::new(facts, provider.issuer());
        provider.sign(Some(LOGOUT_TOKEN_TYPE), &claims, now).await
    }
}

impl fmt::Debug for LogoutNotice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("LogoutNotice");
        shown.field("client_id", &self.client_id);
        shown.finish_non_exhaustive()
    }
}

impl Provider {
    /// Whether clients' servers are told of logouts.
    pub fn tells_servers(&self) -> bool {
        self.parts().logouts.is_some()
    }

    /// Has the clients of a session that has ended told: their servers at once. Those that the
    /// browser has to tell are the answer. The session has ended whatever goes wrong here, so that
    /// a client that cannot be told is left out, and whoever logged out sees no error.
    pub(super) async fn tell_clients(&self, session: &Session) -> Vec<Notification> {
        let mut records = Vec::with_capacity(session.clients.len());
        for client_id in session.clients.keys() {
            match self.parts().registry.find_client_record(client_id).await {
                Ok(found) => records.extend(found),
                Err(error) => {
                    tracing::warn!(%client_id, %error, "a client is not told of a logout");
                }
            }
        }
        self.tell_servers(&records, session).await;
        let clients = records.iter().map(|record| &record.client);
        clients
            .filter_map(|client| self.notification(client, session))
            .collect()
    }

    async fn tell_servers(&self, records: &[Arc<ClientRecord>], session: &Session) {
        let Some(sender) = &self.parts().logouts else {
            return;
        };
        let clients = || records.iter().map(|record| &record.client);
        if clients().all(|client| client.login.backchannel_logout_uri.is_none()) {
            return;
        }
        match self.person(&session.person).await {
            Ok(person) => {
                let notices = clients().filter_map(|client| self.notice(client, &person, session));
                notices.for_each(|notice| sender.send(notice));
            }
            Err(denied) => {
                let cause = denied.cause.as_deref();
                tracing::warn!(cause, "no client's server is told of a logout");
            }
        }
    }

    fn notice(
        &self,
        client: &Client,
        person: &LoginPerson,
        session: &Session,
    ) -> Option<LogoutNotice> {
        let client_id = &client.client_id;
        let pairwise = &self.parts().pairwise;
        Some(LogoutNotice {
            address: client.login.backchannel_logout_uri.clone()?,
            sub: pairwise.subject(client_id, person),
            sid: pairwise.session_id(client_id, &session.id),
            client_id: client_id.clone(),
            provider: self.clone(),
        })
    }

    fn notification(&self, client: &Client, session: &Session) -> Option<Notification> {
        let address = client.login.frontchannel_logout_uri.as_deref()?;
        let address = match client.login.frontchannel_logout_session_required {
            Some(true) => {
                let pairwise = &self.parts().pairwise;
                let sid = pairwise.session_id(&client.client_id, &session.id);
                let issuer = self.issuer().identifier.as_str();
                with_query(address, &[("iss", issuer), ("sid", &sid)])
            }
            Some(false) | None => address.to_owned(),
        };
        Some(Notification {
            service: ServiceView::of(client, None),
            address,
        })
    }
}

/// An address with further parameters; what is in its query stays.
pub(super) fn with_query(address: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    let separator = if address.contains('?') { '&' } else { '?' };
    format!("{address}{separator}{}", query.finish())
}
