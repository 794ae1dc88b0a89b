//! `portvakt scope usage` and `portvakt client usage`: who used a scope, what a client used.

use portvakt_core::administration::{client, scope};
use portvakt_core::client::ClientId;
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::Store;
use portvakt_core::scope::ScopeName;
use portvakt_core::usage::{ClientDay, ConsumerTotal, Day, Days};
use portvakt_core::{Clock, SystemClock};
use serde_json::{Value, json};

use super::render;
use crate::database::DatabaseArgs;
use crate::output::Output;

/// A span of days.
#[derive(Clone, Copy, Debug, clap::Args)]
struct DaysArgs {
    /// First day, UTC (2026-03-02); by default 29 days before the last
    #[arg(long, value_name = "DAY")]
    from: Option<Day>,
    /// Last day, UTC; by default today
    #[arg(long, value_name = "DAY")]
    to: Option<Day>,
}

impl DaysArgs {
    fn days(self) -> anyhow::Result<Days> {
        let days = Days::new(self.from, self.to, Day::of(SystemClock.now()));
        days.map_err(|error| anyhow::anyhow!("--from {error}"))
    }
}

/// Of one scope.
#[derive(Debug, clap::Args)]
pub(crate) struct ScopeArgs {
    /// Full name, prefix:subscope
    name: ScopeName,
    /// Only tokens that were issued for this organization
    #[arg(long, value_name = "ORGNO")]
    consumer: Option<OrgNumber>,
    #[command(flatten)]
    days: DaysArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Of one client.
#[derive(Debug, clap::Args)]
pub(crate) struct ClientArgs {
    /// Its id
    client_id: ClientId,
    #[command(flatten)]
    days: DaysArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Shows by whom a scope was used.
pub(super) async fn of_scope(args: ScopeArgs, output: Output) -> anyhow::Result<()> {
    let days = args.days.days()?;
    let found = read(&args.database, async |store| {
        let mut unit = store.read().await?;
        scope::find(unit.as_mut(), &args.name).await?;
        let usage = store.find_scope_usage(&args.name, args.consumer, days);
        Ok(usage.await?)
    });
    let records: Vec<_> = found.await?.consumers.iter().map(of_consumer).collect();
    let columns = [
        ("CONSUMER", "consumer_orgno"),
        ("SUPPLIER", "supplier_orgno"),
        ("ACCESS OF", "accessing_orgno"),
        ("CLIENTS", "clients"),
        ("TOKENS", "tokens"),
        ("LAST USED", "last_used"),
    ];
    render::table(output, &records, &columns)
}

/// Shows what a client used, by scope and day.
pub(super) async fn of_client(args: ClientArgs, output: Output) -> anyhow::Result<()> {
    let days = args.days.days()?;
    let found = read(&args.database, async |store| {
        let mut unit = store.read().await?;
        client::find(unit.as_mut(), &args.client_id).await?;
        Ok(store.list_client_usage(&args.client_id, days).await?)
    });
    let records: Vec<_> = found.await?.iter().map(of_day).collect();
    let columns = [
        ("SCOPE", "scope"),
        ("DAY", "day"),
        ("TOKENS", "tokens"),
        ("LAST USED", "last_used"),
    ];
    render::table(output, &records, &columns)
}

async fn read<T>(
    database: &DatabaseArgs,
    act: impl AsyncFnOnce(&dyn Store) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let store = database.open().await?;
    let result = act(store.shared().as_ref()).await;
    store.close().await;
    result
}

fn of_consumer(total: &ConsumerTotal) -> Value {
    json!({
        "consumer_orgno": total.consumer,
        "supplier_orgno": total.supplier,
        "accessing_orgno": total.accessing,
        "clients": total.clients,
        "tokens": total.tokens,
        "last_used": total.last_used.to_string(),
    })
}

fn of_day(line: &ClientDay) -> Value {
    json!({
        "scope": line.scope,
        "day": line.day.to_string(),
        "tokens": line.tokens,
        "last_used": line.last_used.to_string(),
    })
}
