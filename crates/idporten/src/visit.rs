//! A login under way, as a browser comes back to it: by an address or by a form of ours.

use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use portvakt_core::login::provider::{Browser, Denied, OpenTransaction, Step};
use portvakt_core::login::refusal::LoginRefusalCode;
use portvakt_core::login::{Handle, Locale};
use portvakt_oauth_types::Parameters;

use crate::answer::origin_of;
use crate::pages::{Frame, LocalPath, Service};
use crate::reading::{is_form, user_agent};
use crate::view::{Asked, Form, csrf, language, locale, redirect, with_cookie};

/// A login under way, and the browser that is at it.
pub(crate) struct Visit {
    pub(crate) transaction: OpenTransaction,
    pub(crate) handle: Handle,
    pub(crate) browser: Browser,
    pub(crate) locale: Locale,
}

impl Visit {
    /// Finds the login that the browser is at. A form must also prove that it is ours.
    pub(crate) async fn find(
        state: &crate::State,
        asked: Asked<'_>,
        sent: &Parameters<'_>,
    ) -> Result<Self, Denied> {
        let over = || Denied::from(LoginRefusalCode::TransactionOver);
        let text = sent.one("txn").ok().flatten();
        let handle = text
            .and_then(|text| Handle::parse(text).ok())
            .ok_or_else(over)?;
        if asked.method == Method::POST {
            let binding = state.cookies.browser(asked.headers).ok_or_else(over)?;
            check_form(state, asked.headers, sent, &handle, &binding)?;
        }
        Self::at(state, asked, handle).await
    }

    /// Finds the login of this handle, if the browser is at it.
    pub(crate) async fn at(
        state: &crate::State,
        asked: Asked<'_>,
        handle: Handle,
    ) -> Result<Self, Denied> {
        let binding = state.cookies.browser(asked.headers);
        let binding = binding.ok_or(LoginRefusalCode::TransactionOver)?;
        let transaction = state.provider.transaction(&handle, &binding).await?;
        let preferred = transaction.state.request.return_to.locale;
        Ok(Self {
            locale: locale(asked.headers, preferred),
            browser: Browser {
                session: state.cookies.session(asked.headers),
                user_agent: user_agent(asked.headers),
                binding,
            },
            transaction,
            handle,
        })
    }

    pub(crate) fn form(&self) -> Form {
        Form::new(&self.transaction, &self.handle, &self.browser.binding)
    }

    /// What comes next, decided anew: the address of a page does not decide it.
    pub(crate) async fn next(&self, state: &crate::State) -> Result<Step, Denied> {
        let transaction = self.transaction.clone();
        let step = state
            .provider
            .step(transaction, &self.handle, &self.browser);
        step.await
    }
}

/// Reads what a page of a login was asked with. A language that was chosen is kept in a cookie, and
/// the address without it is led to.
pub(crate) fn sent<'a>(
    state: &crate::State,
    asked: Asked<'_>,
    endpoint: &'static str,
    uri: &'a Uri,
    body: &'a [u8],
) -> Result<Parameters<'a>, Box<Response>> {
    let malformed = || {
        let denied = LoginRefusalCode::RequestMalformed.into();
        state.tell(asked.request_id, endpoint, &denied);
        Box::new(state.error(asked, &denied))
    };
    let encoded = if asked.method == Method::POST {
        if !is_form(asked.headers) {
            return Err(malformed());
        }
        body
    } else {
        uri.query().unwrap_or_default().as_bytes()
    };
    let parameters = Parameters::parse(encoded).map_err(|_| malformed())?;
    let chosen = parameters.one("lang").ok().flatten();
    if let (Some(chosen), &Method::GET) = (chosen.and_then(|code| code.parse().ok()), asked.method)
    {
        let handle = parameters.one("txn").ok().flatten().unwrap_or_default();
        let handle = Handle::parse(handle).map_err(|_| malformed())?;
        let path = format!("{}?txn={}", uri.path(), handle.expose());
        let address = state
            .provider
            .issuer()
            .login_url(path.trim_start_matches('/'));
        let response = redirect(&address, asked);
        let cookie = state.cookies.set_language(chosen);
        return Err(Box::new(with_cookie(response, cookie)));
    }
    Ok(parameters)
}

/// A form of ours, sent from a page of ours (spec: idporten §20, CSRF).
pub(crate) fn check_form(
    state: &crate::State,
    headers: &HeaderMap,
    form: &Parameters<'_>,
    handle: &Handle,
    binding: &Handle,
) -> Result<(), Denied> {
    let text = form.one("csrf").ok().flatten();
    let shown = text.and_then(|text| Handle::parse(text).ok());
    let proven = shown.is_some_and(|shown| shown.digest() == csrf(handle, binding).digest());
    if proven && is_from_here(state, headers) {
        Ok(())
    } else {
        Err(LoginRefusalCode::ForgedForm.into())
    }
}

/// Browsers that say where a form comes from say that it comes from here.
fn is_from_here(state: &crate::State, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let ours = origin_of(&state.provider.issuer().login_base_url);
    let origin = headers.get(ORIGIN).map(|origin| origin.to_str().ok());
    // Pages have no referrer, and some browsers then say that forms come from nowhere.
    let origin_fits =
        origin.is_none_or(|origin| origin == ours.as_deref() || origin == Some("null"));
    let site_fits = text("sec-fetch-site").is_none_or(|site| site == "same-origin");
    origin_fits && site_fits
}

/// The surroundings of a login's page.
pub(crate) fn frame<'a>(
    state: &'a crate::State,
    visit: &Visit,
    service: &'a Service,
    here: Option<&'a LocalPath>,
) -> Frame<'a> {
    let frame = Frame::new(&state.site, language(visit.locale)).with_service(service);
    match here {
        Some(here) => frame.with_language_switch(here),
        None => frame,
    }
}
