//! `portvakt prefix`.

use portvakt_core::administration::prefix;
use portvakt_core::organization::OrgNumber;
use portvakt_core::scope::Prefix;

use super::render::InactiveArgs;
use super::{administer, render};
use crate::database::DatabaseArgs;
use crate::output::Output;

/// Subcommands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Let an organization make scopes below a prefix
    Assign(AssignArgs),
    /// List prefixes
    List(ListArgs),
    /// Stop new scopes below a prefix; existing ones keep working
    Withdraw(OneArgs),
    /// Undo a withdrawal
    Reactivate(OneArgs),
    /// Give a prefix to another organization
    Transfer(TransferArgs),
}

/// A prefix and its owner.
#[derive(Debug, clap::Args)]
pub(crate) struct AssignArgs {
    /// What stands before the first colon of a scope
    prefix: Prefix,
    /// The organization
    #[arg(long, value_name = "ORGNO")]
    org: OrgNumber,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// All prefixes.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Of this organization only
    #[arg(long, value_name = "ORGNO")]
    org: Option<OrgNumber>,
    #[command(flatten)]
    inactive: InactiveArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// One prefix.
#[derive(Debug, clap::Args)]
pub(crate) struct OneArgs {
    /// What stands before the first colon of a scope
    prefix: Prefix,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// A prefix and its new owner.
#[derive(Debug, clap::Args)]
pub(crate) struct TransferArgs {
    /// What stands before the first colon of a scope
    prefix: Prefix,
    /// The organization that gets it
    #[arg(long, value_name = "ORGNO")]
    to: OrgNumber,
    /// Move the scopes of its present owner with it
    #[arg(long)]
    scopes: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Runs the command.
pub(crate) async fn run(command: Command, output: Output) -> anyhow::Result<()> {
    match command {
        Command::Assign(AssignArgs {
            prefix,
            org,
            database,
        }) => {
            let saved = administer::write(&database, async |unit, now| {
                Ok(prefix::assign(unit, &prefix, org, now).await?)
            });
            render::saved(
                output,
                &format!("prefix {prefix}"),
                &saved.await?,
                render::prefix,
            )
        }
        Command::List(args) => list(args, output).await,
        Command::Transfer(args) => transfer(args, output).await,
        Command::Withdraw(OneArgs { prefix, database }) => {
            let saved = administer::write(&database, async |unit, now| {
                Ok(prefix::withdraw(unit, &prefix, now).await?)
            });
            render::saved(
                output,
                &format!("prefix {prefix}"),
                &saved.await?,
                render::prefix,
            )
        }
        Command::Reactivate(OneArgs { prefix, database }) => {
            let saved = administer::write(&database, async |unit, now| {
                Ok(prefix::reactivate(unit, &prefix, now).await?)
            });
            render::saved(
                output,
                &format!("prefix {prefix}"),
                &saved.await?,
                render::prefix,
            )
        }
    }
}

async fn transfer(args: TransferArgs, output: Output) -> anyhow::Result<()> {
    let saved = administer::write(&args.database, async |unit, now| {
        let (prefix, to) = (&args.prefix, args.to);
        Ok(prefix::transfer(unit, prefix, to, args.scopes, now).await?)
    });
    let title = format!("prefix {}", args.prefix);
    render::saved(output, &title, &saved.await?, |moved| {
        let mut json = render::prefix(&moved.assignment);
        json["scopes"] = moved.scopes.iter().map(ToString::to_string).collect();
        json
    })
}

async fn list(args: ListArgs, output: Output) -> anyhow::Result<()> {
    let listing = args.inactive.listing();
    let prefixes = administer::read(&args.database, async |unit| {
        Ok(unit.list_prefixes(args.org, listing).await?)
    });
    let records: Vec<_> = prefixes.await?.iter().map(render::prefix).collect();
    let columns = [
        ("PREFIX", "prefix"),
        ("OWNER", "owner_orgno"),
        ("ACTIVE", "active"),
    ];
    render::table(output, &records, &columns)
}
