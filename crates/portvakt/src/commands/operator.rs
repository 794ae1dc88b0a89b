//! `portvakt operator`: the Kubernetes operator.

mod issuer;
mod probes;
mod settings;
mod workloads;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use portvakt_core::{Entropy, SystemEntropy};
use portvakt_nais::naming::key_id;
use portvakt_nais::plan::{Ownership, Policy};
use portvakt_operator::pass::Rules;
use portvakt_operator::resource::{IDPortenClient, MaskinportenClient};
use portvakt_operator::shell::{
    Candidate, Client, Lead, Operator, Terms, connect, follow, namespaces, run as look_after,
};
use portvakt_provision::Pace;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use self::issuer::Issuer;
use self::probes::Probes;
use self::settings::{Named, OwnershipArg};
use self::workloads::WorkloadArgs;
use crate::config::{LogFormat, LogSection};
use crate::data_dir::DataDirArgs;
use crate::operations::Drain;
use crate::output::Output;
use crate::provisioning::AdministrationArgs;
use crate::server::Signals;
use crate::server_args::HttpArgs;
use crate::telemetry;

/// Flags. Those with a dot in their name, and `--cluster-name` and `--log-level`, are settings of the
/// operator that existing clusters have.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    administration: AdministrationArgs,
    #[command(flatten)]
    http: HttpArgs,
    #[command(flatten)]
    data_dir: DataDirArgs,
    /// How the API server is reached [default: as a Pod of the cluster, or as kubectl does]
    #[arg(long, value_name = "FILE", env = "PORTVAKT_KUBECONFIG")]
    kubeconfig: Option<PathBuf>,
    /// Which existing scopes may be changed
    #[arg(
        long,
        value_name = "RULE",
        value_enum,
        env = "PORTVAKT_OWNERSHIP",
        default_value_t = OwnershipArg::Takeover
    )]
    ownership: OwnershipArg,
    /// How often a Portvakt is asked what somebody else changed; other services a tenth as often
    #[arg(
        long,
        value_name = "SECONDS",
        env = "PORTVAKT_FOLLOW_SECONDS",
        value_parser = clap::value_parser!(u16).range(1..=3600),
        default_value_t = 30
    )]
    follow_seconds: u16,
    /// `IDPORTEN_AUDIENCE` of login clients' Secrets [default: none, as ever]
    #[arg(long, value_name = "AUDIENCE", env = "PORTVAKT_IDPORTEN_AUDIENCE")]
    idporten_audience: Option<String>,
    #[command(flatten)]
    workloads: WorkloadArgs,
}

