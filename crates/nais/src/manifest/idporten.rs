//! `spec.idporten` of an Application, of today and of the years until 2023 (spec: nais §3.4, §3.6).

use portvakt_yaml::{Node, Place};

use super::clients::{INTEGRATION_TYPES, owned_text};
use super::entry::{Entry, parsed, text};
use super::fault::Faults;
use crate::model::{IdPorten, LegacyIdPorten, LoginProxy};

const LEGACY: [&str; 10] = [
    "accessTokenLifetime",
    "clientURI",
    "frontchannelLogoutPath",
    "frontchannelLogoutURI",
    "integrationType",
    "postLogoutRedirectURIs",
    "redirectPath",
    "redirectURI",
    "scopes",
    "sessionLifetime",
];
const TODAY: [&str; 2] = ["enabled", "sidecar"];
const PROXY: [&str; 6] = [
    "autoLogin",
    "autoLoginIgnorePaths",
    "enabled",
    "level",
    "locale",
    "resources",
];
const LEVELS: [(&str, &str); 4] = [
    ("Level3", "Level3"),
    ("Level4", "Level4"),
    ("idporten-loa-substantial", "idporten-loa-substantial"),
    ("idporten-loa-high", "idporten-loa-high"),
];
const LOCALES: [(&str, &str); 4] = [("nb", "nb"), ("nn", "nn"), ("en", "en"), ("se", "se")];

/// Reads the member `idporten`.
pub(super) fn read(spec: &Entry<'_>, faults: &mut Faults) -> Option<IdPorten> {
    let known: Vec<_> = TODAY.into_iter().chain(LEGACY).collect();
    let entry = spec.mapping("idporten", &known, faults)?;
    let enabled = entry.required("enabled", faults, Entry::flag);
    let sidecar = proxy(&entry, faults);
    let legacy = legacy(&entry, faults);
    let enabled = enabled?;
    if enabled {
        check(spec, &entry, sidecar.as_ref(), legacy.is_some(), faults);
    }
    Some(IdPorten {
        enabled,
        sidecar,
        legacy,
    })
}

/// The platform's own refusals (spec: nais §3.3), with their texts.
fn check(
    spec: &Entry<'_>,
    entry: &Entry<'_>,
    sidecar: Option<&LoginProxy>,
    is_legacy: bool,
    faults: &mut Faults,
) {
    if !is_legacy && !sidecar.is_some_and(|sidecar| sidecar.enabled) {
        let message = "idporten sidecar must be enabled when idporten is enabled: add \
                       sidecar: {enabled: true}";
        faults.fault(entry.place.clone(), message);
    }
    if !spec.has("ingresses") {
        let message = "idporten requires at least 1 ingress: add spec.ingresses";
        faults.fault(entry.place.clone(), message);
    }
}

fn proxy(entry: &Entry<'_>, faults: &mut Faults) -> Option<LoginProxy> {
    let entry = entry.mapping("sidecar", &PROXY, faults)?;
    let enabled = entry.required("enabled", faults, Entry::flag);
    let proxy = LoginProxy {
        enabled: false,
        auto_login: entry.flag("autoLogin", faults).unwrap_or_default(),
        auto_login_ignore_paths: entry.list("autoLoginIgnorePaths", faults, path),
        level: entry.word("level", &LEVELS, faults).map(str::to_owned),
        locale: entry.word("locale", &LOCALES, faults).map(str::to_owned),
    };
    let enabled = enabled?;
    Some(LoginProxy { enabled, ..proxy })
}

fn path(node: &Node, place: Place, faults: &mut Faults) -> Option<String> {
    let path = text(node, place.clone(), faults)?;
    if !path.starts_with('/') || path.contains(['\r', '\n']) {
        faults.fault(place, "must be a path that begins with '/'");
        return None;
    }
    Some(path.to_owned())
}

fn legacy(entry: &Entry<'_>, faults: &mut Faults) -> Option<LegacyIdPorten> {
    let present: Vec<_> = LEGACY.into_iter().filter(|name| entry.has(name)).collect();
    let (place, _) = entry.member(present.first()?)?;
    let message = format!(
        "{} was removed in 2023 and clusters drop it: write an IDPortenClient with it instead",
        present.join(", ")
    );
    faults.warn(place, message);
    let relative = |name: &str, faults: &mut Faults| {
        let (place, node) = entry.member(name)?;
        path(node, place, faults)
    };
    Some(LegacyIdPorten {
        client_uri: entry.parsed("clientURI", faults),
        redirect_path: relative("redirectPath", faults),
        redirect_uri: entry.parsed("redirectURI", faults),
        frontchannel_logout_path: relative("frontchannelLogoutPath", faults),
        frontchannel_logout_uri: entry.parsed("frontchannelLogoutURI", faults),
        post_logout_redirect_uris: entry.list("postLogoutRedirectURIs", faults, parsed),
        access_token_lifetime: entry.number("accessTokenLifetime", faults),
        session_lifetime: entry.number("sessionLifetime", faults),
        integration_type: entry.word("integrationType", &INTEGRATION_TYPES, faults),
        scopes: entry.list("scopes", faults, owned_text),
    })
}
