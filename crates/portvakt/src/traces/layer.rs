//! Listens to spans and makes of each one a message, once it has ended.
//!
//! An attribute is a text or a number that the code gives by itself. What is merely printable (`%` and
//! `?` of the facade) is left out, so that no record of a request can become one by a slip.

use std::time::Instant;

use portvakt_core::{Clock, Entropy, NameEntropy, SystemClock, Timestamp, spans};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::otlp::{KeyValue, Span, SpanKind, Status, StatusCode};
use super::queue::Queue;

/// The name of the spans that begin a trace here.
pub(super) const REQUEST: &str = "request";

/// Fields of a request's span that are none of its attributes.
pub(super) const NAME: &str = "otel.name";
pub(super) const TRACE_ID: &str = "trace_id";
pub(super) const PARENT_ID: &str = "parent_id";
pub(super) const TRACE_STATE: &str = "trace_state";

/// Of the attributes the layer knows this one.
pub(super) const STATUS_CODE: &str = "http.response.status_code";

const SAMPLED: u32 = 1;
const HAS_IS_REMOTE: u32 = 1 << 8;
const IS_REMOTE: u32 = 1 << 9;
/// From this status on the server is at fault, and its span has failed.
const SERVER_FAULTS: u64 = 500;

/// The layer.
pub(crate) struct SpanLayer {
    queue: Queue,
}

impl SpanLayer {
    pub(super) fn new(queue: Queue) -> Self {
        Self { queue }
    }
}

/// Whether a span is to be heard of: a request that is sampled, and what happens within one.
pub(crate) fn is_traced<S>(metadata: &Metadata<'_>, context: &Context<'_, S>) -> bool
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    metadata.is_span()
        && metadata.target() == spans::TARGET
        && (metadata.name() == REQUEST || context.lookup_current().is_some())
}

impl<S> Layer<S> for SpanLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let name = attributes.metadata().name();
        let begun = if name == REQUEST {
            let mut begun = Begun::request();
            attributes.record(&mut begun);
            begun
        } else {
            let parent = span.parent();
            let extensions = parent.as_ref().map(|parent| parent.extensions());
            let parent = extensions.as_ref().and_then(|found| found.get::<Begun>());
            let Some(parent) = parent else { return };
            parent.part(name)
        };
        span.extensions_mut().insert(begun);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(begun) = span.extensions_mut().get_mut::<Begun>() {
            values.record(begun);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else {
            return;
        };
        let begun = span.extensions_mut().remove::<Begun>();
        if let Some(begun) = begun {
            self.queue.offer(begun.end());
        }
    }
}

/// A span that has not ended.
struct Begun {
    origin: Origin,
    start: Instant,
    trace_id: u128,
    span: Span,
}

/// When the request began, by both clocks: parts are placed by the one that does not jump.
#[derive(Clone, Copy)]
struct Origin {
    at: Timestamp,
    instant: Instant,
}

impl Begun {
    fn request() -> Self {
        let instant = Instant::now();
        let at = SystemClock.now();
        Self {
            origin: Origin { at, instant },
            start: instant,
            trace_id: 0,
            span: Span {
                kind: SpanKind::Server.into(),
                ..span()
            },
        }
    }

    /// A part of what this span is about.
    fn part(&self, name: &str) -> Self {
        Self {
            origin: self.origin,
            start: Instant::now(),
            trace_id: self.trace_id,
            span: Span {
                parent_span_id: self.span.span_id.clone(),
                name: name.to_owned(),
                kind: SpanKind::Internal.into(),
                ..span()
            },
        }
    }

    fn end(self) -> Span {
        let at = |instant: Instant| {
            let since = instant.saturating_duration_since(self.origin.instant);
            let milliseconds = u64::try_from(self.origin.at.milliseconds()).unwrap_or(0);
            let nanoseconds = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
            milliseconds
                .saturating_mul(1_000_000)
                .saturating_add(nanoseconds)
        };
        Span {
            trace_id: self.trace_id.to_be_bytes().to_vec(),
            start_time_unix_nano: at(self.start),
            end_time_unix_nano: at(Instant::now()),
            ..self.span
        }
    }

