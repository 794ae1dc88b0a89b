//! Durations in fixed buckets, counted without a lock.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::metrics::{MetricType, TypedMetric};

/// Upper ends of the buckets in microseconds: a signature takes about one, the deadline of a request is
/// the last.
const ENDS: [u64; 12] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000,
    30_000_000,
];

/// A histogram of durations. The client library's own takes a lock for each observation, which the
/// requests of all cores would wait for. Clones are handles to the same histogram.
#[derive(Clone, Debug, Default)]
pub(super) struct Durations(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// One for each end, and one for what is beyond the last.
    buckets: [AtomicU64; ENDS.len() + 1],
    microseconds: AtomicU64,
}

impl Durations {
    /// Counts one duration: a search among twelve numbers, and two relaxed additions.
    pub(super) fn observe(&self, duration: Duration) {
        let microseconds = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = ENDS.partition_point(|end| *end < microseconds);
        self.0.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        let sum = &self.0.microseconds;
        sum.fetch_add(microseconds, Ordering::Relaxed);
    }
}

impl TypedMetric for Durations {
    const TYPE: MetricType = MetricType::Histogram;
}

impl EncodeMetric for Durations {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
        let counts = &self.0.buckets;
        let counts = counts.each_ref().map(|count| count.load(Ordering::Relaxed));
        let sum = Duration::from_micros(self.0.microseconds.load(Ordering::Relaxed));
        let ends = ENDS.map(|end| Duration::from_micros(end).as_secs_f64());
        // The encoder adds the bucket without an end from the count.
        let buckets: Vec<_> = ends.into_iter().zip(counts).collect();
        let exemplars: Option<&HashMap<usize, Exemplar<NoLabelSet, f64>>> = None;
        encoder.encode_histogram(sum.as_secs_f64(), counts.iter().sum(), &buckets, exemplars)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::prometheus_text::encode;
    use prometheus_client::registry::Registry;

    use super::*;

    #[test]
    fn every_duration_is_in_the_first_bucket_that_holds_it() {
        let durations = Durations::default();
        for microseconds in [0, 500, 501, 30_000_000, 30_000_001] {
            durations.observe(Duration::from_micros(microseconds));
        }
        let mut registry = Registry::default();
        registry.register("d", "D", durations);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            "d_bucket{le=\"0.0005\"} 2",
            "d_bucket{le=\"0.001\"} 3",
            "d_bucket{le=\"30\"} 4",
            "d_bucket{le=\"+Inf\"} 5",
            "d_count 5",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}
