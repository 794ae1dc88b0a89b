//! Which service manifests are for.

use std::path::PathBuf;

use anyhow::{Context, bail};
use portvakt_client::{
    AuthorizationServer, ClientError, Clock, Grant, HttpClient, RetryPolicy, SelfService,
    TokenSource, Tokens,
};
use portvakt_nais::environment::Endpoints;

use super::administration::AdministrationArgs;
use crate::data_dir::DataDir;
use crate::server_args::{HttpArgs, dev_clock};

const SCOPES_WRITE: &str = "idporten:scopes.write";
const DCR_WRITE: &str = "idporten:dcr.write";

/// Services that need no addresses: name, issuer, base address of the self-service API.
const KNOWN: [(&str, &str, &str); 2] = [
    (
        "maskinporten-test",
        "https://test.maskinporten.no/",
        "https://api.test.samarbeid.digdir.no/api/v1",
    ),
    (
        "maskinporten",
        "https://maskinporten.no/",
        "https://api.samarbeid.digdir.no/api/v1",
    ),
];

/// Which service, and as whom.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct TargetArgs {
    /// Base address of a self-service API, `maskinporten` or `maskinporten-test` for the national
    /// services [default: the development server of the data folder]
    #[arg(long, value_name = "URL", env = "PORTVAKT_TARGET")]
    target: Option<String>,
    /// Issuer of the tokens that the target accepts; needed with an address
    #[arg(long, value_name = "URL", env = "PORTVAKT_ISSUER")]
    issuer: Option<String>,
    /// Issuer of login clients, for their variables
    #[arg(long, value_name = "URL", env = "PORTVAKT_IDPORTEN_ISSUER")]
    idporten_issuer: Option<String>,
    #[command(flatten)]
    administration: AdministrationArgs,
    #[command(flatten)]
    http: HttpArgs,
    /// Folder for the credentials of clients [default: DATA-DIR/provisioned]
    #[arg(long, value_name = "DIR", env = "PORTVAKT_CREDENTIALS")]
    credentials: Option<PathBuf>,
}

/// What the manifests ask the administration client to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs {
    /// Scopes are exposed, or may be pruned.
    pub(crate) scopes: bool,
    /// Clients are registered.
    pub(crate) clients: bool,
}

/// A service, and an administration client that it knows.
pub(crate) struct Target {
    /// The self-service API.
    pub(crate) api: SelfService,
    /// How it is reached.
    pub(crate) http: HttpClient,
    /// Folder for the credentials of its clients.
    pub(crate) credentials: PathBuf,
    idporten_issuer: Option<String>,
}

struct Addresses {
    issuer: String,
    base_url: String,
    clock: Clock,
    /// Where the credentials of its clients are, below the folder for all.
    folder: String,
}

impl TargetArgs {
    /// Whether it is the data folder's development server.
    pub(crate) fn is_dev(&self) -> bool {
        self.target.is_none()
    }

    /// Finds the service and makes sure that it knows the administration client.
    pub(crate) async fn connect(&self, data_dir: &DataDir, needs: Needs) -> anyhow::Result<Target> {
        let http = self.http.client()?;
        let addresses = self.addresses(&http, data_dir).await?;
        let dev = self.is_dev().then_some(data_dir);
        let source = TokenSource {
            credentials: self.administration.credentials(dev)?,
            server: AuthorizationServer::discover(&http, &addresses.issuer).await?,
            clock: addresses.clock,
            retry: RetryPolicy::default(),
        };
        let tokens = Tokens::new(source);
        let scopes = usable_scopes(&tokens, &self.administration.admin_scope, needs).await?;
        let folder = match &self.credentials {
            Some(folder) => folder.clone(),
            None => data_dir.path().join("provisioned"),
        };
        Ok(Target {
            api: SelfService::new(http.clone(), &addresses.base_url, tokens, &scopes)?,
            http,
            credentials: folder.join(addresses.folder),
            idporten_issuer: self.idporten_issuer.clone(),
        })
    }

