//! `portvakt operator`: the Kubernetes operator.

mod issuer;
mod leading;
mod parts;
mod probes;
mod settings;
mod workloads;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use portvakt_core::{Entropy, SystemEntropy};
use portvakt_http::Shutdown;
use portvakt_nais::desired::ClientKind;
use portvakt_nais::naming::key_id;
use portvakt_nais::plan::{Ownership, Policy};
use portvakt_operator::pass::Rules;
use portvakt_operator::resource::{IDPortenClient, MaskinportenClient};
use portvakt_operator::shell::{
    Candidate, Client, Following, Lead, Operator, Terms, connect, follow, namespaces,
    run as look_after,
};
use portvakt_provision::Pace;
use serde_json::json;
use tokio::sync::watch;

use self::issuer::Issuer;
use self::leading::{Leading, PATIENCE, lead_until};
use self::parts::Parts;
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
    let mut parts = Parts::default();
    let lead = lead(&args.named, client.clone(), &mut parts, &stopped);
    let operator = operator.led_by(lead.clone());
    let figures = operator.figures().clone();
    figures.know(namespaces(&client).await);
    let drain = Drain::default();
    let address = args.named.metrics_address;
    let probes = Probes::bind(address, figures, lead.clone(), drain.clone()).await?;
    report["metrics_address"] = json!(probes.address().to_string());
    // It is asked until the others have ended.
    let (mut probing, no_more) = (Parts::default(), Shutdown::new());
    probing.start("the listener of metrics", probes.answer(no_more.clone()));
    // Every replica answers the API server, whether it leads or not.
    if let Some((webhook, listener)) = webhook {
        let serving = workloads::serve(webhook, listener, until(stopped.clone()));
        parts.start("the webhook", serving);
    }
    let cluster = &args.named.cluster_name;
    let text = format_args!("Looking after the custom resources of {cluster}.");
    output.result(&report, text)?;
    let stopping = async {
        signals.stop().await;
        output.note("Stopping: passes under way are finished.");
    };
    let broken = async {
        tokio::select! {
            error = parts.ended() => error,
            error = probing.ended() => error,
        }
    };
    let drain_for = args.workloads.drain();
    let controllers = Controllers {
        args,
        client,
        operator,
    };
    let outcome = lead_until(stopping, broken, &lead, &controllers, &drain).await;
    // Another may lead as soon as nothing is under way.
    stop.send_replace(true);
    let ended = parts.finish(drain_for.saturating_add(PATIENCE)).await;
    no_more.trigger();
    let answered = probing.finish(PATIENCE).await;
    outcome.and(ended).and(answered)
}

/// Whether this operator may act: always, or while it holds the Lease, which a part sees to until `stopped`.
fn lead(named: &Named, client: Client, parts: &mut Parts, stopped: &watch::Receiver<bool>) -> Lead {
    if !named.leader_election {
        return Lead::alone();
    }
    let namespace = own_namespace(named, &client);
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "operator".to_owned());
    let identity = format!("{host}_{}", key_id(random()));
    let candidate = Candidate::new(client, &namespace, identity, Terms::default());
    let lead = candidate.lead();
    parts.start("leader election", candidate.run(until(stopped.clone())));
    lead
}

/// Where the operator keeps what it shares with its like.
fn own_namespace(named: &Named, client: &Client) -> String {
    let own = client.default_namespace();
    let namespace = named.lease_namespace.as_deref();
    namespace.unwrap_or(own).to_owned()
}

/// What is looked after.
struct Controllers {
    args: Args,
    client: Client,
    operator: Operator,
}

impl Leading for Controllers {
    fn begin(&self, finished: &watch::Receiver<bool>) -> Parts {
        let named = &self.args.named;
        let finished = || until(finished.clone());
        let operator = || self.operator.clone();
        let (mut parts, mut kinds) = (Parts::default(), Vec::new());
        if named.maskinporten {
            kinds.push(ClientKind::Maskinporten);
            let controller = look_after::<MaskinportenClient>(operator(), finished(), jitter);
            parts.start("the controller of MaskinportenClient", controller);
        }
        if named.idporten {
            kinds.push(ClientKind::IdPorten);
            let controller = look_after::<IDPortenClient>(operator(), finished(), jitter);
            parts.start("the controller of IDPortenClient", controller);
        }
        let following = Following {
            pace: pace(self.args.follow_seconds),
            kinds,
            namespace: own_namespace(named, &self.client),
        };
        let following = follow(operator(), following, finished());
        parts.start("following the issuer", following);
        let workloads = &self.args.workloads;
        workloads.make_clients(&self.client, &mut parts, finished);
        parts
    }

    fn lost(&self) {
        self.operator.figures().forget_all();
    }
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
