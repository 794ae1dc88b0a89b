//! Grants that are signed before the clock starts, so that the load costs next to nothing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use serde_json::{Value, json};

use crate::registry::{
    ADMINISTRATION, ADMINISTRATOR, KEY_ID, Registry, SCOPE, client_id, consumer,
};
use crate::setup::GrantKind;

/// Signs grants of as many clients in turn, from turn `first` on, on every core that is free for it.
pub(crate) fn sign(
    registry: &Registry,
    issuer: &str,
    first: usize,
    count: usize,
) -> anyhow::Result<Vec<String>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = count.div_ceil(threads);
    std::thread::scope(|scope| {
        let shares = (0..threads).map(|thread| first + thread * share);
        let workers: Vec<_> = shares
            .map(|first| scope.spawn(move || sign_share(registry, issuer, first, share)))
            .collect();
        let mut grants = Vec::with_capacity(count);
        for worker in workers {
            let share = worker
                .join()
                .map_err(|_| anyhow::anyhow!("signing panicked"))?;
            grants.extend(share?);
        }
        Ok(grants)
    })
}

/// A grant of the client that administers.
pub(crate) fn sign_administrators(registry: &Registry, issuer: &str) -> anyhow::Result<String> {
    let now = since_epoch()?;
    let claims = json!({
        "aud": issuer, "iss": ADMINISTRATOR, "scope": ADMINISTRATION.join(" "),
        "iat": now.as_secs(), "exp": now.as_secs() + 120,
        "jti": format!("{}-administrator", now.as_nanos()),
    });
    let header = json!({ "alg": "RS256", "kid": KEY_ID });
    let signed = registry.key().sign_compact(&header, &claims);
    signed.context("sign a grant")
}

#[expect(
    clippy::disallowed_methods,
    reason = "a load generator is a client: its clock is the machine's"
)]
fn since_epoch() -> anyhow::Result<Duration> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?)
}

fn sign_share(
    registry: &Registry,
    issuer: &str,
    first: usize,
    count: usize,
) -> anyhow::Result<Vec<String>> {
    let started = since_epoch()?;
    let (now, run) = (started.as_secs(), started.as_nanos());
    let setup = registry.setup();
    // Those who are active are spread over the registry, unless only the first have certificates.
    let (active, apart) = match registry.certificates().count() {
        0 => (setup.active, setup.clients / setup.active),
        certified => (certified.min(setup.active), 1),
    };
    (first..first + count)
        .map(|turn| {
            // A stride that no registry's size divides spreads neighbors over all of them.
            let client = turn * 7919 % active * apart;
            let mut claims = json!({
                "aud": issuer, "iss": client_id(client), "scope": SCOPE,
                "iat": now, "exp": now + 120, "jti": format!("{run}-{turn}"),
            });
            if setup.grant == GrantKind::Delegation {
                claims["consumer_org"] = Value::String(consumer(client));
            }
            let signed = registry
                .key()
                .sign_compact(&header(registry, client), &claims);
            signed.context("sign a grant")
        })
        .collect()
}

fn header(registry: &Registry, client: usize) -> Value {
    match registry.certificates().of(client) {
        Some(certificate) => json!({ "alg": "RS256", "x5c": [certificate] }),
        None => json!({ "alg": "RS256", "kid": KEY_ID }),
    }
}
