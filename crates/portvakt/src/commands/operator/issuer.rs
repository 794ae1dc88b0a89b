//! The service that the operator administers.

use anyhow::{Context, bail};
use portvakt_client::{
    AuthorizationServer, ClientError, HttpClient, RetryPolicy, SelfService, TokenSource, Tokens,
};
use portvakt_oauth_types::metadata::{OAUTH_AUTHORIZATION_SERVER_PATH, OPENID_CONFIGURATION_PATH};
use portvakt_operator::pass::Issuers;

use super::Args;
use crate::provisioning::{Needs, endpoints, usable_scopes};
use crate::server_args::dev_clock;

/// The self-service API, and where clients get their tokens.
pub(super) struct Issuer {
    pub(super) api: SelfService,
    pub(super) issuers: Issuers,
}

struct Addresses {
    base_url: String,
    maskinporten: String,
    idporten: Option<String>,
    clock: portvakt_client::Clock,
}

impl Issuer {
    /// Finds the service and makes sure that it knows the administration client.
    pub(super) async fn find(args: &Args) -> anyhow::Result<Self> {
        let named = &args.named;
        let http = args.http.client()?;
        let addresses = addresses(args, &http).await?;
        let data_dir = args.data_dir.data_dir();
        let dev = named.base_url.is_none().then_some(&data_dir);
        let administration = args.administration.clone().with_settings(
            named.client_id.clone(),
            named.cert_chain.clone(),
            named.scopes.as_deref(),
        );
        if named.kms_key_path.is_some() {
            if dev.is_none() && !administration.has_key() {
                bail!(
                    "keys in Google Cloud KMS are not used: name the administration client's key with --admin-key \
                     or PORTVAKT_ADMIN_KEY, or a hardware module with --admin-pkcs11-library"
                );
            }
            tracing::warn!("digdir.admin.kms-key-path is not used");
        }
        let source = TokenSource {
            credentials: administration.credentials(dev)?,
            server: discover(
                &http,
                &addresses.maskinporten,
                OAUTH_AUTHORIZATION_SERVER_PATH,
            )
            .await?,
            clock: addresses.clock,
            retry: RetryPolicy::default(),
        };
        let tokens = Tokens::new(source);
        let needs = Needs {
            scopes: named.maskinporten,
            clients: true,
        };
        let scopes = usable_scopes(&tokens, &administration.admin_scope, needs).await?;
        let idporten = match addresses.idporten.filter(|_| named.idporten) {
            Some(url) => Some(discover(&http, &url, OPENID_CONFIGURATION_PATH).await?),
            None => None,
        };
        Ok(Self {
            issuers: Issuers {
                maskinporten: endpoints(&tokens.source().server),
                idporten: idporten.as_ref().map(endpoints),
                idporten_audience: args.idporten_audience.clone(),
            },
            api: SelfService::new(http, &addresses.base_url, tokens, &scopes)?,
        })
    }
}

async fn addresses(args: &Args, http: &HttpClient) -> anyhow::Result<Addresses> {
    let named = &args.named;
    let Some(base_url) = &named.base_url else {
        let endpoints = args.data_dir.data_dir().endpoints()?;
        return Ok(Addresses {
            base_url: endpoints.selfservice.base_url,
            maskinporten: endpoints.maskinporten.well_known,
            idporten: Some(endpoints.idporten.well_known),
            clock: dev_clock(http, &endpoints.operations.base_url).await,
        });
    };
    let maskinporten = named.maskinporten_well_known_url.clone();
    Ok(Addresses {
        base_url: with_version(base_url),
        maskinporten: maskinporten.context("name the issuer of the administration client")?,
        idporten: named.idporten_well_known_url.clone(),
        clock: portvakt_client::Clock::system(),
    })
}

/// The address with the API's version, which the setting may leave out.
fn with_version(base_url: &str) -> String {
    let base = base_url.trim_end_matches('/');
    if base.ends_with("/api/v1") {
        base.to_owned()
    } else {
        format!("{base}/api/v1")
    }
}

/// The server whose metadata is at this address. Whether its issuer ends with a slash is not to be seen
/// there, so both are believed, and no third.
async fn discover(
    http: &HttpClient,
    well_known_url: &str,
    path: &str,
) -> anyhow::Result<AuthorizationServer> {
    let Some(issuer) = well_known_url.strip_suffix(path) else {
        bail!("{well_known_url} is no address of metadata: one ends with {path}");
    };
    let find = async |issuer: &str| {
        if path == OPENID_CONFIGURATION_PATH {
            AuthorizationServer::discover_openid(http, issuer).await
        } else {
            AuthorizationServer::discover(http, issuer).await
        }
    };
    Ok(match find(&format!("{issuer}/")).await {
        Err(ClientError::IssuerMismatch { .. }) => find(issuer).await?,
        found => found?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_the_api_may_be_left_out() {
        for url in [
            "https://api.samarbeid.digdir.no",
            "https://api.samarbeid.digdir.no/",
            "https://api.samarbeid.digdir.no/api/v1",
            "https://api.samarbeid.digdir.no/api/v1/",
        ] {
            assert_eq!(
                with_version(url),
                "https://api.samarbeid.digdir.no/api/v1",
                "{url}"
            );
        }
    }
}
