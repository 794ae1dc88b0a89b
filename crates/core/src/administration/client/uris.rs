//! The addresses of login clients (spec: idporten §3.4).

use crate::administration::FieldFaults;
use crate::client::{
    Client, InvalidLoginUri, UriPolicy, check_backchannel_uri, check_frontchannel_uri,
    check_return_uri,
};

/// Every fault of the client's addresses. Those of a machine client are kept and mean nothing.
pub fn uri_faults(client: &Client, policy: UriPolicy) -> FieldFaults {
    let mut faults = FieldFaults::default();
    if client.integration_type.is_machine() {
        return faults;
    }
    let login = &client.login;
    let mut note = |field: &str, judgement: Result<(), InvalidLoginUri>| {
        if let Err(error) = judgement {
            faults.invalid(field, error.to_string());
        }
    };
    for (field, uris) in [
        ("redirect_uris", &login.redirect_uris),
        (
            "post_logout_redirect_uris",
            &login.post_logout_redirect_uris,
        ),
    ] {
        for (index, uri) in uris.iter().enumerate() {
            let judgement = check_return_uri(uri, client.application_type, policy);
            note(&format!("{field}[{index}]"), judgement);
        }
    }
    let redirects = &login.redirect_uris;
    if let Some(uri) = &login.frontchannel_logout_uri {
        let judgement = check_frontchannel_uri(uri, redirects, policy);
        note("frontchannel_logout_uri", judgement);
    }
    if let Some(uri) = &login.backchannel_logout_uri {
        let judgement = check_backchannel_uri(uri, redirects, policy);
        note("backchannel_logout_uri", judgement);
    }
    faults
}
