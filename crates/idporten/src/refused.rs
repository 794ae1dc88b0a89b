//! Who hears of a refusal before it is answered: whoever counts, the log, and the audit log.
//!
//! Every refusal of a handler comes by here. What the router says in place of one, for want of a page, a
//! method or time, does not.

use std::sync::Arc;

use portvakt_core::Timestamp;
use portvakt_core::login::provider::Denied;
use portvakt_core::login::refusal::LoginRefusalCode;
use portvakt_core::refusals::{
    LoginSurfacePart, LoginSurfaceRefusal, RefusalSink, RefusedRequest, RequestId as RefusalId,
};
use portvakt_http::{RequestId, tell_error_type};

use crate::observer::{Event, Observer};

/// Whom it is told to what the surface does.
#[derive(Clone)]
pub(crate) struct Listeners {
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) refusals: Arc<dyn RefusalSink>,
}

/// A request that is refused.
#[derive(Clone, Copy)]
pub(crate) struct Refused<'a> {
    pub(crate) request_id: Option<RequestId>,
    pub(crate) at: Timestamp,
    pub(crate) part: LoginSurfacePart,
    /// The documented address, with the names of its parts for their values.
    pub(crate) endpoint: &'a str,
    pub(crate) denied: &'a Denied,
}

impl Listeners {
    pub(crate) fn heard(&self, event: Event<'_>) {
        self.observer.heard(event);
    }

    /// Tells of a refusal; whoever keeps it, only if the request has an id to find it by.
    pub(crate) fn tell(&self, refused: Refused<'_>) {
        self.heard(Event::Refused(refused.denied));
        let Some(request_id) = refused.request_id else {
            return;
        };
        log(request_id, refused);
        if let Ok(request_id) = RefusalId::parse(&request_id.to_string()) {
            self.refusals
                .refused(RefusedRequest::Login(LoginSurfaceRefusal {
                    request_id: &request_id,
                    at: refused.at,
                    part: refused.part,
                    endpoint: refused.endpoint,
                    denied: refused.denied,
                }));
        }
    }
}

impl crate::State {
    /// Tells of a refusal at this address.
    pub(crate) fn tell(&self, request_id: RequestId, endpoint: &str, denied: &Denied) {
        self.listeners.tell(Refused {
            request_id: Some(request_id),
            at: self.provider.now(),
            part: LoginSurfacePart::Provider,
            endpoint,
            denied,
        });
    }
}

/// One line in the log. Ids only: no token, no person, no address with a query.
fn log(request_id: RequestId, refused: Refused<'_>) {
    let Refused {
        endpoint, denied, ..
    } = refused;
    tell_error_type(denied.refusal.error());
    let client_id = denied.client_id().map(ToString::to_string);
    let refusal = denied.refusal.code().name();
    let cause = denied.cause.as_deref();
    let ours = matches!(
        denied.refusal.code(),
        LoginRefusalCode::Internal | LoginRefusalCode::Unavailable
    );
    if ours {
        tracing::error!(%request_id, endpoint, client_id, refusal, cause, "request failed");
    } else {
        tracing::info!(%request_id, endpoint, client_id, refusal, cause, "request refused");
    }
}