    async fn addresses(&self, http: &HttpClient, data_dir: &DataDir) -> anyhow::Result<Addresses> {
        let Some(target) = &self.target else {
            let endpoints = data_dir.endpoints()?;
            return Ok(Addresses {
                clock: dev_clock(http, &endpoints.operations.base_url).await,
                issuer: endpoints.maskinporten.issuer,
                base_url: endpoints.selfservice.base_url,
                folder: "dev".to_owned(),
            });
        };
        let known = KNOWN.iter().find(|(name, _, _)| name == target);
        let (issuer, base_url) = match (known, &self.issuer) {
            (Some((_, issuer, base_url)), None) => ((*issuer).to_owned(), (*base_url).to_owned()),
            (Some((_, _, base_url)), Some(issuer)) => (issuer.clone(), (*base_url).to_owned()),
            (None, Some(issuer)) => (issuer.clone(), target.clone()),
            (None, None) => bail!(
                "--target {target} needs the issuer of its tokens: name it with --issuer or PORTVAKT_ISSUER"
            ),
        };
        let url =
            url::Url::parse(&issuer).with_context(|| format!("read the issuer {issuer:?}"))?;
        let port = url
            .port()
            .map(|port| format!("_{port}"))
            .unwrap_or_default();
        Ok(Addresses {
            folder: format!("{}{port}", url.host_str().unwrap_or("issuer")),
            clock: Clock::system(),
            issuer,
            base_url,
        })
    }
}

/// The administration scopes that the client may have: those that are named, or else both, or the one that is
/// needed.
pub(crate) async fn usable_scopes(
    tokens: &Tokens,
    named: &[String],
    needs: Needs,
) -> anyhow::Result<Vec<String>> {
    if !named.is_empty() {
        tokens
            .get(&Grant::for_scopes(named.iter().cloned()))
            .await?;
        return Ok(named.to_vec());
    }
    let both = [SCOPES_WRITE, DCR_WRITE].map(str::to_owned);
    let Err(refused) = tokens.get(&Grant::for_scopes(both.clone())).await else {
        return Ok(both.to_vec());
    };
    let one = match (needs.scopes, needs.clients) {
        (true, false) => SCOPES_WRITE,
        (false, true) => DCR_WRITE,
        _ => return Err(told(&refused, "both")),
    };
    let only = tokens.get(&Grant::for_scopes([one])).await;
    only.map_err(|refused| told(&refused, one))?;
    Ok(vec![one.to_owned()])
}

fn told(refused: &ClientError, scopes: &str) -> anyhow::Error {
    if refused.refusal().is_none() {
        return refused.clone().into();
    }
    anyhow::Error::new(refused.clone()).context(format!(
        "the administration client gets no token for its work ({SCOPES_WRITE} is for exposed scopes, \
         {DCR_WRITE} for clients; needed: {scopes}): choose another with --admin-client, or ask the \
         operator for the scope"
    ))
}

impl Target {
    /// Where clients get their tokens.
    pub(crate) fn source(&self) -> &TokenSource {
        self.api.tokens().source()
    }

    /// The addresses that a machine-to-machine client needs.
    pub(crate) fn maskinporten(&self) -> Endpoints {
        endpoints(&self.source().server)
    }

    /// The addresses that a login client needs, if its issuer is named.
    pub(crate) async fn idporten(&self) -> anyhow::Result<Option<Endpoints>> {
        let Some(issuer) = &self.idporten_issuer else {
            return Ok(None);
        };
        let server = AuthorizationServer::discover_openid(&self.http, issuer).await?;
        Ok(Some(endpoints(&server)))
    }
}

/// The addresses that a client of this server needs.
pub(crate) fn endpoints(server: &AuthorizationServer) -> Endpoints {
    Endpoints {
        well_known_url: server.well_known().to_string(),
        issuer: server.issuer().to_owned(),
        jwks_uri: server.jwks_uri().to_string(),
        token_endpoint: server.token_endpoint().to_string(),
    }
}
