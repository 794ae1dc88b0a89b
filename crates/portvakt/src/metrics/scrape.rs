//! Figures that are asked for when somebody looks, rather than kept.

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// One series of a metric: its label, if the metric has one, and its value.
type Series<V> = (&'static str, V);

/// Writes metrics one after the other.
pub(super) struct Figures<'a>(pub(super) DescriptorEncoder<'a>);

impl Figures<'_> {
    /// A number that only grows, without labels.
    pub(super) fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let metric = ConstCounter::new(value);
        self.one(name, help, None, &metric)
    }

    /// Seconds that only grow.
    pub(super) fn seconds_counter(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        let metric = ConstCounter::new(value);
        self.one(name, help, Some(&Unit::Seconds), &metric)
    }

    /// A number that goes up and down, without labels.
    pub(super) fn gauge(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        value: f64,
    ) -> fmt::Result {
        self.one(name, help, unit, &ConstGauge::new(value))
    }

    /// Numbers that only grow, one for each value of a label.
    pub(super) fn counters<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        series: [Series<u64>; N],
    ) -> fmt::Result {
        let series = series.map(|(value, number)| (value, ConstCounter::new(number)));
        self.several(name, help, label, &series)
    }

    /// Numbers that go up and down, one for each value of a label.
    pub(super) fn gauges<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        series: [Series<u64>; N],
    ) -> fmt::Result {
        let series = series.map(|(value, number)| (value, ConstGauge::new(number)));
        self.several(name, help, label, &series)
    }

    /// Numbers that go up and down, one for each set of labels.
    pub(super) fn labelled_gauges<const N: usize, V>(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        series: impl IntoIterator<Item = ([(&'static str, &'static str); N], V)>,
    ) -> fmt::Result
    where
        ConstGauge<V>: EncodeMetric,
    {
        let kind = MetricType::Gauge;
        let mut encoder = self.0.encode_descriptor(name, help, unit, kind)?;
        for (labels, value) in series {
            ConstGauge::new(value).encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn one(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        metric: &impl EncodeMetric,
    ) -> fmt::Result {
        let encoder = &mut self.0;
        let encoder = encoder.encode_descriptor(name, help, unit, metric.metric_type())?;
        metric.encode(encoder)
    }

    fn several<M: EncodeMetric>(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        series: &[Series<M>],
    ) -> fmt::Result {
        let Some((_, first)) = series.first() else {
            return Ok(());
        };
        let kind = first.metric_type();
        let mut encoder = self.0.encode_descriptor(name, help, None, kind)?;
        for (value, metric) in series {
            metric.encode(encoder.encode_family(&[(label, *value)])?)?;
        }
        Ok(())
    }
}
