//! `portvakt adopt`: scopes and a client that another source has managed become a manifest's, so
//! that nobody who uses them notices.

mod report;

use std::time::{Duration, Instant};

use anyhow::bail;
use portvakt_nais::actual::Actual;
use portvakt_nais::adoption::{
    Source, Stage, Standing, Subject, Terms, failures, narrowed, notes, objections, settle,
    standings, unknown,
};
use portvakt_nais::desired::Desired;
use portvakt_nais::naming::{OrgNumber, Owner};
use portvakt_nais::plan::{Finding, Plan, Problem, Refused};

use self::report::Report;
use crate::data_dir::DataDirArgs;
use crate::output::{Exit, Output};
use crate::provisioning::{
    FileArgs, PolicyArgs, ProvisionArgs, Session, SettingsArgs, TargetArgs, ask, can_ask, describe,
    not_planned, progress,
};

/// Exit code of `--check` when there is something left to do.
const UNFINISHED: u8 = 2;
/// The first pause while the old source's pipeline is waited for; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Flags.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    files: FileArgs,
    /// Scope that is meant, by its full name; may be repeated [default: every scope of the manifests
    /// that exists]
    #[arg(long, value_name = "NAME")]
    scope: Vec<String>,
    /// Client that is meant, when its description does not lead to it yet
    #[arg(long, value_name = "CLIENT_ID", conflicts_with = "from_cluster")]
    client: Option<String>,
    /// Move scopes here that are recorded as those of the same workload in this cluster
    #[arg(long, value_name = "CLUSTER", conflicts_with = "take_over")]
    from_cluster: Option<String>,
    /// Go on without the description: also adopt what is recorded as another's, or as nobody's
    #[arg(long)]
    take_over: bool,
    /// Organization that loses its access because the manifests do not list it; may be repeated
    #[arg(long, value_name = "ORGNO", value_delimiter = ',')]
    withdraw: Vec<OrgNumber>,
    /// Attribute that may become the default of manifests (`at_max_age`), or that a client may lose
    /// values of (`scopes`, `keys`); may be repeated
    #[arg(long, value_name = "ATTRIBUTE", value_delimiter = ',')]
    overwrite: Vec<String>,
    /// Wait this long for the old source's pipeline to write the description
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 0,
        value_parser = clap::value_parser!(u64).range(..=86_400)
    )]
    wait: u64,
    /// Only say at which step everything stands; exit with 2 when something is left to do
    #[arg(long)]
    check: bool,
    /// Do not ask on a terminal before the plan is carried out
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    data_dir: DataDirArgs,
}

/// Ends when what was adopted was looked at again, or says what somebody has to do first.
pub(crate) async fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let terms = args.terms()?;
    let mut session = args.provision().open(output).await?;
    let manifests = std::mem::take(&mut session.desired);
    name_client(&mut session, &manifests, &terms)?;
    refuse(unknown(&manifests, &terms), output)?;
    let mut found = described(&mut session, &manifests, &terms, &args, output).await?;
    session.desired = narrowed(&manifests, &found.standings);
    let mut plan = session.plan(&found.actual, output).await?;
    let is_about_others = |note: &Finding| !matches!(note.problem, Problem::OrphanedScope { .. });
    plan.notes.retain(is_about_others);
    plan.notes.extend(notes(&manifests, &found.actual));
    let before = found.standings.clone();
    settle(&mut found.standings, &plan);
    let objections = objections(&session.desired, &found.actual, &plan, &terms);
    let report = Report {
        terms: &terms,
        standings: &found.standings,
        objections: &objections,
        plan: &plan,
    };
    if args.check {
        report.standing(output)?;
        return if report.is_finished() {
            Ok(())
        } else {
            Err(Exit(UNFINISHED).into())
        };
    }
    if report.waits_for_description() {
        report.standing(output)?;
        bail!("step 1 is not done; nothing was changed");
    }
    if !plan.is_empty() {
        output.note(describe(&plan));
    }
    let refusals = found.standings.iter().filter_map(Standing::refusal);
    refuse(refusals.chain(objections.iter().cloned()).collect(), output)?;
    if plan.is_empty() {
        for note in &plan.notes {
            output.note(format_args!("note: {note}"));
        }
        return report.done(None, &session, output);
    }
    if !args.yes && can_ask(output) {
        ask(&plan)?;
    }
    let total = plan.steps.len();
    let outcome = session.apply(&plan, &found.actual, |index, step| {
        progress(output, index, total, step);
    });
    let outcome = outcome.await?;
    verify(&mut session, &before, &found.actual, &terms, output).await?;
    report.done(Some(&outcome), &session, output)
}

