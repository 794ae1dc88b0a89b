//! What the node knows of its store, its keys and its log of refusals.

use std::fmt;
use std::sync::Arc;

use portvakt_core::Clock;
use portvakt_core::cache::CachedStore;
use portvakt_core::login::{Opening, Room};
use portvakt_core::ports::ReplayLedger;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::registry::Unit;

use super::scrape::Figures;
use crate::backchannel::LogoutCounters;
use crate::key_expiry::KeyEndFigures;
use crate::limits::Limiters;
use crate::refusals::RefusalRecorder;
use crate::signing::SigningKeyKeeper;
use crate::traces::SpanCounters;

/// Where the figures come from.
pub(crate) struct NodeSources {
    /// The store with its cache.
    pub(crate) store: Arc<CachedStore>,
    /// The signing keys of machines' tokens.
    pub(crate) keeper: Arc<SigningKeyKeeper>,
    /// What there is of logins; none where nobody logs in.
    pub(crate) logins: Option<LoginSources>,
    /// Whoever writes refusals down.
    pub(crate) refusals: Arc<RefusalRecorder>,
    /// When clients' keys end.
    pub(crate) key_ends: KeyEndFigures,
    /// The limits of the public surfaces.
    pub(crate) limiters: Arc<Limiters>,
    /// What became of the spans of traces.
    pub(crate) spans: Arc<SpanCounters>,
    /// The present.
    pub(crate) clock: Arc<dyn Clock>,
}

/// Where the figures of logins come from.
pub(crate) struct LoginSources {
    /// Their signing keys.
    pub(crate) keeper: Arc<SigningKeyKeeper>,
    /// The room for what anybody may begin.
    pub(crate) room: Arc<Room>,
    /// What became of notices of logouts.
    pub(crate) notices: Arc<LogoutCounters>,
    /// The ids of the ways to log in.
    pub(crate) eids: Vec<String>,
}

/// Asks for the figures when somebody looks.
pub(super) struct NodeFigures(pub(super) NodeSources);

impl fmt::Debug for NodeFigures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("NodeFigures")
    }
}

impl Collector for NodeFigures {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut figures = Figures(encoder);
        self.registry(&mut figures)?;
        self.cache(&mut figures)?;
        self.ledger(&mut figures)?;
        self.keys(&mut figures)?;
        self.client_keys(&mut figures)?;
        self.logins(&mut figures)?;
        self.refusals(&mut figures)?;
        let help = "Spans of traces, by what became of them";
        let spans = self.0.spans.by_result();
        figures.counters("trace_spans", help, "result", spans)
    }
}

impl NodeFigures {
    fn registry(&self, figures: &mut Figures<'_>) -> fmt::Result {
        let store = &self.0.store;
        let followed = store.followed();
        let revision = followed.map_or(0, |followed| followed.revision.0);
        // Before the first confirmation there is no age, and infinitely old is what it means.
        let age = followed.map_or(f64::INFINITY, |followed| followed.age.as_secs_f64());
        let help = "The registry's revision that this node decides on";
        figures.gauge("registry_revision", help, None, exactly(revision))?;
        let help = "Time since this node last confirmed that it knows every change";
        figures.gauge("registry_age", help, Some(&Unit::Seconds), age)?;
        let errors = store.store_errors();
        figures.counters(
            "store_errors",
            "Calls to the database that failed",
            "kind",
            [
                ("unavailable", errors.unavailable),
                ("corrupt", errors.corrupt),
                ("refused", errors.refused),
            ],
        )
    }

    fn cache(&self, figures: &mut Figures<'_>) -> fmt::Result {
        let counters = self.0.store.counters();
        figures.counters(
            "cache_lookups",
            "Look-ups of single records in the cache",
            "result",
            [("hit", counters.hits), ("miss", counters.misses)],
        )?;
        let help = "Reads of the database for what the cache could not answer";
        figures.counter("cache_store_reads", help, counters.store_reads)?;
        figures.counters(
            "cache_removals",
            "Entries that left the cache, or never came in",
            "reason",
            [
                ("evicted", counters.evictions),
                ("invalidated", counters.invalidations),
                ("overtaken", counters.refused_fills),
            ],
        )?;
        let entries = exactly(counters.entries);
        figures.gauge("cache_entries", "Entries in the cache", None, entries)?;
        let (help, bytes) = ("Memory that the cache's entries take", counters.bytes);
        figures.gauge("cache_size", help, Some(&Unit::Bytes), exactly(bytes))
    }

