//! The pages on which people log in (spec: idporten §17.2, §18).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use portvakt_core::login::provider::{self, Denied, Step};
use portvakt_core::login::refusal::{LoginRefusal, LoginRefusalCode};

use crate::answer;
use crate::eid::levels::level;
use crate::pages::{Asset, LocalPath, Selector, Setback};
use crate::turn::{Move, take};
use crate::view::{FromBrowser, here, language, show};
use crate::visit::{Visit, frame, sent};

/// `GET /login`: the ways to log in.
pub(crate) async fn selector(
    State(state): State<Arc<crate::State>>,
    request: FromBrowser,
) -> Response {
    let asked = request.asked();
    let sent = match sent(&state, asked, "/login", &request.uri, b"") {
        Ok(sent) => sent,
        Err(response) => return *response,
    };
    let shown = async {
        let visit = Visit::find(&state, asked, &sent).await?;
        match visit.next(&state).await? {
            Step::Authenticate { .. } => Ok(show(StatusCode::OK, selector_page(&state, &visit))),
            step => Ok(state.step(asked, step)),
        }
    };
    match shown.await {
        Ok(response) => response,
        Err(denied) => state.refuse(asked, "/login", denied).await,
    }
}

fn selector_page(state: &crate::State, visit: &Visit) -> crate::pages::Page {
    let acceptable = &visit.transaction.state.request.acceptable;
    let options: Vec<_> = state
        .eids
        .iter()
        .filter_map(|eid| {
            let described = eid.describe();
            let levels = described.levels.iter().copied();
            let highest = levels.filter(|acr| acceptable.accepts(*acr)).max()?;
            let path = format!("/login/{}?txn={}", described.id, visit.handle.expose());
            let begins_at = LocalPath::parse(&path)?;
            Some(eid.option(language(visit.locale), level(highest), begins_at))
        })
        .collect();
    let (service, form) = (state.service(&visit.transaction.service()), visit.form());
    let path = here("/login", &visit.handle);
    let page = Selector {
        frame: frame(state, visit, &service, path.as_ref()),
        interaction: form.interaction(),
        options: &options,
        setback: visit.transaction.state.setback.map(setback),
    };
    page.page()
}

/// Why the selector is shown again.
fn setback(setback: provider::Setback) -> Setback {
    match setback {
        provider::Setback::Failed => Setback::Failed,
        provider::Setback::NoMatch => Setback::NoMatch,
    }
}

/// `POST /login`: the person does not want to log in.
pub(crate) async fn leave(
    State(state): State<Arc<crate::State>>,
    request: FromBrowser,
    body: Bytes,
) -> Response {
    let asked = request.asked();
    let sent = match sent(&state, asked, "/login", &request.uri, &body) {
        Ok(sent) => sent,
        Err(response) => return *response,
    };
    let left = async {
        let visit = Visit::find(&state, asked, &sent).await?;
        cancel(&state, &visit).await
    };
    match left.await {
        Ok(step) => state.step(asked, step),
        Err(denied) => state.refuse(asked, "/login", denied).await,
    }
}

pub(crate) async fn cancel(state: &crate::State, visit: &Visit) -> Result<Step, Denied> {
    let cancelled = LoginRefusal::from(LoginRefusalCode::Cancelled);
    state.provider.give_up(&visit.transaction, cancelled).await
}

/// `GET /login/{eid}`: the provider's first page.
pub(crate) async fn begin(
    state: State<Arc<crate::State>>,
    eid: Path<String>,
    request: FromBrowser,
) -> Response {
    resume(state, eid, request, Bytes::new()).await
}

/// `POST /login/{eid}`: goes on with what the person sent.
pub(crate) async fn resume(
    State(state): State<Arc<crate::State>>,
    Path(eid): Path<String>,
    request: FromBrowser,
    body: Bytes,
) -> Response {
    let asked = request.asked();
    let sent = match sent(&state, asked, "/login/{eid}", &request.uri, &body) {
        Ok(sent) => sent,
        Err(response) => return *response,
    };
    let taken = async {
        let eid = state.eid(&eid)?;
        let visit = Visit::find(&state, asked, &sent).await?;
        let step = match asked.method {
            &Method::POST => Move::Resume(&sent),
            _ => Move::Begin,
        };
        take(&state, asked, eid.as_ref(), visit, step).await
    };
    match taken.await {
        Ok(response) => response,
        Err(denied) => state.refuse(asked, "/login/{eid}", denied).await,
    }
}

/// What pages link to, and 404 for everything else.
pub(crate) async fn asset(
    State(state): State<Arc<crate::State>>,
    request: FromBrowser,
) -> Response {
    if let Some(asset) = Asset::find(request.uri.path()).filter(|_| request.method == Method::GET) {
        return (asset.headers(), asset.content).into_response();
    }
    let accepts_pages = request
        .headers
        .get(axum::http::header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let asked = request.asked();
    if accepts_pages {
        state.error(asked, &LoginRefusalCode::NotFound.into())
    } else {
        answer::refusal(&LoginRefusalCode::NotFound.into())
    }
}
