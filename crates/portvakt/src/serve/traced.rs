//! How the surfaces are called in traces.

use portvakt_selfservice::OPERATOR_BASE_PATH;
use url::Url;

use crate::config::Config;
use crate::traces::TracedSurface;

/// The surfaces that are traced: maskinporten, selfservice and the operator's API. Their addresses are
/// those of the configuration, never what a request says.
pub(super) fn traced_surfaces(config: &Config) -> anyhow::Result<[TracedSurface; 3]> {
    let listener = &config.operations.listener;
    let is_tls = listener.tls_certificate_file.is_some();
    let scheme = if is_tls { "https" } else { "http" };
    let operations = format!("{scheme}://{}", listener.listen);
    let base_url = config.selfservice.base_urls.first();
    Ok([
        TracedSurface {
            name: "maskinporten",
            url: Url::parse(config.maskinporten.issuer.as_deref().unwrap_or_default())?,
            spelling: |path| path.trim_end_matches('/'),
            otherwise: None,
        },
        TracedSurface {
            name: "selfservice",
            url: Url::parse(base_url.map_or("", String::as_str))?,
            spelling: portvakt_selfservice::below_base,
            otherwise: None,
        },
        TracedSurface {
            name: "operator",
            url: Url::parse(&operations)?,
            spelling: |path| path,
            // As in the metrics: it is nested.
            otherwise: Some(OPERATOR_BASE_PATH),
        },
    ])
}