    /// The first to say something is heard: it was nearest to what happened.
    fn attribute(&mut self, attribute: KeyValue) {
        let mut known = self.span.attributes.iter();
        if !known.any(|known| known.key == attribute.key) {
            self.span.attributes.push(attribute);
        }
    }
}

/// What every span has.
fn span() -> Span {
    let mut id = [0; 8];
    // Without randomness spans are not told apart, which harms nothing but the trace.
    let _ = NameEntropy.fill(&mut id);
    Span {
        span_id: id.to_vec(),
        flags: SAMPLED | HAS_IS_REMOTE,
        ..Span::default()
    }
}

impl Visit for Begun {
    fn record_u128(&mut self, field: &Field, value: u128) {
        if field.name() == TRACE_ID {
            self.trace_id = value;
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            PARENT_ID => {
                self.span.parent_span_id = value.to_be_bytes().to_vec();
                self.span.flags |= IS_REMOTE;
            }
            name => {
                if name == STATUS_CODE && value >= SERVER_FAULTS {
                    let code = StatusCode::Error.into();
                    self.span.status = Some(Status { code });
                }
                let value = i64::try_from(value).unwrap_or(i64::MAX);
                self.attribute(KeyValue::number(name, value));
            }
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            NAME => value.clone_into(&mut self.span.name),
            TRACE_STATE => value.clone_into(&mut self.span.trace_state),
            name => self.attribute(KeyValue::text(name, value)),
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::mpsc::Receiver;
    use tracing::info_span;
    use tracing::subscriber::with_default;
    use tracing_subscriber::filter::dynamic_filter_fn;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::traces::SpanCounters;

    /// The spans that a listener makes messages of.
    fn heard(act: impl FnOnce()) -> Vec<Span> {
        let (queue, mut spans): (_, Receiver<_>) = Queue::new(16, Arc::<SpanCounters>::default());
        let listener = SpanLayer::new(queue).with_filter(dynamic_filter_fn(is_traced));
        with_default(tracing_subscriber::registry().with(listener), act);
        std::iter::from_fn(|| spans.try_recv().ok()).collect()
    }

    #[test]
    fn only_texts_and_numbers_that_are_given_as_such_are_attributes() {
        let spans = heard(|| {
            let request = info_span!(
                target: spans::TARGET,
                REQUEST,
                { TRACE_ID } = 7_u128,
                "a.text" = "x",
                "a.number" = 1_u64,
                shown = %"hemmelig",
                debugged = ?["hemmelig"],
            );
            request.record("a.text", "a later one");
        });
        let expected = [
            KeyValue::number("a.number", 1),
            KeyValue::text("a.text", "x"),
        ];
        assert_eq!(spans.len(), 1);
        let mut attributes = spans[0].attributes.clone();
        attributes.sort_by(|one, other| one.key.cmp(&other.key));
        assert_eq!(attributes, expected);
        assert_eq!(spans[0].trace_id, 7_u128.to_be_bytes());
    }

    #[test]
    fn what_is_no_part_of_a_traced_request_is_not_heard() {
        let spans = heard(|| {
            info_span!(target: spans::TARGET, "before").in_scope(|| {});
            let request = info_span!(target: spans::TARGET, REQUEST, { TRACE_ID } = 7_u128);
            request.in_scope(|| {
                info_span!("of.somebody.else").in_scope(|| {
                    info_span!(target: spans::TARGET, "part").in_scope(|| {});
                });
            });
        });
        let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
        assert_eq!(names, ["part", ""], "a request is named by its fields");
        assert_eq!(spans[0].parent_span_id, spans[1].span_id);
    }
}
