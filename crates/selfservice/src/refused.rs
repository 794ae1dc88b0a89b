//! What is told of a request once its token proved who asked: to the audit log, who was refused what; to
//! the caller, how much it may still ask.

use std::sync::{Arc, OnceLock};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use portvakt_core::audit::Actor;
use portvakt_core::refusals::{AdministrationRefusal, RefusedRequest, RequestId};
use portvakt_http::{FairShares, Member};

use crate::routes;

/// Where a request leaves who it proved to be from.
#[derive(Clone, Default)]
pub(crate) struct Witness(Arc<OnceLock<Actor>>);

impl Witness {
    /// The caller is known. Only the first to say so counts.
    pub(crate) fn saw(&self, actor: Actor) {
        let _ = self.0.set(actor);
    }
}

/// Middleware around every route.
pub(crate) async fn observe(
    State(state): State<Arc<crate::State>>,
    mut request: Request,
    next: Next,
) -> Response {
    let witness = Witness::default();
    request.extensions_mut().insert(witness.clone());
    let method = request.method().clone();
    let extensions = request.extensions();
    let path = extensions.get::<MatchedPath>().cloned();
    let request_id = extensions.get::<portvakt_http::RequestId>().copied();
    let mut response = next.run(request).await;
    if let (Some(shares), Some(actor)) = (&state.shares, witness.0.get()) {
        tell_shares(shares, actor, response.headers_mut());
    }
    let route = path
        .as_ref()
        .map_or("", |path| routes::below_base(path.as_str()));
    let (Some(actor), Some(request_id)) = (witness.0.get(), request_id) else {
        return response;
    };
    if !is_refusal(&method, route, response.status()) {
        return response;
    }
    if let Ok(request_id) = RequestId::parse(&request_id.to_string()) {
        let refusal = AdministrationRefusal {
            request_id: &request_id,
            at: state.clock.now(),
            actor,
            method: method.as_str(),
            route,
            http_status: response.status().as_u16(),
        };
        state
            .refusals
            .refused(RefusedRequest::Administration(refusal));
    }
    response
}

/// Tells a caller how much it may still ask.
fn tell_shares(shares: &FairShares, actor: &Actor, headers: &mut HeaderMap) {
    let organization = actor.supplier.or(actor.organization);
    if let (Some(client_id), Some(organization)) = (&actor.client_id, organization) {
        let member = Member {
            client_id: client_id.as_str(),
            organization: organization.as_str(),
        };
        shares.tell(member, headers);
    }
}

/// What is read amiss is no act; what somebody may not do is one, whatever it was.
fn is_refusal(method: &Method, route: &str, status: StatusCode) -> bool {
    let denied = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    let writes = !method.is_safe() && route != "/explain";
    denied || (writes && status.is_client_error())
}
