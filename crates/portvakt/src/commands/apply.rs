//! `portvakt apply`: carry out what manifests, or a saved plan, say.

use std::path::PathBuf;

use portvakt_nais::plan::Plan;
use portvakt_provision::organization;
use serde_json::{Value, json};

use crate::output::Output;
use crate::provisioning::{
    Outcome, ProvisionArgs, SavedPlan, apply_saved, ask, can_ask, connect_for, describe, progress,
};

/// Flags.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Plan that `portvakt plan --out` wrote: exactly its steps are carried out, or none if the
    /// world moved
    #[arg(value_name = "PLAN", conflicts_with_all = ["files", "rotate", "delete", "prune", "take_over"])]
    saved: Option<PathBuf>,
    #[command(flatten)]
    provision: ProvisionArgs,
    /// Do not ask on a terminal before something is taken away from somebody
    #[arg(long)]
    yes: bool,
}

/// Prints each step before it is made; ends when the changes are effective.
pub(crate) async fn run(args: Args, output: Output) -> anyhow::Result<()> {
    match &args.saved {
        Some(file) => apply_file(&args, &SavedPlan::read(file)?, output).await,
        None => apply_manifests(&args, output).await,
    }
}

async fn apply_file(args: &Args, saved: &SavedPlan, output: Output) -> anyhow::Result<()> {
    let provision = &args.provision;
    let data_dir = provision.data_dir.data_dir();
    let target = connect_for(&provision.target, &data_dir, &saved.plan).await?;
    let organization = organization(&target.api).await?;
    saved.check_for(target.api.base_url().as_str(), organization.as_deref())?;
    let total = saved.plan.steps.len();
    let outcome = apply_saved(&target, &saved.plan, |index, step| {
        progress(output, index, total, step);
    });
    report(&outcome.await?, &[], output)
}

async fn apply_manifests(args: &Args, output: Output) -> anyhow::Result<()> {
    let mut session = args.provision.open(output).await?;
    let actual = session.observe().await?;
    let plan = session.plan(&actual, output).await?;
    if plan.is_empty() {
        output.note(describe(&plan));
    } else {
        confirm(&plan, args.yes, output)?;
    }
    let total = plan.steps.len();
    let outcome = session.apply(&plan, &actual, |index, step| {
        progress(output, index, total, step);
        for consequence in &step.consequences {
            output.note(format_args!("      ! {consequence}"));
        }
    });
    let outcome = outcome.await?;
    report(&outcome, &session.clients()?, output)
}

/// On a terminal somebody can say no before something is taken away.
fn confirm(plan: &Plan, is_confirmed: bool, output: Output) -> anyhow::Result<()> {
    let takes_away = plan.steps.iter().any(|step| step.action.is_destructive());
    if is_confirmed || !takes_away || !can_ask(output) {
        return Ok(());
    }
    output.note(describe(plan));
    ask(plan)
}

fn report(outcome: &Outcome, clients: &[Value], output: Output) -> anyhow::Result<()> {
    let mut text = outcome.text();
    for client in clients {
        let of = |name: &str| client[name].as_str().unwrap_or("none").to_owned();
        text.push('\n');
        text.push_str(&[of("client"), of("client_id")].join(": client id "));
    }
    let value = json!({
        "steps": outcome.steps, "effect": outcome.effect(), "revision": outcome.revision(),
        "clients": clients,
    });
    output.result(&value, text)
}
