//! What an operator costs others, and itself.

use std::collections::BTreeMap;
use std::time::Duration;

use kube::Client;

/// How often the API server was asked about what an operator is about, by verb and resource.
pub(super) async fn asked_of_cluster(client: &Client) -> BTreeMap<String, u64> {
    let request = http::Request::get("/metrics").body(Vec::new()).unwrap();
    let text = client.request_text(request).await.unwrap();
    let mut counts = BTreeMap::new();
    for line in text.lines() {
        let Some(labels) = line.strip_prefix("apiserver_request_total{") else {
            continue;
        };
        let label = |name: &str| {
            let start = labels.find(&format!("{name}=\""))? + name.len() + 2;
            labels[start..].split('"').next()
        };
        let (verb, resource) = (label("verb").unwrap(), label("resource").unwrap());
        let is_looked_at = matches!(
            resource,
            "maskinportenclients" | "secrets" | "pods" | "replicasets" | "events" | "configmaps"
        );
        if is_looked_at {
            let count: f64 = line.rsplit(' ').next().unwrap().parse().unwrap();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a count that is written as a float"
            )]
            let count = count as u64;
            *counts.entry(format!("{verb} {resource}")).or_default() += count;
        }
    }
    counts
}

/// What was added, without what was not.
pub(super) fn added(
    before: &BTreeMap<String, u64>,
    after: &BTreeMap<String, u64>,
) -> BTreeMap<String, u64> {
    let added = after.iter().map(|(what, count)| {
        let before = before.get(what).copied().unwrap_or_default();
        (what.clone(), count - before)
    });
    added.filter(|(_, count)| *count > 0).collect()
}

/// A process, as `/proc` shows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Footprint {
    /// Resident memory now, in MiB.
    pub(super) resident: u64,
    /// The most that it ever was, in MiB.
    pub(super) peak: u64,
    /// Processor time.
    pub(super) busy: Duration,
}

impl Footprint {
    pub(super) fn of(pid: u32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let mebibytes = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            let number = line.split_whitespace().nth(1).unwrap();
            number.parse::<u64>().unwrap().div_ceil(1024)
        };
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        // After the name, which may have blanks in it; Linux counts in hundredths of a second.
        let fields: Vec<_> = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .collect();
        let ticks = |field: usize| fields[field].parse::<u64>().unwrap();
        Self {
            resident: mebibytes("VmRSS:"),
            peak: mebibytes("VmHWM:"),
            busy: Duration::from_millis((ticks(11) + ticks(12)) * 10),
        }
    }
}
