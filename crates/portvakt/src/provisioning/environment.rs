//! The variables of a workload, as its platform would inject them.

use std::path::PathBuf;

use anyhow::{Context, bail};
use portvakt_nais::desired::{ClientKey, ClientKind, Desired, owner};
use portvakt_nais::environment::{
    Endpoints, IdPortenCredentials, Injected, MaskinportenCredentials, Platform, Variable,
    Variables, WebProxy, compose, platform_variables,
};
use portvakt_nais::model::{Resource, ResourceKind};

use super::credentials::Record;
use super::session::Session;

/// Which workload, and what surrounds it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct EnvironmentArgs {
    /// Resource of the manifests, by `metadata.name` [default: the only one]
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// Web proxy for workloads with `webproxy: true`
    #[arg(long, value_name = "URL", env = "PORTVAKT_WEB_PROXY")]
    web_proxy: Option<String>,
    /// Host that is reached without it; may be repeated [default: localhost]
    #[arg(long, value_name = "HOST")]
    no_web_proxy: Vec<String>,
    /// Variables for a Secret or `ConfigMap` of `spec.envFrom`, or for `idporten-sso`, from a file of
    /// lines `NAME=value`; may be repeated
    #[arg(long, value_name = "NAME=FILE", value_parser = source)]
    env_from: Vec<(String, PathBuf)>,
}

fn source(text: &str) -> Result<(String, PathBuf), String> {
    let (name, file) = text.split_once('=').ok_or("write NAME=FILE")?;
    Ok((name.to_owned(), file.into()))
}

/// Where people log in that the one workload serves; none if it serves none, or if what it needs to
/// know comes from elsewhere. It is asked for before anything is changed.
pub(crate) async fn login_issuer(
    session: &Session,
    args: &EnvironmentArgs,
) -> anyhow::Result<Option<Endpoints>> {
    let resource = chosen(&session.manifest.resources, args.app.as_deref())?;
    let has_client = session
        .desired
        .iter()
        .any(|desired| desired.place == resource.place && desired.key.kind == ClientKind::IdPorten);
    let is_needed = has_client || shares_login(resource);
    if !is_needed {
        return Ok(None);
    }
    let issuer = session.target.idporten().await?;
    if has_client && issuer.is_none() {
        bail!("the resource has a login client: name its issuer with --idporten-issuer");
    }
    Ok(issuer)
}

/// A workload with a login proxy, which shares a client that exists already.
fn shares_login(resource: &Resource) -> bool {
    let ResourceKind::Workload(workload) = &resource.kind else {
        return false;
    };
    workload
        .idporten
        .as_ref()
        .is_some_and(|idporten| idporten.enabled)
}

/// The whole environment of the one workload, credentials first.
pub(crate) fn resource_environment(
    session: &Session,
    args: &EnvironmentArgs,
    login: Option<&Endpoints>,
) -> anyhow::Result<Variables> {
    let resource = chosen(&session.manifest.resources, args.app.as_deref())?;
    let credentials = credentials(session, resource, login)?;
    let ResourceKind::Workload(workload) = &resource.kind else {
        return Ok(credentials);
    };
    let owner = owner(resource, &session.settings).map_err(anyhow::Error::msg)?;
    let mut env_from = Vec::new();
    for (name, file) in &args.env_from {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
        env_from.extend(lines(&text).with_context(|| format!("{name}: {}", file.display()))?);
    }
    let proxy = args.web_proxy.as_deref();
    let proxy = proxy.map(|address| WebProxy::parse(address, &args.no_web_proxy));
    let proxy = proxy.transpose()?;
    let pod_name = std::env::var("HOSTNAME").unwrap_or_else(|_| "localhost".to_owned());
    let platform = Platform {
        owner: &owner,
        pod_name: &pod_name,
    };
    let injected = Injected {
        credentials,
        env_from,
        proxy: proxy.as_ref(),
        platform: platform_variables(&platform, workload),
        token: Vec::new(),
    };
    compose(workload, injected).map_err(|fields| {
        anyhow::anyhow!(
            "spec.env takes values from {}, which have no meaning outside a Pod: write values instead",
            fields.join(", ")
        )
    })
}