/// Looks after the custom resources of a cluster until it is told to stop.
pub(crate) async fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let log = LogSection {
        format: LogFormat::Json,
        filter: args.named.log_filter(),
    };
    telemetry::install_for(&log, None)?;
    args.named.check()?;
    let mut signals = Signals::listen()?;
    let issuer = Issuer::find(&args).await?;
    let client = connect(args.kubeconfig.as_deref()).await;
    let client = client.context("reach the Kubernetes API server")?;
    let mut report = json!({
        "cluster": args.named.cluster_name, "target": issuer.api.base_url().as_str(),
        "administration_client": issuer.api.tokens().source().credentials.client_id(),
        "prefix": args.named.scope_prefix, "maskinporten": args.named.maskinporten, "idporten": args.named.idporten,
        "ownership": Ownership::from(args.ownership),
    });
    tracing::info!(settings = %report, "looking after custom resources");
    let rules = Rules {
        settings: args.named.settings(),
        policy: Policy {
            ownership: Ownership::from(args.ownership),
            ..Policy::compatible()
        },
        issuers: issuer.issuers,
    };
    let has_audience = args.idporten_audience.is_some();
    let webhook = args.workloads.webhook(&client, has_audience).await?;
    let operator = Operator::new(client.clone(), issuer.api, rules, pass_id);
    let (stop, stopped) = watch::channel(false);
    let (lead, candidate) = lead(&args.named, client.clone(), stopped.clone());
    let operator = operator.led_by(lead.clone());
    let figures = operator.figures().clone();
    figures.know(namespaces(&client).await);
    let drain = Drain::default();
    let address = args.named.metrics_address;
    let probes = Probes::start(address, figures.clone(), lead.clone(), drain.clone()).await?;
    // Every replica answers the API server, whether it leads or not.
    let webhook = webhook.map(|(webhook, listener)| {
        tokio::spawn(workloads::serve(webhook, listener, until(stopped.clone())))
    });
    report["metrics_address"] = json!(probes.address.to_string());
    let cluster = &args.named.cluster_name;
    let text = format_args!("Looking after the custom resources of {cluster}.");
    output.result(&report, text)?;
    loop {
        tokio::select! {
            () = lead.held() => {}
            () = signals.stop() => break,
        }
        let (finish, finished) = watch::channel(false);
        let mut controllers = controllers(&args, &operator, &finished);
        args.workloads
            .make_clients(&client, &mut controllers, || until(finished.clone()));
        tokio::select! {
            () = lead.lost() => {
                tracing::warn!("not acting any more");
                controllers.shutdown().await;
                figures.forget_all();
            }
            Some(ended) = controllers.join_next() => {
                ended?;
                bail!("a controller ended by itself");
            }
            () = signals.stop() => {
                drain.begin();
                output.note("Stopping: passes under way are finished.");
                finish.send_replace(true);
                while let Some(ended) = controllers.join_next().await {
                    ended?;
                }
                break;
            }
        }
    }
    // Another may lead as soon as nothing is under way.
    stop.send_replace(true);
    if let Some(candidate) = candidate {
        candidate.await?;
    }
    if let Some(webhook) = webhook {
        webhook.await?;
    }
    probes.shutdown.trigger();
    Ok(())
}

/// Whether this operator may act: always, or while it holds the Lease, which a task sees to until `stopped`.
fn lead(
    named: &Named,
    client: Client,
    stopped: watch::Receiver<bool>,
) -> (Lead, Option<JoinHandle<()>>) {
    if !named.leader_election {
        return (Lead::alone(), None);
    }
    let own = client.default_namespace().to_owned();
    let namespace = named.lease_namespace.clone().unwrap_or(own);
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "operator".to_owned());
    let identity = format!("{host}_{}", key_id(random()));
    let candidate = Candidate::new(client, &namespace, identity, Terms::default());
    (
        candidate.lead(),
        Some(tokio::spawn(candidate.run(until(stopped)))),
    )
}

/// The controllers of what is looked after.
fn controllers(args: &Args, operator: &Operator, finished: &watch::Receiver<bool>) -> JoinSet<()> {
    let named = &args.named;
    let mut controllers = JoinSet::new();
    if named.maskinporten {
        let until = until(finished.clone());
        controllers.spawn(look_after::<MaskinportenClient>(
            operator.clone(),
            until,
            jitter,
        ));
    }
    if named.idporten {
        let until = until(finished.clone());
        controllers.spawn(look_after::<IDPortenClient>(
            operator.clone(),
            until,
            jitter,
        ));
    }
    let pace = pace(args.follow_seconds);
    controllers.spawn(follow(operator.clone(), pace, until(finished.clone())));
    controllers
}

fn pace(seconds: u16) -> Pace {
    let changes = Duration::from_secs(seconds.into());
    Pace {
        changes,
        // Whole lists are a burden.
        lists: changes * 10,
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // A sender that is gone has stopped, too.
    let _ = stopped.wait_for(|is_stopped| *is_stopped).await;
}

/// An id for the log and the status. Without randomness it is not unique, which only blurs a line.
fn pass_id() -> String {
    key_id(random())
}

fn jitter() -> f64 {
    f64::from(random()[0]) / f64::from(u8::MAX)
}

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    let _ = SystemEntropy.fill(&mut bytes);
    bytes
}
