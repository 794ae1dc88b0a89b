//! What organizations see of each other's scopes (spec: selfservice §6.2, §6.5).

use axum::http::StatusCode;
use axum::response::Response;
use portvakt_core::access::AccessState;
use portvakt_core::audit::AuditFilter;
use portvakt_core::client::{IntegrationType, UnknownIntegrationType};
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::{Listing, StorageError, UnitOfWork};
use portvakt_core::scope::{Scope, ScopeName, Visibility};

use super::own::unknown;
use super::pages::Pages;
use crate::call::Call;
use crate::problem::{Object, Problem};
use crate::query::Query;
use crate::{etag, reply};

const OBJECT: Object = Object::Scope;

/// `GET /scopes/all`: every public scope, for everybody. A token is not looked at.
///
/// The tag names the registry's state and the question, so a caller that has the answer costs no
/// reading of scopes.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let filter = Filter::read(&call.query)?;
    let listing = call.query.listing(OBJECT)?;
    let mut unit = call.read().await?;
    let revision = unit.revision();
    let tag = tag(unit.as_mut(), &filter, listing).await;
    let tag = tag.map_err(|error| Problem::storage(&error))?;
    if portvakt_http::is_kept(&call.headers, &tag) {
        return Ok(reply::open_version(None, &tag, revision));
    }
    let pages = Pages::new(&call, unit, Selection { filter, listing });
    let body = pages.into_body().await;
    let body = body.map_err(|error| Problem::storage(&error))?;
    Ok(reply::open_version(Some(body), &tag, revision))
}

/// Equal for equal answers alone: of one program, about one history of one registry, at one
/// revision, to one question.
async fn tag(
    unit: &mut dyn UnitOfWork,
    filter: &Filter,
    listing: Listing,
) -> Result<String, StorageError> {
    // Revisions are numbers, and another registry at this place has the same ones.
    let first = unit.list_audit(&AuditFilter::default(), 0, 1).await?;
    let history = first.first().map(|entry| entry.link.hash);
    let (program, revision) = (env!("CARGO_PKG_VERSION"), unit.revision());
    let version = format!("{program} {history:?} {revision:?} {filter:?} {listing:?}");
    Ok(etag::of(version.as_bytes()))
}

/// The scope, if this organization may know of it: its own, a public one, or a private one that
/// it has access to.
pub(super) async fn find_visible(
    unit: &mut dyn UnitOfWork,
    name: &ScopeName,
    organization: OrgNumber,
) -> Result<Scope, Problem> {
    let found = unit.find_scope(name).await;
    let found = found.map_err(|error| Problem::storage(&error))?;
    let scope = found.ok_or_else(|| unknown(name))?;
    let visible = is_visible(unit, &scope, organization).await;
    if visible.map_err(|error| Problem::storage(&error))? {
        Ok(scope)
    } else {
        Err(unknown(name))
    }
}

async fn is_visible(
    unit: &mut dyn UnitOfWork,
    scope: &Scope,
    organization: OrgNumber,
) -> Result<bool, StorageError> {
    if scope.owner_orgno == organization {
        return Ok(true);
    }
    match scope.visibility {
        Visibility::Public => Ok(true),
        Visibility::Internal => Ok(false),
        Visibility::Private => {
            let access = unit.find_access(&scope.name, organization).await?;
            Ok(access.is_some_and(|access| access.state == AccessState::Approved))
        }
    }
}

/// What of the catalogue is asked for.
pub(super) struct Selection {
    filter: Filter,
    pub(super) listing: Listing,
}

impl Selection {
    /// The owner whose scopes are asked for, if one.
    pub(super) fn owner(&self) -> Option<OrgNumber> {
        self.filter.owner_orgno
    }

    pub(super) fn admits(&self, scope: &Scope) -> bool {
        scope.visibility == Visibility::Public && self.filter.admits(scope)
    }
}

/// Which scopes the catalogue holds; each parameter narrows it.
#[derive(Debug)]
struct Filter {
    accessible_for_all: Option<bool>,
    scope: Option<String>,
    prefix: Option<String>,
    owner_orgno: Option<OrgNumber>,
    integration_type: Option<IntegrationType>,
}

impl Filter {
    fn read(query: &Query) -> Result<Self, Problem> {
        const TYPE: &str = "allowed_integration_type";
        let kind = query.text(TYPE, OBJECT)?.map(str::parse).transpose();
        let kind = kind.map_err(|error: UnknownIntegrationType| {
            let message = format!("{TYPE}: {error}");
            Problem::field(StatusCode::BAD_REQUEST, OBJECT, TYPE, &message)
        });
        Ok(Self {
            accessible_for_all: query.flag("accessible_for_all", OBJECT)?,
            scope: query.text("scope", OBJECT)?.map(str::to_owned),
            prefix: query.text("prefix", OBJECT)?.map(str::to_owned),
            owner_orgno: query.organization("owner_orgno", OBJECT)?,
            integration_type: kind?,
        })
    }

    /// A scope without types admits every one.
    fn admits(&self, scope: &Scope) -> bool {
        let is = |wanted: &Option<String>, present: Option<&str>| {
            wanted
                .as_deref()
                .is_none_or(|wanted| Some(wanted) == present)
        };
        is(&self.scope, Some(scope.name.as_str()))
            && is(&self.prefix, scope.name.prefix())
            && self
                .accessible_for_all
                .is_none_or(|flag| scope.accessible_for_all == flag)
            && self.integration_type.is_none_or(|kind| scope.admits(kind))
    }
}
