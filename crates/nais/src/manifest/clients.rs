//! `spec` of `MaskinportenClient` and `IDPortenClient` (spec: nais §4.1, §4.2).

use portvakt_yaml::{Node, Place};

use super::entry::{Entry, parsed, text};
use super::fault::Faults;
use super::scopes;
use crate::model::{
    IdPortenClientSpec, IdPortenIntegrationType, MaskinportenClientSpec, ResourceKind,
};
use crate::naming::ResourceName;

const MASKINPORTEN: [&str; 3] = ["clientName", "scopes", "secretName"];
const IDPORTEN: [&str; 12] = [
    "accessTokenLifetime",
    "clientName",
    "clientURI",
    "frontchannelLogoutURI",
    "integrationType",
    "postLogoutRedirectURIs",
    "redirectURI",
    "redirectURIs",
    "scopes",
    "secretName",
    "sessionLifetime",
    "ssoDisabled",
];

pub(super) const INTEGRATION_TYPES: [(&str, IdPortenIntegrationType); 3] = [
    ("krr", IdPortenIntegrationType::Krr),
    ("idporten", IdPortenIntegrationType::IdPorten),
    ("api_klient", IdPortenIntegrationType::ApiKlient),
];

/// Reads `spec` of a `MaskinportenClient`.
pub(super) fn maskinporten(spec: &Entry<'_>, faults: &mut Faults) -> Option<ResourceKind> {
    warn_unknown(spec, &MASKINPORTEN, faults);
    let client_name = spec.text("clientName", faults);
    let scopes = scopes::read(spec, faults);
    let secret_name = spec.required("secretName", faults, secret_name);
    Some(ResourceKind::MaskinportenClient(MaskinportenClientSpec {
        client_name,
        scopes,
        secret_name: secret_name?,
    }))
}

/// Reads `spec` of an `IDPortenClient`.
pub(super) fn idporten(spec: &Entry<'_>, faults: &mut Faults) -> Option<ResourceKind> {
    warn_unknown(spec, &IDPORTEN, faults);
    let read = IdPortenClientSpec {
        access_token_lifetime: spec.number("accessTokenLifetime", faults),
        client_uri: spec.parsed("clientURI", faults),
        client_name: spec.text("clientName", faults),
        integration_type: spec.word("integrationType", &INTEGRATION_TYPES, faults),
        frontchannel_logout_uri: spec.parsed("frontchannelLogoutURI", faults),
        post_logout_redirect_uris: spec.list("postLogoutRedirectURIs", faults, parsed),
        redirect_uri: spec.parsed("redirectURI", faults),
        redirect_uris: spec.list("redirectURIs", faults, parsed),
        secret_name: String::new(),
        scopes: spec.list("scopes", faults, owned_text),
        session_lifetime: spec.number("sessionLifetime", faults),
        sso_disabled: spec.flag("ssoDisabled", faults),
    };
    let secret_name = spec.required("secretName", faults, secret_name)?;
    Some(ResourceKind::IdPortenClient(Box::new(IdPortenClientSpec {
        secret_name,
        ..read
    })))
}

/// The name of a Secret: a cluster would refuse another only when it writes it.
fn secret_name(entry: &Entry<'_>, name: &str, faults: &mut Faults) -> Option<String> {
    entry.parsed::<ResourceName>(name, faults).map(String::from)
}

pub(super) fn owned_text(node: &Node, place: Place, faults: &mut Faults) -> Option<String> {
    text(node, place, faults).map(str::to_owned)
}

/// A warning for every member of `spec` that is not known.
pub(super) fn warn_unknown(spec: &Entry<'_>, known: &[&str], faults: &mut Faults) {
    for (name, place, _) in spec.members() {
        if !known.contains(&name) && faults.has_room_for_warning() {
            faults.warn(place, super::entry::unknown_member(name, known));
        }
    }
}
