//! `portvakt org`.

use portvakt_core::administration::organization;
use portvakt_core::organization::OrgNumber;

use super::render::InactiveArgs;
use super::{administer, render};
use crate::database::DatabaseArgs;
use crate::output::Output;

/// Subcommands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Record an organization (makes the registry if there is none)
    Add(NamedArgs),
    /// List organizations
    List(ListArgs),
    /// Show one organization
    Show(OneArgs),
    /// Give an organization another name
    Rename(NamedArgs),
    /// Refuse all clients and scopes of an organization, at once
    Deactivate(OneArgs),
    /// Undo a deactivation
    Reactivate(OneArgs),
}

/// An organization and its name.
#[derive(Debug, clap::Args)]
pub(crate) struct NamedArgs {
    /// Nine digits, or 0192: and nine digits
    orgno: OrgNumber,
    /// Shown to people
    #[arg(long)]
    name: String,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// One organization.
#[derive(Debug, clap::Args)]
pub(crate) struct OneArgs {
    /// Nine digits, or 0192: and nine digits
    orgno: OrgNumber,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// All organizations.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    inactive: InactiveArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Runs the command.
pub(crate) async fn run(command: Command, output: Output) -> anyhow::Result<()> {
    match command {
        Command::Add(args) => add(args, output).await,
        Command::List(args) => list(args, output).await,
        Command::Show(args) => show(args, output).await,
        Command::Rename(NamedArgs {
            orgno,
            name,
            database,
        }) => {
            let saved = administer::write(&database, async |unit, now| {
                Ok(organization::rename(unit, orgno, &name, now).await?)
            });
            render::saved(output, &title(orgno), &saved.await?, render::organization)
        }
        Command::Deactivate(OneArgs { orgno, database }) => {
            let saved = administer::write(&database, async |unit, now| {
                Ok(organization::deactivate(unit, orgno, now).await?)
            });
            render::saved(output, &title(orgno), &saved.await?, render::organization)
        }
        Command::Reactivate(OneArgs { orgno, database }) => {
            let saved = administer::write(&database, async |unit, now| {
                Ok(organization::reactivate(unit, orgno, now).await?)
            });
            render::saved(output, &title(orgno), &saved.await?, render::organization)
        }
    }
}

fn title(orgno: OrgNumber) -> String {
    format!("organization {orgno}")
}

async fn add(args: NamedArgs, output: Output) -> anyhow::Result<()> {
    let NamedArgs {
        orgno,
        name,
        database,
    } = args;
    if !orgno.has_valid_check_digit() {
        output.note(format!("warning: the check digit of {orgno} is wrong"));
    }
    let saved = administer::write_new(&database, async |unit, now| {
        Ok(organization::add(unit, orgno, &name, now).await?)
    });
    render::saved(output, &title(orgno), &saved.await?, render::organization)
}

async fn list(args: ListArgs, output: Output) -> anyhow::Result<()> {
    let listing = args.inactive.listing();
    let organizations = administer::read(&args.database, async |unit| {
        Ok(unit.list_organizations(listing).await?)
    });
    let records: Vec<_> = organizations
        .await?
        .iter()
        .map(render::organization)
        .collect();
    render::table(
        output,
        &records,
        &[("ORGNO", "orgno"), ("NAME", "name"), ("ACTIVE", "active")],
    )
}

async fn show(args: OneArgs, output: Output) -> anyhow::Result<()> {
    let found = administer::read(&args.database, async |unit| {
        Ok(organization::find(unit, args.orgno).await?)
    });
    render::record(output, &render::organization(&found.await?))
}
