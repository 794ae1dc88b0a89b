//! An eID provider's turn in a login under way (spec: idporten §18.1).

use axum::http::StatusCode;
use axum::response::Response;
use portvakt_core::login::provider::{Denied, Setback, Step};
use portvakt_core::login::refusal::LoginRefusalCode;
use portvakt_oauth_types::Parameters;

use crate::eid::{Context, EidProvider, Kept, Turn};
use crate::login::cancel;
use crate::observer::{Event, Outcome};
use crate::view::{Asked, here, redirect, show, with_cookie};
use crate::visit::{Visit, frame};

/// How the browser comes to the provider.
#[derive(Clone, Copy)]
pub(crate) enum Move<'a> {
    /// For the first time, or again from the beginning.
    Begin,
    /// With a form of one of its pages.
    Resume(&'a Parameters<'a>),
    /// With what it brings back from elsewhere.
    Return(&'a Parameters<'a>),
}

/// Has the provider take its turn, if the login is at the point where it may, and does what it wants.
pub(crate) async fn take(
    state: &crate::State,
    asked: Asked<'_>,
    eid: &dyn EidProvider,
    mut visit: Visit,
    step: Move<'_>,
) -> Result<Response, Denied> {
    let force_fresh = match visit.next(state).await? {
        Step::Authenticate { force_fresh, .. } => force_fresh,
        step => return Ok(state.step(asked, step)),
    };
    let described = eid.describe();
    let request = &visit.transaction.state.request;
    let levels = described.levels.iter().copied();
    if !request.acceptable.accepts_any(levels) {
        return Err(LoginRefusalCode::NotFound.into());
    }
    let state_before = &visit.transaction.state;
    let spent = state_before.spent.get(&described.id).copied();
    let mut kept = Kept::of(
        state_before.eid.as_ref(),
        spent.unwrap_or_default(),
        &described.id,
    );
    let turn = {
        let (service, form) = (state.service(&visit.transaction.service()), visit.form());
        let path = here(&format!("/login/{}", described.id), &visit.handle);
        let context = Context {
            acceptable: &request.acceptable,
            locale: visit.locale,
            frame: frame(state, &visit, &service, path.as_ref()),
            interaction: form.interaction(),
            force_fresh,
            test_person: visit.transaction.state.test_person.as_deref(),
            attributes: &request.eidas.attributes,
            now: state.provider.now(),
            entropy: state.provider.entropy(),
        };
        match step {
            Move::Begin => eid.begin(context, &mut kept).await,
            Move::Resume(form) => eid.resume(context, &mut kept, form).await,
            Move::Return(answer) => eid.return_from(context, &mut kept, answer).await,
        }
    };
    let outcome = match &turn {
        Turn::Completed(_) => Some(Outcome::Completed),
        Turn::Cancelled => Some(Outcome::Cancelled),
        Turn::Failed(_) => Some(Outcome::Failed),
        _ => None,
    };
    if let Some(outcome) = outcome {
        let eid = &described.id;
        state.listeners.heard(Event::Proved { eid, outcome });
    }
    if kept.spent() > 0 {
        let spent = &mut visit.transaction.state.spent;
        spent.insert(described.id.clone(), kept.spent());
    }
    match turn {
        Turn::Page(page) => {
            keep(state, &mut visit, kept, &described.id).await?;
            Ok(show(StatusCode::OK, *page))
        }
        Turn::Redirect(address) => {
            keep(state, &mut visit, kept, &described.id).await?;
            Ok(redirect(&address, asked))
        }
        Turn::Cancelled => Ok(state.step(asked, cancel(state, &visit).await?)),
        Turn::Failed(cause) => {
            tracing::warn!(
                request_id = %asked.request_id, eid = described.id, cause, "an eID provider failed"
            );
            visit.transaction.state.eid = None;
            visit.transaction.state.setback = Some(Setback::Failed);
            state.provider.advance(&mut visit.transaction).await?;
            Ok(state.step(asked, visit.next(state).await?))
        }
        Turn::Completed(proven) => {
            let Visit {
                transaction,
                handle,
                browser,
                ..
            } = visit;
            let taken = state
                .provider
                .authenticated(transaction, *proven, &handle, &browser);
            let (step, session) = taken.await?;
            let response = state.step(asked, step);
            let cookie = session.and_then(|session| state.cookies.set_session(&session));
            Ok(with_cookie(response, cookie))
        }
    }
}

/// Keeps what the provider wrote, before the browser is answered.
async fn keep(
    state: &crate::State,
    visit: &mut Visit,
    kept: Kept,
    provider: &str,
) -> Result<(), Denied> {
    if let Some(kept) = kept.into_state(provider) {
        visit.transaction.state.eid = Some(kept);
        state.provider.advance(&mut visit.transaction).await?;
    }
    Ok(())
}
