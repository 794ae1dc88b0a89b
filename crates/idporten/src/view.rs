//! From what use-cases say to what browsers get: redirects, forms that post themselves, pages.

use std::sync::Arc;

use axum::Extension;
use axum::extract::FromRequestParts;
use axum::extract::rejection::ExtensionRejection;
use axum::http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use portvakt_core::login::issuer::Environment;
use portvakt_core::login::provider::{Answer, Notification, OpenTransaction, ServiceView, Step};
use portvakt_core::login::refusal::LoginRefusalCode;
use portvakt_core::login::{Handle, Locale};
use portvakt_http::RequestId;

use crate::cookies::Cookies;
use crate::eid::EidProvider;
use crate::observer::Event;
use crate::pages::{
    FormPost, Frame, Interaction, Language, LocalPath, LogoutOf, LogoutProgress, Name, Nonce,
    Notified, Onward, Page, Plain, ReturnAddress, Service, WebAddress,
};
use crate::{State, answer};

/// A request of a browser without its body, as its handlers take it.
pub(crate) struct FromBrowser {
    pub(crate) request_id: RequestId,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
}

impl FromBrowser {
    pub(crate) fn asked(&self) -> Asked<'_> {
        Asked {
            request_id: self.request_id,
            method: &self.method,
            uri: &self.uri,
            headers: &self.headers,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for FromBrowser {
    type Rejection = ExtensionRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let Extension(request_id) = Extension::from_request_parts(parts, state).await?;
        Ok(Self {
            request_id,
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
        })
    }
}

/// What of a request every answer to a browser depends on.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) request_id: RequestId,
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
}

/// The language of a page as the pages call it.
pub(crate) fn language(locale: Locale) -> Language {
    match locale {
        Locale::Nb => Language::Bokmal,
        Locale::Nn => Language::Nynorsk,
        Locale::En => Language::English,
        Locale::Se => Language::NorthernSami,
    }
}

/// The language of a login: what the person chose, else what the client prefers.
pub(crate) fn locale(headers: &HeaderMap, preferred: Option<Locale>) -> Locale {
    let chosen = Cookies::language(headers).and_then(|code| code.parse().ok());
    chosen.or(preferred).unwrap_or_default()
}

impl State {
    /// The way to log in with this id.
    pub(crate) fn eid(&self, id: &str) -> Result<&Arc<dyn EidProvider>, LoginRefusalCode> {
        let mut eids = self.eids.iter();
        let found = eids.find(|eid| eid.describe().id == id);
        found.ok_or(LoginRefusalCode::NotFound)
    }

    /// Whether pages of this deployment may lead to unencrypted addresses.
    pub(crate) fn plain(&self) -> Plain {
        match self.provider.issuer().environment {
            Environment::Production => Plain::Refused,
            Environment::Test => Plain::Allowed,
        }
    }

    /// A service as pages show it.
    pub(crate) fn service(&self, view: &ServiceView) -> Service {
        let home = view.home.as_deref();
        Service {
            name: Name::new(&view.name),
            logo: None,
            home: home.and_then(|home| WebAddress::parse(home, self.plain())),
        }
    }

    /// An address, if pages may lead to it.
    pub(crate) fn web_address(&self, text: &str) -> Option<WebAddress> {
        WebAddress::parse(text, self.plain())
    }

    /// Leads the browser to the page of a step, or back to the client.
    pub(crate) fn step(&self, asked: Asked<'_>, step: Step) -> Response {
        match step {
            Step::Answer(answer) => self.answer(asked, &answer),
            Step::Authenticate {
                transaction,
                handle,
                ..
            } => {
                // Whoever accepts one way alone needs no page to choose it on.
                let path = match self.only_way(&transaction) {
                    Some(eid) => format!("/login/{eid}?txn={}", handle.expose()),
                    None => format!("/login?txn={}", handle.expose()),
                };
                redirect(
                    &self
                        .provider
                        .issuer()
                        .login_url(path.trim_start_matches('/')),
                    asked,
                )
            }
            Step::TellFormer {
                transaction,
                handle,
                notifications,
            } => {
                // The next step is decided anew when the browser comes back.
                let next = here("/login", &handle).map(Onward::Here);
                let preferred = transaction.state.request.return_to.locale;
                let told = self.notified(&notifications);
                let frame = Frame::new(&self.site, language(locale(asked.headers, preferred)));
                self.progress(asked, frame, &told, next, LogoutOf::Former)
            }
            Step::AskConsent { handle, .. } => {
                let path = format!("consent?txn={}", handle.expose());
                redirect(&self.provider.issuer().login_url(&path), asked)
            }
        }
    }

