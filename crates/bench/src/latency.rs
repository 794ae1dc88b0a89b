//! Latencies, and what came of requests.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use hdrhistogram::Histogram;

/// What came of the requests of one run.
pub(crate) struct Outcome {
    /// Of tokens, in microseconds.
    issued: Histogram<u64>,
    /// Of requests that were turned away, in microseconds.
    turned_away: Histogram<u64>,
    statuses: BTreeMap<u16, u64>,
    /// How long the run took, from the first request to the last answer.
    pub(crate) time: Duration,
}

impl Outcome {
    /// Nothing yet.
    pub(crate) fn new() -> anyhow::Result<Self> {
        // One microsecond to one minute, to three digits.
        let histogram = || Histogram::new_with_bounds(1, 60_000_000, 3).context("make a histogram");
        Ok(Self {
            issued: histogram()?,
            turned_away: histogram()?,
            statuses: BTreeMap::new(),
            time: Duration::ZERO,
        })
    }

    /// One answer, with the time since the request was due.
    pub(crate) fn record(&mut self, status: u16, latency: Duration) {
        *self.statuses.entry(status).or_default() += 1;
        let microseconds = u64::try_from(latency.as_micros())
            .unwrap_or(u64::MAX)
            .max(1);
        match status {
            200 => self.issued.saturating_record(microseconds),
            503 => self.turned_away.saturating_record(microseconds),
            _ => {}
        }
    }

    /// Tokens that were issued.
    pub(crate) fn issued(&self) -> u64 {
        self.statuses.get(&200).copied().unwrap_or_default()
    }

    /// Tokens a second.
    pub(crate) fn tokens_per_second(&self) -> f64 {
        self.issued() as f64 / self.time.as_secs_f64()
    }

    /// Answers that are neither a token nor a request to come back later.
    pub(crate) fn failed(&self) -> u64 {
        let failed = self.statuses.iter();
        let failed = failed.filter(|(status, _)| !matches!(status, 200 | 503));
        failed.map(|(_, count)| count).sum()
    }

    /// Answers that ask to come back later.
    pub(crate) fn turned_away(&self) -> u64 {
        self.statuses.get(&503).copied().unwrap_or_default()
    }

    /// The latency that this share of the tokens was issued within, in milliseconds.
    pub(crate) fn milliseconds(&self, quantile: f64) -> f64 {
        self.issued.value_at_quantile(quantile) as f64 / 1000.0
    }

    /// The latency that this share of the requests was turned away within, in milliseconds.
    pub(crate) fn turned_away_milliseconds(&self, quantile: f64) -> f64 {
        self.turned_away.value_at_quantile(quantile) as f64 / 1000.0
    }
}
