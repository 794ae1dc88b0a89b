//! The dialog in which people are asked (spec: idporten §17.3).

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use portvakt_core::login::Locale;
use portvakt_core::login::decision::Consent;
use portvakt_core::login::provider::{Denied, Step};
use portvakt_core::scope::Scope;

use crate::pages::{self, ConsentScope, Localized, Markdown, Name, Page};
use crate::view::{Asked, FromBrowser, here, language, show};
use crate::visit::{Visit, frame, sent};

/// `GET /consent` asks, `POST /consent` takes the answer.
pub(crate) async fn handle(
    State(state): State<Arc<crate::State>>,
    request: FromBrowser,
    body: Bytes,
) -> Response {
    let asked = request.asked();
    let sent = match sent(&state, asked, "/consent", &request.uri, &body) {
        Ok(sent) => sent,
        Err(response) => return *response,
    };
    let taken = async {
        let visit = Visit::find(&state, asked, &sent).await?;
        if asked.method != Method::POST {
            return show_dialog(&state, asked, visit).await;
        }
        let consent = match sent.one("action").ok().flatten() {
            Some("accept") => Consent::Accepted,
            Some("decline") => Consent::Declined,
            // Neither is taken for granted: ask again.
            _ => return show_dialog(&state, asked, visit).await,
        };
        // An answer counts only to a question that was asked.
        match visit.next(&state).await? {
            Step::AskConsent { .. } => {
                let answered = state.provider.answer_consent(
                    visit.transaction,
                    consent,
                    &visit.handle,
                    &visit.browser,
                );
                Ok(state.step(asked, answered.await?))
            }
            step => Ok(state.step(asked, step)),
        }
    };
    match taken.await {
        Ok(response) => response,
        Err(denied) => state.refuse(asked, "/consent", denied).await,
    }
}

/// Asks, if there is something to ask at this point of the login.
async fn show_dialog(
    state: &crate::State,
    asked: Asked<'_>,
    visit: Visit,
) -> Result<Response, Denied> {
    match visit.next(state).await? {
        Step::AskConsent { scopes, all, .. } => {
            let page = dialog(state, &visit, &scopes, &all);
            Ok(show(StatusCode::OK, page))
        }
        step => Ok(state.step(asked, step)),
    }
}

fn dialog(state: &crate::State, visit: &Visit, asked: &[Arc<Scope>], all: &[Arc<Scope>]) -> Page {
    let issuer = state.provider.issuer();
    let plain = state.plain();
    let scopes: Vec<_> = asked
        .iter()
        .map(|scope| ConsentScope {
            description: localized(scope, "description", &scope.description, visit.locale)
                .map(Name::new),
            long_description: scope.long_description.as_ref().map(|long| {
                localized(scope, "long_description", long, visit.locale)
                    .map(|text| Markdown::parse(text, plain))
            }),
        })
        .collect();
    let now = state.provider.now();
    let client = &visit.transaction.client.client;
    let end = issuer.lifetimes.authorization_end(client, all, now);
    let lifetime = end.milliseconds() - now.milliseconds();
    let (service, form) = (state.service(&visit.transaction.service()), visit.form());
    let path = here("/consent", &visit.handle);
    let page = pages::Consent {
        frame: frame(state, visit, &service, path.as_ref()),
        interaction: form.interaction(),
        scopes: &scopes,
        lifetime: Duration::from_millis(u64::try_from(lifetime).unwrap_or(0)),
    };
    page.page()
}

/// A text of a scope in a language and the language that it is in.
struct InLanguage<'s> {
    text: &'s str,
    locale: Locale,
}

impl<'s> InLanguage<'s> {
    fn map<T>(self, make: impl FnOnce(&'s str) -> T) -> Localized<T> {
        Localized {
            text: make(self.text),
            language: language(self.locale),
        }
    }
}

/// The translation, if there is one; the text itself is in Bokmål.
fn localized<'s>(scope: &'s Scope, member: &str, text: &'s str, locale: Locale) -> InLanguage<'s> {
    let translated = scope.translations.get(&format!("{member}#{locale}"));
    match translated {
        Some(text) => InLanguage { text, locale },
        None => InLanguage {
            text,
            locale: Locale::Nb,
        },
    }
}