    /// The one way to log in, if the request leaves no choice (spec: idporten §6.4). A Norwegian one
    /// is chosen by the person all the same.
    fn only_way(&self, transaction: &OpenTransaction) -> Option<String> {
        use portvakt_core::login::acr::Framework;
        let acceptable = &transaction.state.request.acceptable;
        if transaction.state.setback.is_some() || acceptable.only()? == Framework::Idporten {
            return None;
        }
        let mut ways = self.eids.iter().map(|eid| eid.describe());
        let mut fitting = ways.by_ref().filter(|eid| {
            let levels = eid.levels.iter().copied();
            acceptable.accepts_any(levels)
        });
        match (fitting.next(), fitting.next()) {
            (Some(single), None) => Some(single.id),
            _ => None,
        }
    }

    /// The services that a page tells. An address that is none is left out.
    pub(crate) fn notified(&self, notifications: &[Notification]) -> Vec<Notified> {
        let told = notifications.iter().filter_map(|notification| {
            Some(Notified {
                name: Name::new(&notification.service.name),
                address: self.web_address(&notification.address)?,
            })
        });
        told.collect()
    }

    /// The page that tells them.
    pub(crate) fn progress(
        &self,
        asked: Asked<'_>,
        frame: Frame<'_>,
        services: &[Notified],
        onward: Option<Onward>,
        of: LogoutOf,
    ) -> Response {
        let Some(onward) = onward else {
            return self.error(asked, &LoginRefusalCode::Internal.into());
        };
        let page = LogoutProgress {
            frame,
            services,
            onward: &onward,
            of,
        };
        show(StatusCode::OK, page.page())
    }

    /// Answers a client by way of the browser (spec: idporten §6.8, §6.9).
    pub(crate) fn answer(&self, asked: Asked<'_>, answer: &Answer) -> Response {
        tracing::info!(
            request_id = %asked.request_id,
            client_id = %answer.client_id,
            outcome = outcome(answer),
            "authorization request answered"
        );
        self.listeners.heard(Event::Answered);
        if !answer.address.response_mode.is_form() {
            return redirect(&answer.answer.location(&answer.address), asked);
        }
        let mut random = [0; 16];
        let Some(action) = ReturnAddress::parse(&answer.address.redirect_uri) else {
            return self.error(asked, &LoginRefusalCode::Internal.into());
        };
        if self.provider.entropy().fill(&mut random).is_err() {
            return self.error(asked, &LoginRefusalCode::Internal.into());
        }
        let fields = answer.answer.parameters().iter();
        let fields: Vec<_> = fields
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let preferred = answer.address.locale;
        let frame = Frame::new(&self.site, language(locale(asked.headers, preferred)));
        let page = FormPost {
            frame,
            action: &action,
            fields: &fields,
            nonce: &Nonce::new(random),
        };
        show(StatusCode::OK, page.page())
    }
}

/// What happened, for the log: a code was given, or which error.
fn outcome(answer: &Answer) -> &str {
    let parameters = answer.answer.parameters();
    match parameters.first() {
        Some(("error", error)) => error,
        Some((name, _)) => name,
        None => "nothing",
    }
}

/// A page with its status.
pub(crate) fn show(status: StatusCode, page: Page) -> Response {
    (status, page.headers, page.html).into_response()
}

/// Sends the browser elsewhere: with 303 where a form was posted, so that it is not posted again
/// (RFC 9700 §4.12).
pub(crate) fn redirect(location: &str, asked: Asked<'_>) -> Response {
    let status = if asked.method == Method::POST {
        StatusCode::SEE_OTHER
    } else {
        StatusCode::FOUND
    };
    let Ok(location) = HeaderValue::try_from(location) else {
        return answer::refusal(&LoginRefusalCode::Internal.into());
    };
    let headers = [
        (LOCATION, location),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (status, headers).into_response()
}

/// Adds a cookie to an answer.
pub(crate) fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// What forms of a login carry.
pub(crate) struct Form {
    transaction: String,
    csrf: String,
    returns_to: Option<ReturnAddress>,
}

impl Form {
    pub(crate) fn new(transaction: &OpenTransaction, handle: &Handle, binding: &Handle) -> Self {
        let redirect_uri = &transaction.state.request.return_to.redirect_uri;
        Self {
            transaction: handle.expose().to_owned(),
            csrf: csrf(handle, binding).expose().to_owned(),
            returns_to: ReturnAddress::parse(redirect_uri),
        }
    }

    pub(crate) fn interaction(&self) -> Interaction<'_> {
        Interaction {
            transaction: &self.transaction,
            csrf: &self.csrf,
            returns_to: self.returns_to.as_ref(),
        }
    }
}

/// What proves that a form came from the page of this login in this browser: it follows from both
/// handles, and nobody else knows the two.
pub(crate) fn csrf(handle: &Handle, binding: &Handle) -> Handle {
    Handle::derive("form", &[handle, binding])
}

/// The path of a page of this login, for the language switch.
pub(crate) fn here(path: &str, handle: &Handle) -> Option<LocalPath> {
    LocalPath::parse(&format!("{path}?txn={}", handle.expose()))
}
