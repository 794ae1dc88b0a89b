//! The contact registry (spec: companion-apis §6).

mod person;

use std::collections::HashSet;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ORIGIN};
use axum::response::{IntoResponse, Response};
use portvakt_core::login::Locale;
use portvakt_core::login::companion::{Api, Bearer, Companion};
use portvakt_core::login::provider::Denied;
use portvakt_core::login::refusal::{LoginRefusal, LoginRefusalCode};
use portvakt_core::person::{Pid, PidCheck};
use portvakt_oauth_types::media_type;

use self::person::person;
use super::bodies::{LanguageRequest, LanguageResponse, PeopleRequest, PeopleResponse};
use super::call::Call;
use crate::answer;

/// People in one look-up, at most.
const MOST: usize = 1000;
/// The `typ` of the header of a signed answer.
const JOSE_TYPE: &str = "JOSE";

/// How times are written, and whether those of the reservation are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    V2,
}

/// `POST /rest/v{1,2}/personer`: up to a thousand people.
pub(super) async fn many(
    State(companion): State<Companion>,
    call: Call,
    body: Bytes,
    version: Version,
) -> Response {
    let outcome = async {
        let bearer = call.bearer(Api::Contacts, "contacts.list").await?;
        companion.may_look_people_up(&bearer)?;
        let asked: PeopleRequest = call.json(&body)?;
        let pids = numbers(&asked.personidentifikatorer)?;
        let told = companion.look_people_up(&bearer, pids).await?;
        let people = told
            .into_iter()
            .map(|(pid, told)| person(&pid, told, version));
        call.ok(&PeopleResponse {
            personer: people.collect(),
        })
    };
    let outcome = outcome.await;
    call.answer(outcome).await
}

/// Each number once, in the order in which they first occur. One that nobody has is looked up too, and
/// not found.
fn numbers(texts: &[String]) -> Result<Vec<Pid>, LoginRefusal> {
    let refused = |what| LoginRefusal::Detail(LoginRefusalCode::BodyInvalid, what);
    if texts.is_empty() || texts.len() > MOST {
        return Err(refused("personidentifikatorer has 1 to 1000 elements"));
    }
    let mut seen = HashSet::with_capacity(texts.len());
    let first = texts.iter().filter(|text| seen.insert(text.as_str()));
    let pids = first.map(|text| Pid::parse(text, PidCheck::LengthOnly));
    let pids: Result<Vec<_>, _> = pids.collect();
    pids.map_err(|_| refused("an element of personidentifikatorer is not eleven digits"))
}

/// `GET /rest/v{1,2}/person`: whoever is logged in, signed if that is asked for.
pub(super) async fn own(
    State(companion): State<Companion>,
    call: Call,
    version: Version,
) -> Response {
    let mut client_id = None;
    let outcome = async {
        let bearer = user(&call, "contacts.read", &mut client_id).await?;
        let (pid, told) = companion.own_contact(&bearer).await?;
        let person = person(&pid, told, version);
        if call.accepts(media_type::JSON) || !call.accepts(media_type::JOSE) {
            return call.ok(&person);
        }
        let signed = companion.provider().sign_answer(JOSE_TYPE, &person).await?;
        let headers = [
            (CONTENT_TYPE, media_type::JOSE),
            (CACHE_CONTROL, "no-store"),
        ];
        Ok((headers, signed).into_response())
    };
    let outcome = outcome.await;
    let response = call.answer(outcome).await;
    readable(&companion, &call, client_id, response).await
}

/// `PATCH /rest/v{1,2}/person`: the language of whoever is logged in.
pub(super) async fn change(
    State(companion): State<Companion>,
    call: Call,
    body: Bytes,
    version: Version,
) -> Response {
    let mut client_id = None;
    let outcome = async {
        let bearer = user(&call, "contacts.language", &mut client_id).await?;
        companion.may_choose_language(&bearer)?;
        let wanted: LanguageRequest = call.json(&body)?;
        let language: Locale = wanted.spraak.parse().map_err(|_| {
            let which = "spraak is nb, nn, en or se";
            Denied::from(LoginRefusal::Detail(LoginRefusalCode::BodyInvalid, which))
        })?;
        let (pid, at) = companion.choose_language(&bearer, language).await?;
        call.ok(&LanguageResponse {
            personidentifikator: pid.expose().to_owned(),
            spraak: language.as_str(),
            spraak_oppdatert: version.instant(at),
        })
    };
    let outcome = outcome.await;
    let response = call.answer(outcome).await;
    readable(&companion, &call, client_id, response).await
}

/// Who asks about themselves. The client is kept beside it, so that its scripts can read a refusal.
async fn user(
    call: &Call,
    operation: &'static str,
    client_id: &mut Option<String>,
) -> Result<Arc<Bearer>, Denied> {
    let bearer = call.bearer(Api::Contacts, operation).await?;
    *client_id = Some(bearer.caller.client_id.clone());
    Ok(bearer)
}

/// Lets scripts of the browser client whose token it is read the answer, on its own pages.
async fn readable(
    companion: &Companion,
    call: &Call,
    client_id: Option<String>,
    mut response: Response,
) -> Response {
    if !call.headers.contains_key(ORIGIN) {
        return response;
    }
    let client = match client_id {
        Some(client_id) => companion.provider().public_registration(&client_id).await,
        None => None,
    };
    let client = client.as_ref().map(|record| &record.client);
    answer::readable_by(&mut response, &call.headers, client);
    response
}

/// `OPTIONS /rest/v{1,2}/person`: a browser asks whether a script may ask. No credentials of the
/// browser go with it; who may read the answer is decided when it is there.
pub(super) async fn preflight(headers: HeaderMap) -> Response {
    answer::preflight(&headers, "GET, PATCH")
}
