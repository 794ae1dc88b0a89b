//! What browsers are told when a request comes to nothing (spec: idporten §6.2, §17.5).

use axum::response::Response;
use portvakt_core::login::Locale;
use portvakt_core::login::provider::{Denied, ServiceView};
use portvakt_core::login::refusal::LoginRefusalCode;
use portvakt_oauth_types::Parameters;

use crate::pages::{ErrorDetails, ErrorKind, ErrorPage, Frame, Language, Service};
use crate::view::{Asked, language, locale, show};
use crate::{State, answer};

impl State {
    /// Tells a refusal: to the client if there is an address of it, else to the person.
    pub(crate) async fn refuse(
        &self,
        asked: Asked<'_>,
        endpoint: &'static str,
        denied: Denied,
    ) -> Response {
        self.tell(asked.request_id, endpoint, &denied);
        if let (Some(address), Some(client_id)) = (&denied.told, denied.client_id()) {
            let refused = self.provider.refuse(client_id, &denied.refusal, address);
            if let Ok(told) = refused.await {
                return self.answer(asked, &told);
            }
        }
        // Whoever cannot be led back to the service can go there.
        let service = match denied.client_id() {
            Some(client_id) => self.provider.public_registration(client_id.as_str()).await,
            None => None,
        };
        let service = service.map(|record| ServiceView::of(&record.client, None));
        let service = service.map(|view| self.service(&view));
        self.error_page(asked, &denied, service.as_ref())
    }

    /// The page that says what went wrong, where nobody knows whose request it was.
    pub(crate) fn error(&self, asked: Asked<'_>, denied: &Denied) -> Response {
        self.error_page(asked, denied, None)
    }

    fn error_page(&self, asked: Asked<'_>, denied: &Denied, service: Option<&Service>) -> Response {
        let code = denied.refusal.code();
        let (reference, time) = (
            asked.request_id.to_string(),
            self.provider.now().to_string(),
        );
        let client_id = denied.client_id().map(ToString::to_string);
        let description = denied.refusal.description();
        let frame = Frame::new(&self.site, asked.language());
        let page = ErrorPage {
            frame: match service {
                Some(service) => frame.with_service(service),
                None => frame,
            },
            kind: kind(code),
            reference: &reference,
            time: &time,
            details: Some(ErrorDetails {
                error: denied.refusal.error(),
                description: &description,
                client_id: client_id.as_deref(),
            }),
        };
        let mut response = show(answer::status_of(code), page.page());
        answer::advise_browser(&mut response);
        response
    }
}

impl Asked<'_> {
    /// The language of a page that says what is wrong with the request: it may be all that is known.
    fn language(self) -> Language {
        let query = self.uri.query().unwrap_or_default().as_bytes();
        let query = Parameters::parse(query).unwrap_or_default();
        let preferred = query.one("ui_locales").ok().flatten();
        language(locale(self.headers, preferred.and_then(Locale::preferred)))
    }
}

fn kind(code: LoginRefusalCode) -> ErrorKind {
    match code {
        LoginRefusalCode::PersonRefused
        | LoginRefusalCode::ForgedForm
        | LoginRefusalCode::LevelNotReached => ErrorKind::Forbidden,
        LoginRefusalCode::IdentityRequired => ErrorKind::NoMatch,
        LoginRefusalCode::NotFound => ErrorKind::NotFound,
        LoginRefusalCode::TransactionOver => ErrorKind::Expired,
        LoginRefusalCode::SessionMissing => ErrorKind::NoSession,
        LoginRefusalCode::TooManyRequests => ErrorKind::TooMany,
        LoginRefusalCode::Internal => ErrorKind::Failure,
        LoginRefusalCode::Unavailable | LoginRefusalCode::TooManyUnderWay => ErrorKind::Unavailable,
        _ => ErrorKind::Request,
    }
}
