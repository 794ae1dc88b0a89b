//! `portvakt delegation`.

use portvakt_core::Timestamp;
use portvakt_core::administration::delegation::{self, DelegationKey};
use portvakt_core::delegation::Delegation;
use portvakt_core::organization::OrgNumber;
use portvakt_core::scope::ScopeName;

use super::render::InactiveArgs;
use super::{administer, render};
use crate::database::DatabaseArgs;
use crate::output::Output;

/// Subcommands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Where delegations are recorded
    #[command(subcommand)]
    Source(SourceCommand),
    /// Let a supplier use a scope in a consumer's name
    Add(AddArgs),
    /// List delegations
    List(ListArgs),
    /// End a delegation, at once
    Withdraw(WithdrawArgs),
}

/// Subcommands of `source`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum SourceCommand {
    /// Record a delegation source
    Add {
        /// Stable short name
        name: String,
        /// Copied byte for byte to tokens
        #[arg(long, value_name = "URL")]
        issuer: String,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Let no scope name a delegation source any more
    Withdraw {
        /// Its name
        name: String,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// List delegation sources
    List {
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

/// Who delegates what to whom, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct RowArgs {
    /// Name or issuer of the delegation source
    #[arg(long)]
    source: String,
    /// The scope that may be used
    #[arg(long)]
    scope: ScopeName,
    /// The organization that delegates
    #[arg(long, value_name = "ORGNO")]
    consumer: OrgNumber,
    /// The organization that may act
    #[arg(long, value_name = "ORGNO")]
    supplier: OrgNumber,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// A new delegation.
#[derive(Debug, clap::Args)]
pub(crate) struct AddArgs {
    #[command(flatten)]
    row: RowArgs,
    /// First instant at which it holds, RFC 3339
    #[arg(long, value_name = "INSTANT", value_parser = Timestamp::parse)]
    valid_from: Option<Timestamp>,
    /// First instant at which it no longer holds, RFC 3339
    #[arg(long, value_name = "INSTANT", value_parser = Timestamp::parse)]
    valid_to: Option<Timestamp>,
}

/// One delegation.
#[derive(Debug, clap::Args)]
pub(crate) struct WithdrawArgs {
    #[command(flatten)]
    row: RowArgs,
}

/// All delegations.
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
        Command::Source(SourceCommand::Add {
            name,
            issuer,
            database,
        }) => {
            let saved = administer::write(&database, async |unit, now| {
                Ok(delegation::add_source(unit, &name, &issuer, now).await?)
            });
            let title = format!("delegation source {name}");
            render::saved(output, &title, &saved.await?, render::delegation_source)
        }
        Command::Source(SourceCommand::Withdraw { name, database }) => {
            let saved = administer::write(&database, async |unit, now| {
                Ok(delegation::withdraw_source(unit, &name, now).await?)
            });
            let title = format!("delegation source {name}");
            render::saved(output, &title, &saved.await?, render::delegation_source)
        }
        Command::Source(SourceCommand::List { database }) => list_sources(&database, output).await,
        Command::Add(args) => add(args, output).await,
        Command::List(args) => list(args, output).await,
        Command::Withdraw(args) => withdraw(args.row, output).await,
    }
}

async fn list_sources(database: &DatabaseArgs, output: Output) -> anyhow::Result<()> {
    let sources = administer::read(database, async |unit| {
        Ok(unit.list_delegation_sources().await?)
    });
    let records: Vec<_> = sources
        .await?
        .iter()
        .map(render::delegation_source)
        .collect();
    render::table(
        output,
        &records,
        &[("NAME", "name"), ("ISSUER", "issuer"), ("ACTIVE", "active")],
    )
}

async fn add(args: AddArgs, output: Output) -> anyhow::Result<()> {
    let AddArgs {
        row,
        valid_from,
        valid_to,
    } = args;
    let saved = administer::write(&row.database, async |unit, now| {
        let wanted = Delegation {
            delegation_source: delegation::find_source(unit, &row.source).await?.issuer,
            scope: row.scope.clone(),
            consumer_orgno: row.consumer,
            supplier_orgno: row.supplier,
            valid_from,
            valid_to,
            active: true,
            created: now,
            last_updated: now,
        };
        Ok(delegation::add(unit, wanted, now).await?)
    });
    render::saved(output, &title(&row), &saved.await?, render::delegation)
}

async fn withdraw(row: RowArgs, output: Output) -> anyhow::Result<()> {
    let saved = administer::write(&row.database, async |unit, now| {
        let key = DelegationKey {
            delegation_source: delegation::find_source(unit, &row.source).await?.issuer,
            scope: row.scope.clone(),
            consumer_orgno: row.consumer,
            supplier_orgno: row.supplier,
        };
        Ok(delegation::withdraw(unit, &key, now).await?)
    });
    render::saved(output, &title(&row), &saved.await?, render::delegation)
}

fn title(row: &RowArgs) -> String {
    format!(
        "delegation of {} from {} to {}",
        row.scope, row.consumer, row.supplier
    )
}

async fn list(args: ListArgs, output: Output) -> anyhow::Result<()> {
    let listing = args.inactive.listing();
    let delegations = administer::read(&args.database, async |unit| {
        Ok(unit.list_delegations(listing).await?)
    });
    let records: Vec<_> = delegations.await?.iter().map(render::delegation).collect();
    let columns = [
        ("SOURCE", "delegation_source"),
        ("SCOPE", "scope"),
        ("CONSUMER", "consumer_orgno"),
        ("SUPPLIER", "supplier_orgno"),
        ("FROM", "valid_from"),
        ("TO", "valid_to"),
        ("ACTIVE", "active"),
    ];
    render::table(output, &records, &columns)
}
