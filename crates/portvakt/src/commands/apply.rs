//! `portvakt apply`: carry out what manifests, or a saved plan, say.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use anyhow::bail;
use portvakt_nais::plan::Plan;
use portvakt_provision::{Effect, organization};
use serde_json::{Value, json};

use crate::output::Output;
use crate::provisioning::{
    Outcome, ProvisionArgs, SavedPlan, apply_saved, connect_for, describe, summary,
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
        progress(output, index, total, &step.action.to_string());
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
        progress(output, index, total, &step.action.to_string());
        for consequence in &step.consequences {
            output.note(format_args!("      ! {consequence}"));
        }
    });
    let outcome = outcome.await?;
    report(&outcome, &session.clients()?, output)
}

fn progress(output: Output, index: usize, total: usize, what: &str) {
    output.note(format_args!("[{}/{total}] {what}", index + 1));
}

/// On a terminal somebody can say no; elsewhere the plan was looked at before.
fn confirm(plan: &Plan, is_confirmed: bool, output: Output) -> anyhow::Result<()> {
    let takes_away = plan.steps.iter().any(|step| step.action.is_destructive());
    let is_asked = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if is_confirmed || !takes_away || !is_asked || output.is_json() {
        return Ok(());
    }
    output.note(describe(plan));
    anstream::eprint!("Carry this out? [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if !matches!(answer.trim(), "y" | "Y" | "yes") {
        bail!("nothing was changed ({})", summary(plan));
    }
    Ok(())
}

fn report(outcome: &Outcome, clients: &[Value], output: Output) -> anyhow::Result<()> {
    let (effective, revision) = match outcome.effect {
        Effect::Revision(revision) => ("effective", Some(revision)),
        Effect::Probed => ("effective: the token endpoint knows the keys", None),
        Effect::Unknown if outcome.steps == 0 => ("nothing to wait for", None),
        Effect::Unknown => (
            "registered; when the service lets it take effect, it does not tell",
            None,
        ),
    };
    let steps = outcome.steps;
    let mut text = match steps {
        0 => "nothing was changed".to_owned(),
        1 => format!("1 step done, {effective}"),
        _ => format!("{steps} steps done, {effective}"),
    };
    for client in clients {
        let of = |name: &str| client[name].as_str().unwrap_or("none").to_owned();
        text.push('\n');
        text.push_str(&[of("client"), of("client_id")].join(": client id "));
    }
    let effect = match outcome.effect {
        Effect::Revision(_) | Effect::Probed => "effective",
        Effect::Unknown => "unknown",
    };
    let value = json!({"steps": steps, "effect": effect, "revision": revision, "clients": clients});
    output.result(&value, text)
}