fn chosen<'m>(resources: &'m [Resource], name: Option<&str>) -> anyhow::Result<&'m Resource> {
    let is_chosen =
        |resource: &&Resource| name.is_none_or(|name| resource.metadata.name.as_str() == name);
    let chosen: Vec<_> = resources.iter().filter(is_chosen).collect();
    let names = || {
        let names = resources
            .iter()
            .map(|resource| resource.metadata.name.as_str());
        names.collect::<Vec<_>>().join(", ")
    };
    match chosen.as_slice() {
        [one] => Ok(one),
        [] => bail!("no resource has this name; there are: {}", names()),
        _ => bail!(
            "the manifests hold several resources ({}): choose one with --app",
            names()
        ),
    }
}

/// ID-porten before Maskinporten. A workload that only offers scopes learns where the issuer is: it
/// verifies tokens.
fn credentials(
    session: &Session,
    resource: &Resource,
    login: Option<&Endpoints>,
) -> anyhow::Result<Variables> {
    let of_resource = |desired: &&Desired| desired.place == resource.place;
    let mut variables = Vec::new();
    let has_client = session
        .desired
        .iter()
        .filter(of_resource)
        .any(|desired| desired.key.kind == ClientKind::IdPorten);
    // A workload that shares a client verifies tokens: that takes the issuer alone.
    if let Some(endpoints) = login.filter(|_| !has_client) {
        variables.extend(endpoints.variables("IDPORTEN"));
    }
    for desired in session.desired.iter().filter(of_resource) {
        match desired.key.kind {
            ClientKind::IdPorten => {
                let spec = match &resource.kind {
                    ResourceKind::IdPortenClient(spec) => Some((**spec).clone()),
                    ResourceKind::Workload(workload) => {
                        workload.idporten_client(&resource.metadata)
                    }
                    ResourceKind::MaskinportenClient(_) => None,
                };
                let spec = spec.context("the resource asks for no login client")?;
                let endpoints = login.context("the issuer of login clients is not known")?;
                let (id, key) = kept(session, &desired.key)?;
                let credentials = IdPortenCredentials {
                    client_id: &id,
                    key: &key,
                    spec: &spec,
                    endpoints,
                    audience: None,
                };
                variables.splice(0..0, credentials.variables());
            }
            ClientKind::Maskinporten => {
                let endpoints = session.target.maskinporten();
                let spec = match &resource.kind {
                    ResourceKind::MaskinportenClient(spec) => Some(spec.clone()),
                    ResourceKind::Workload(workload) => {
                        workload.maskinporten_client(&resource.metadata)
                    }
                    ResourceKind::IdPortenClient(_) => None,
                };
                match spec {
                    Some(spec) if desired.client.is_some() => {
                        let (id, key) = kept(session, &desired.key)?;
                        let credentials = MaskinportenCredentials {
                            client_id: &id,
                            key: &key,
                            spec: &spec,
                            endpoints: &endpoints,
                        };
                        variables.extend(credentials.variables());
                    }
                    Some(_) => variables.extend(endpoints.variables("MASKINPORTEN")),
                    None => {}
                }
            }
        }
    }
    Ok(variables)
}

fn kept(
    session: &Session,
    client: &ClientKey,
) -> anyhow::Result<(String, portvakt_nais::environment::PrivateJwk)> {
    let record = session.store.find(client)?;
    let id = record.as_ref().and_then(|record| record.client_id());
    let key = record.as_ref().map(Record::key).transpose()?.flatten();
    match (id, key) {
        (Some(id), Some(key)) => Ok((id.to_owned(), key)),
        _ => bail!("client {client} has no credentials here: run `portvakt apply` first"),
    }
}

/// Lines `NAME=value`; empty ones and those that begin with `#` are skipped.
fn lines(text: &str) -> anyhow::Result<Variables> {
    let mut variables = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let pair = line.split_once('=').filter(|(name, _)| !name.is_empty());
        let (name, value) =
            pair.with_context(|| format!("line {}: write NAME=value", number + 1))?;
        let value = value.trim();
        let unquoted = ['"', '\'']
            .iter()
            .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
        variables.push(Variable::plain(name.trim(), unquoted.unwrap_or(value)));
    }
    Ok(variables)
}
