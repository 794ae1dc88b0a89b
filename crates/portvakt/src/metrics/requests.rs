//! Requests by surface, route and kind of answer.
//!
//! The routes are those of the surfaces' tables, so the series are all there from the start, and what
//! a stranger writes in an address is never one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use axum::http::StatusCode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::histogram::Durations;

/// What became of a request. The last: its client went away before the answer.
const OUTCOMES: [&str; 5] = ["2xx", "3xx", "4xx", "5xx", "abandoned"];
const ABANDONED: usize = OUTCOMES.len() - 1;

type Labels<const N: usize> = [(&'static str, &'static str); N];

/// The families that every surface's series are members of.
#[derive(Debug, Default)]
pub(super) struct RequestMeters {
    answered: Family<Labels<3>, Counter>,
    durations: Family<Labels<2>, Durations>,
    in_flight: Family<Labels<1>, Gauge>,
}

/// Counts the requests of one surface.
#[derive(Debug)]
pub(super) struct SurfaceMeter {
    routes: HashMap<&'static str, Arc<RouteMeter>>,
    otherwise: Arc<RouteMeter>,
}

/// Counts the requests of one route.
#[derive(Debug)]
pub(super) struct RouteMeter {
    answered: [Counter; OUTCOMES.len()],
    durations: Durations,
    in_flight: Gauge,
}

impl RequestMeters {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "http_requests",
            "Requests, by surface, route and class of the answer's status",
            self.answered.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "Time from the complete header section of a request to its answer",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register(
            "http_requests_in_flight",
            "Requests that are being answered",
            self.in_flight.clone(),
        );
    }

    /// A surface with these routes, and the series of all of them. What no route is for is counted
    /// under `otherwise`.
    pub(super) fn surface(
        &self,
        surface: &'static str,
        routes: impl IntoIterator<Item = &'static str>,
        otherwise: &'static str,
    ) -> Arc<SurfaceMeter> {
        let surface = ("surface", surface);
        let in_flight = self.in_flight.get_or_create_owned(&[surface]);
        let meter = |route: &'static str| {
            let route = ("route", route);
            let answered = OUTCOMES.map(|outcome| {
                let labels = [surface, route, ("status", outcome)];
                self.answered.get_or_create_owned(&labels)
            });
            Arc::new(RouteMeter {
                answered,
                durations: self.durations.get_or_create_owned(&[surface, route]),
                in_flight: in_flight.clone(),
            })
        };
        Arc::new(SurfaceMeter {
            routes: routes
                .into_iter()
                .map(|route| (route, meter(route)))
                .collect(),
            otherwise: meter(otherwise),
        })
    }
}

impl SurfaceMeter {
    /// The meter of a route of the table.
    pub(super) fn route(&self, route: Option<&str>) -> &Arc<RouteMeter> {
        let meter = route.and_then(|route| self.routes.get(route));
        meter.unwrap_or(&self.otherwise)
    }
}

impl RouteMeter {
    /// Counts a request that begins, until the value is told its answer or dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Counting {
        self.in_flight.inc();
        Counting {
            meter: Arc::clone(self),
            begun: Instant::now(),
            outcome: ABANDONED,
        }
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Counting {
    meter: Arc<RouteMeter>,
    begun: Instant,
    outcome: usize,
}

impl Counting {
    /// The request has its answer.
    pub(super) fn answered(&mut self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100);
        // No answer is a 1xx; what is beyond 599 is nobody's success.
        self.outcome = class.saturating_sub(2).min(ABANDONED - 1);
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.meter.in_flight.dec();
        self.meter.answered[self.outcome].inc();
        self.meter.durations.observe(self.begun.elapsed());
    }
}