    fn ledger(&self, figures: &mut Figures<'_>) -> fmt::Result {
        let counters = self.0.store.ledger_counters();
        figures.counters(
            "ledger_batches",
            "Durable writes of the ledger of used grants",
            "result",
            [
                ("written", counters.batches),
                ("failed", counters.failed_batches),
            ],
        )?;
        let help = "Used grants in the batches that were written";
        figures.counter("ledger_grants", help, counters.records)?;
        let help = "Time that the ledger's batches took together";
        figures.seconds_counter("ledger_writing", help, counters.writing.as_secs_f64())
    }

    fn keys(&self, figures: &mut Figures<'_>) -> fmt::Result {
        let maskinporten = ("maskinporten", self.0.keeper.figures());
        let logins = self.0.logins.as_ref();
        let idporten = logins.map(|logins| ("idporten", logins.keeper.figures()));
        let surfaces = || std::iter::once(maskinporten).chain(idporten);
        let states = surfaces().flat_map(|(surface, keys)| {
            let states = [
                ("next", keys.next),
                ("active", keys.active),
                ("retired", keys.retired),
            ];
            states.map(|(state, number)| {
                let labels = [("surface", surface), ("state", state)];
                (labels, number)
            })
        });
        let help = "The server's signing keys, by surface and by where they are in their life";
        figures.labelled_gauges("signing_keys", help, None, states)?;
        let now = self.0.clock.now();
        let rotations = surfaces().map(|(surface, keys)| {
            let seconds = keys
                .rotates_at
                .map_or(f64::NAN, |at| seconds_until(at.seconds() - now.seconds()));
            ([("surface", surface)], seconds)
        });
        let help = "Time until the active signing key hands over; negative when that is overdue";
        let unit = Some(&Unit::Seconds);
        figures.labelled_gauges("signing_key_rotation", help, unit, rotations)
    }

    fn client_keys(&self, figures: &mut Figures<'_>) -> fmt::Result {
        let ends = self.0.key_ends.counted().unwrap_or_default();
        let [sixty, thirty, seven, one] = ends.within;
        figures.gauges(
            "client_keys_expiring",
            "Keys of active clients that expire within so many days and no fewer, or have expired",
            "within",
            [
                ("60d", sixty),
                ("30d", thirty),
                ("7d", seven),
                ("1d", one),
                ("expired", ends.expired),
            ],
        )?;
        let without = exactly(ends.clients_without_usable_key);
        let help = "Active clients that have keys, of which every one has expired";
        figures.gauge("clients_without_usable_key", help, None, without)
    }

    fn logins(&self, figures: &mut Figures<'_>) -> fmt::Result {
        let Some(logins) = &self.0.logins else {
            return Ok(());
        };
        let room = logins.room.figures();
        let help = "What anybody may begin and is under way, on all nodes together";
        let begun =
            Opening::ALL.map(|opening| (kind_of(opening), u64::from(room.begun.of(opening))));
        figures.gauges("login_openings", help, "kind", begun)?;
        let help = "What anybody wanted to begin when there was no room for it";
        let turned_away = room.turned_away;
        let turned_away = turned_away.map(|(opening, number)| (kind_of(opening), number));
        figures.counters("login_openings_refused", help, "kind", turned_away)?;
        let help = "Clients' servers that were to be told of a logout, by what became of it";
        let notices = logins.notices.by_result();
        figures.counters("backchannel_logouts", help, "result", notices)
    }

    fn refusals(&self, figures: &mut Figures<'_>) -> fmt::Result {
        let counters = self.0.refusals.counters();
        figures.counters(
            "refusals_recorded",
            "Refusals in the audit log: one by one, or as one of a number in a summary",
            "as",
            [
                ("entry", counters.written),
                ("summary", counters.summarised),
            ],
        )?;
        let help = "Attempts to write refusals to the audit log that failed";
        figures.counter("refusal_write_errors", help, counters.failed_writes)?;
        let limited = self.0.limiters.refused();
        figures.counters(
            "rate_limited",
            "Requests that were answered 429, by whose limit was reached",
            "limit",
            [
                ("address", limited.addresses),
                ("client", limited.clients),
                ("organization", limited.organizations),
            ],
        )
    }
}

fn kind_of(opening: Opening) -> &'static str {
    match opening {
        Opening::PushedRequest => "pushed_request",
        Opening::Login => "login",
        Opening::ParkedLogout => "parked_logout",
    }
}

/// As a floating-point number, which is exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "nothing here counts that far")]
pub(super) fn exactly(number: u64) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "285 million years fit")]
fn seconds_until(seconds: i64) -> f64 {
    seconds as f64
}
