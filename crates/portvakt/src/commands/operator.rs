//! `portvakt operator`: the Kubernetes operator.

mod issuer;
mod settings;

use std::path::PathBuf;

use anyhow::Context;
use portvakt_core::{Entropy, SystemEntropy};
use portvakt_nais::naming::key_id;
use portvakt_nais::plan::{Ownership, Policy};
use portvakt_operator::pass::Rules;
use portvakt_operator::resource::{IDPortenClient, MaskinportenClient};
use portvakt_operator::shell::{Operator, connect, run as look_after};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::issuer::Issuer;
use self::settings::{Named, OwnershipArg};
use crate::config::{LogFormat, LogSection};
use crate::data_dir::DataDirArgs;
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
    /// `IDPORTEN_AUDIENCE` of login clients' Secrets [default: none, as ever]
    #[arg(long, value_name = "AUDIENCE", env = "PORTVAKT_IDPORTEN_AUDIENCE")]
    idporten_audience: Option<String>,
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
    let report = json!({
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
    let operator = Operator::new(client, issuer.api, rules, pass_id);
    let (stop, stopped) = watch::channel(false);
    let mut controllers = JoinSet::new();
    if args.named.maskinporten {
        let until = until(stopped.clone());
        controllers.spawn(look_after::<MaskinportenClient>(
            operator.clone(),
            until,
            jitter,
        ));
    }
    if args.named.idporten {
        let until = until(stopped.clone());
        controllers.spawn(look_after::<IDPortenClient>(operator, until, jitter));
    }
    let cluster = &args.named.cluster_name;
    let text = format_args!("Looking after the custom resources of {cluster}.");
    output.result(&report, text)?;
    signals.stop().await;
    output.note("Stopping: passes under way are finished.");
    stop.send_replace(true);
    while let Some(ended) = controllers.join_next().await {
        ended?;
    }
    Ok(())
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