impl Args {
    fn terms(&self) -> anyhow::Result<Terms> {
        let own = self.settings.cluster();
        let source = match &self.from_cluster {
            Some(cluster) if *cluster == own => {
                bail!(
                    "--from-cluster and --cluster are both {own}: name the cluster that the scopes leave"
                )
            }
            Some(cluster) => {
                Owner::new(cluster, "namespace", "name")?;
                Source::Cluster(cluster.clone())
            }
            None if self.take_over => Source::Anybody,
            None => Source::Described,
        };
        Ok(Terms {
            source,
            scopes: self.scope.iter().cloned().collect(),
            client: self.client.clone(),
            withdraw: self.withdraw.iter().cloned().collect(),
            overwrite: self.overwrite.iter().cloned().collect(),
        })
    }

    /// Whose something is was checked before it is planned for, so a plan may change it.
    fn provision(&self) -> ProvisionArgs {
        ProvisionArgs {
            files: self.files.clone(),
            target: self.target.clone(),
            settings: self.settings.clone(),
            policy: PolicyArgs::taking_over(self.take_over || self.from_cluster.is_some()),
            data_dir: self.data_dir.clone(),
            rotate: false,
            delete: false,
        }
    }
}

fn refuse(refusals: Vec<Finding>, output: Output) -> anyhow::Result<()> {
    if refusals.is_empty() {
        return Ok(());
    }
    let notes = Vec::new();
    Err(not_planned(&Refused { refusals, notes }, output))
}

/// Takes the named client for that of the only resource that asks for one.
fn name_client(session: &mut Session, manifests: &[Desired], terms: &Terms) -> anyhow::Result<()> {
    let Some(client_id) = &terms.client else {
        return Ok(());
    };
    let mut with_client = manifests
        .iter()
        .filter(|resource| resource.client.is_some());
    match (with_client.next(), with_client.next()) {
        (Some(resource), None) => session.store.assume(&resource.key, client_id),
        (None, _) => bail!(
            "the manifest asks for no client, because it consumes no scope: add one to `consumes`, or name a \
             scope with --default-client-scope"
        ),
        (Some(_), Some(_)) => {
            bail!(
                "the manifests ask for several clients: name one manifest for --client {client_id}"
            )
        }
    }
}

/// What is, and how far everything is.
struct Found {
    actual: Actual,
    standings: Vec<Standing>,
}

/// Looks until nothing waits for its description, or for as long as was asked for.
async fn described(
    session: &mut Session,
    manifests: &[Desired],
    terms: &Terms,
    args: &Args,
    output: Output,
) -> anyhow::Result<Found> {
    let (started, patience) = (Instant::now(), Duration::from_secs(args.wait));
    let mut pause = FIRST_PAUSE;
    loop {
        session.desired = manifests.to_vec();
        let actual = session.observe().await?;
        let standings = standings(manifests, &actual, terms);
        let waits = standings
            .iter()
            .any(|standing| matches!(standing.stage, Stage::Describe { .. }));
        let left = patience.saturating_sub(started.elapsed());
        if !waits || left.is_zero() {
            check_found(&standings, terms)?;
            return Ok(Found { actual, standings });
        }
        if pause == FIRST_PAUSE {
            output.note(format_args!(
                "waiting up to {} s for the descriptions that the old source is to write",
                args.wait
            ));
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// What nobody named may be missing; somebody who names a scope means one that exists.
fn check_found(standings: &[Standing], terms: &Terms) -> anyhow::Result<()> {
    if standings.is_empty() {
        bail!(
            "the manifests expose no scope, and ask for no client, that could be adopted: it takes \
             `maskinporten.enabled: true`"
        );
    }
    let missing = standings.iter().find_map(|standing| {
        let Subject::Scope { scope } = &standing.subject else {
            return None;
        };
        let is_named = terms.scopes.contains(scope) && standing.stage == Stage::Missing;
        is_named.then_some(scope)
    });
    match missing {
        None => Ok(()),
        Some(scope) => bail!(
            "scope {scope} does not exist there, so there is nothing to adopt: check its name and --target; \
             `portvakt apply` makes a new one"
        ),
    }
}

/// Step 4: what was adopted is the workload's, nobody has lost access, and nothing is left to do.
async fn verify(
    session: &mut Session,
    standings: &[Standing],
    before: &Actual,
    terms: &Terms,
    output: Output,
) -> anyhow::Result<()> {
    let after = session.observe().await?;
    let failures = failures(standings, before, &after, terms);
    for failure in &failures {
        anstream::eprintln!("{failure}");
    }
    if !failures.is_empty() {
        bail!("the adoption was carried out, and what is now is not what it wrote");
    }
    let left: Plan = session.plan(&after, output).await?;
    if let Some(step) = left.steps.first() {
        bail!(
            "the adoption was carried out and is not complete ({}): what managed it before has written again, \
             or the service did not keep what was written; stop the former, and adopt again",
            step.action
        );
    }
    Ok(())
}
