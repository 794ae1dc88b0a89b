//! How the surfaces are called in traces.

use portvakt_selfservice::OPERATOR_BASE_PATH;
use url::Url;

use crate::config::Config;
use crate::route_names::RouteNames;
use crate::traces::TracedSurface;

/// The surfaces that are traced. Their addresses are those of the configuration, never what a request
/// says.
pub(super) struct TracedSurfaces {
    pub(super) maskinporten: TracedSurface,
    /// If there is one.
    pub(super) idporten: Option<TracedSurface>,
    pub(super) selfservice: TracedSurface,
    pub(super) operator: TracedSurface,
}

impl TracedSurfaces {
    pub(super) fn of(config: &Config) -> anyhow::Result<Self> {
        let listener = &config.operations.listener;
        let is_tls = listener.tls_certificate_file.is_some();
        let scheme = if is_tls { "https" } else { "http" };
        let operations = format!("{scheme}://{}", listener.listen);
        let base_url = config.selfservice.base_urls.first();
        let idporten = config.idporten.issuer.as_deref();
        let idporten = idporten.map(Url::parse).transpose()?;
        Ok(Self {
            maskinporten: TracedSurface {
                name: "maskinporten",
                url: Url::parse(config.maskinporten.issuer.as_deref().unwrap_or_default())?,
                routes: RouteNames::OfPath(portvakt_maskinporten::route_of),
                otherwise: None,
            },
            idporten: idporten.map(|url| TracedSurface {
                name: "idporten",
                url,
                routes: RouteNames::AS_SPELLED,
                otherwise: None,
            }),
            selfservice: TracedSurface {
                name: "selfservice",
                url: Url::parse(base_url.map_or("", String::as_str))?,
                routes: RouteNames::OfRouter(portvakt_selfservice::below_base),
                otherwise: None,
            },
            operator: TracedSurface {
                name: "operator",
                url: Url::parse(&operations)?,
                routes: RouteNames::AS_SPELLED,
                // As in the metrics: it is nested.
                otherwise: Some(OPERATOR_BASE_PATH),
            },
        })
    }
}
