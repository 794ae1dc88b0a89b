//! `portvakt access`.

use portvakt_core::administration::{Role, access};
use portvakt_core::organization::OrgNumber;
use portvakt_core::scope::ScopeName;

use super::render::InactiveArgs;
use super::{administer, render};
use crate::database::DatabaseArgs;
use crate::output::Output;

/// Subcommands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Give an organization access to a scope
    Grant(OneArgs),
    /// Take an organization's access to a scope away, at once
    Withdraw(OneArgs),
    /// List who has access to what
    List(ListArgs),
}

/// A scope and an organization.
#[derive(Debug, clap::Args)]
pub(crate) struct OneArgs {
    /// Full name, prefix:subscope
    scope: ScopeName,
    /// The organization
    orgno: OrgNumber,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// All access.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// To this scope only
    #[arg(long)]
    scope: Option<ScopeName>,
    /// Of this organization only
    #[arg(long, value_name = "ORGNO")]
    consumer: Option<OrgNumber>,
    #[command(flatten)]
    inactive: InactiveArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Runs the command.
pub(crate) async fn run(command: Command, output: Output) -> anyhow::Result<()> {
    match command {
        Command::Grant(OneArgs {
            scope,
            orgno,
            database,
        }) => {
            let saved = administer::write(&database, async |unit, now| {
                Ok(access::grant(unit, &scope, orgno, Role::Operator, now).await?)
            });
            render::saved(output, &title(&scope, orgno), &saved.await?, render::access)
        }
        Command::Withdraw(OneArgs {
            scope,
            orgno,
            database,
        }) => {
            let saved = administer::write(&database, async |unit, now| {
                Ok(access::withdraw(unit, &scope, orgno, Role::Operator, now).await?)
            });
            render::saved(output, &title(&scope, orgno), &saved.await?, render::access)
        }
        Command::List(args) => list(args, output).await,
    }
}

fn title(scope: &ScopeName, orgno: OrgNumber) -> String {
    format!("access of {orgno} to {scope}")
}

async fn list(args: ListArgs, output: Output) -> anyhow::Result<()> {
    let listing = args.inactive.listing();
    let access = administer::read(&args.database, async |unit| {
        Ok(unit
            .list_access(args.scope.as_ref(), args.consumer, listing)
            .await?)
    });
    let records: Vec<_> = access.await?.iter().map(render::access).collect();
    let columns = [
        ("SCOPE", "scope"),
        ("CONSUMER", "consumer_orgno"),
        ("STATE", "state"),
    ];
    render::table(output, &records, &columns)
}
