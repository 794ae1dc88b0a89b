//! Authorizations of a person (spec: companion-apis §2).

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use portvakt_core::grant::OrganizationClaim;
use portvakt_core::login::companion::{
    Api, AuthorizationFilter, Companion, ListedAuthorization, View,
};
use portvakt_core::login::provider::Denied;
use portvakt_core::login::refusal::{LoginRefusal, LoginRefusalCode};
use portvakt_core::organization::OrgNumber;
use portvakt_core::scope::Visibility;

use super::bodies::{AuthorizationResponse, OrganizationResponse, PersonRequest, ScopeResponse};
use super::call::{Call, identity_number, malformed, one};

/// `GET .../authorizations`: of whoever is logged in.
pub(super) async fn own(State(companion): State<Companion>, call: Call, view: View) -> Response {
    let outcome = async {
        let bearer = call.bearer(Api::Authorizations, "authorizations.list");
        let bearer = bearer.await?;
        let listed = companion.own_authorizations(&bearer, view, filter(&call)?);
        call.ok(&told(listed.await?))
    };
    let outcome = outcome.await;
    call.answer(outcome).await
}

/// `POST .../authorizations`: of the person in the body.
pub(super) async fn of_person(
    State(companion): State<Companion>,
    call: Call,
    body: Bytes,
    view: View,
) -> Response {
    let outcome = async {
        let bearer = call.bearer(Api::Authorizations, "authorizations.list");
        let bearer = bearer.await?;
        companion.may_ask_for_authorizations(&bearer)?;
        let asked: PersonRequest = call.json(&body)?;
        let pid = identity_number(&asked.pid)?;
        let listed = companion.authorizations_of(&bearer, pid, view, filter(&call)?);
        call.ok(&told(listed.await?))
    };
    let outcome = outcome.await;
    call.answer(outcome).await
}

/// `DELETE .../authorizations/{authorization_id}`
pub(super) async fn end(
    State(companion): State<Companion>,
    call: Call,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let outcome = async {
        let bearer = call.bearer(Api::Authorizations, "authorizations.revoke");
        let bearer = bearer.await?;
        // What cannot be decoded names nothing.
        let Path(id) = id.map_err(|_| Denied::from(LoginRefusalCode::ResourceNotFound))?;
        companion.end_authorization(&bearer, &id).await?;
        Ok((StatusCode::NO_CONTENT, [(CACHE_CONTROL, "no-store")]).into_response())
    };
    let outcome = outcome.await;
    call.answer(outcome).await
}

/// The filter has two spellings, of which one may be there.
fn filter(call: &Call) -> Result<AuthorizationFilter, LoginRefusal> {
    const SPELLINGS: [&str; 2] = ["require_user_consent", "requires_user_consent"];
    let query = call.query()?;
    let [usual, attribute] = SPELLINGS.map(|name| one(&query, name));
    let consent_only = match (usual?, attribute?) {
        (None | Some("true"), None) | (None, Some("true")) => true,
        (Some("false"), None) | (None, Some("false")) => false,
        _ => return Err(malformed(SPELLINGS[0])),
    };
    let visibility = match one(&query, "visibility")? {
        None => None,
        Some("PUBLIC") => Some(Visibility::Public),
        Some("PRIVATE") => Some(Visibility::Private),
        Some("INTERNAL") => Some(Visibility::Internal),
        Some(_) => return Err(malformed("visibility")),
    };
    Ok(AuthorizationFilter {
        consent_only,
        visibility,
    })
}

fn told(listed: Vec<ListedAuthorization>) -> Vec<AuthorizationResponse> {
    listed
        .into_iter()
        .map(AuthorizationResponse::from)
        .collect()
}

impl From<ListedAuthorization> for AuthorizationResponse {
    fn from(listed: ListedAuthorization) -> Self {
        let given = listed.authorization;
        let client = &listed.client.client;
        let description = Some(client.description.clone());
        let scopes = listed.scopes.into_iter().map(|(granted, registered)| {
            let text = registered.as_deref();
            let long = text.and_then(|scope| scope.long_description.clone());
            ScopeResponse {
                name: granted.name.to_string(),
                description: text.map_or_else(String::new, |scope| scope.description.clone()),
                long_description: long.unwrap_or_default(),
                requires_user_consent: granted.requires_user_consent,
                visibility: match granted.visibility {
                    Visibility::Public => "PUBLIC",
                    Visibility::Private => "PRIVATE",
                    Visibility::Internal => "INTERNAL",
                },
                owner_orgno: granted.owner_orgno.to_string(),
            }
        });
        Self {
            authorization_id: given.id.to_string(),
            client_id: client.client_id.to_string(),
            client_name: client.client_name.clone(),
            description: description.filter(|text| !text.is_empty()),
            authorized_at: given.authorized_at.milliseconds(),
            expires: given.ends_at.milliseconds(),
            scopes: scopes.collect(),
            user_agent: given.details.user_agent,
            consumer: client.client_orgno.into(),
            supplier: client.supplier_orgno.map(Into::into),
        }
    }
}

impl From<OrgNumber> for OrganizationResponse {
    fn from(orgno: OrgNumber) -> Self {
        let OrganizationClaim { authority, id } = orgno.into();
        Self { authority, id }
    }
}
