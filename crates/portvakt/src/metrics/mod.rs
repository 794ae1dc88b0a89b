//! What a running server tells of itself in figures: `GET /metrics` on the operations port, for
//! Prometheus.
//!
//! Every series exists from the start and comes from a closed list (routes, rows of the table of
//! refusals, states), so their number does not depend on what strangers send. Requests find their
//! counters by the name of their route, decisions theirs at known places, and add to them: no lock is
//! taken, nothing is allocated, and no label is compared but the ids of ways to log in, of which there
//! are few. `docs/metrics.md` says what each
//! metric means; a test compares it with the answer.

mod histogram;
mod layer;
mod logins;
mod node;
mod process;
mod requests;
mod scrape;
mod tokens;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::prometheus_text::{CONTENT_TYPE as TEXT, encode};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use tower::Layer;

use self::layer::CountRequests;
pub(crate) use self::layer::Counted;
use self::logins::LoginMeter;
use self::node::NodeFigures;
pub(crate) use self::node::{LoginSources, NodeSources};
use self::process::ProcessFigures;
use self::requests::RequestMeters;
pub(crate) use self::tokens::TokenMeter;
use crate::route_names::RouteNames;

/// Begins the name of every metric but those of the process.
const PREFIX: &str = "portvakt";

/// The route of requests that no route is for.
const NONE: &str = "none";

/// The operator's API counts as one route: it is nested, so that its own are not seen outside.
const OPERATOR_API: &str = portvakt_selfservice::OPERATOR_BASE_PATH;

/// Routes of the operations port.
const OPERATIONS: [&str; 3] = ["/health", "/ready", "/metrics"];

/// The metrics of one process.
pub(crate) struct Metrics {
    registry: Arc<Registry>,
    tokens: Arc<TokenMeter>,
    /// If people log in here.
    logins: Option<Arc<LoginMeter>>,
    maskinporten: CountRequests,
    /// If people log in here.
    idporten: Option<CountRequests>,
    selfservice: CountRequests,
    operations: CountRequests,
    operator: CountRequests,
}

impl Metrics {
    /// All metrics, with every series that they will ever have.
    pub(crate) fn new(sources: NodeSources) -> Self {
        let mut registry = Registry::default();
        let started_at = sources.clock.now();
        registry.register_collector(Box::new(ProcessFigures { started_at }));
        let ours = registry.sub_registry_with_prefix(PREFIX);
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        ours.register("build", "Which program this is", build);
        let requests = RequestMeters::default();
        requests.register(ours);
        let tokens = Arc::new(TokenMeter::register(ours));
        let logs_in = sources.logins.is_some();
        let eids = sources.logins.as_ref().map(|logins| logins.eids.as_slice());
        let logins = eids.map(|eids| Arc::new(LoginMeter::register(ours, eids)));
        ours.register_collector(Box::new(NodeFigures(sources)));
        let count = |surface, routes| CountRequests { surface, routes };
        let selfservice = requests.surface("selfservice", portvakt_selfservice::routes(), NONE);
        let maskinporten = requests.surface("maskinporten", portvakt_maskinporten::ROUTES, NONE);
        let routes = portvakt_idporten::ROUTES
            .iter()
            .chain(portvakt_idporten::COMPANION_ROUTES);
        let idporten = logs_in.then(|| requests.surface("idporten", routes.copied(), NONE));
        Self {
            idporten: idporten.map(|surface| count(surface, RouteNames::AS_SPELLED)),
            maskinporten: count(
                maskinporten,
                RouteNames::OfPath(portvakt_maskinporten::route_of),
            ),
            selfservice: count(
                selfservice,
                RouteNames::OfRouter(portvakt_selfservice::below_base),
            ),
            operations: count(
                requests.surface("operations", OPERATIONS, NONE),
                RouteNames::AS_SPELLED,
            ),
            operator: count(
                requests.surface("operator", [], OPERATOR_API),
                RouteNames::AS_SPELLED,
            ),
            registry: Arc::new(registry),
            tokens,
            logins,
        }
    }

    /// Hears of every decision.
    pub(crate) fn tokens(&self) -> Arc<TokenMeter> {
        Arc::clone(&self.tokens)
    }

    /// Hears of what the login surface does.
    pub(crate) fn logins(&self) -> Arc<dyn portvakt_idporten::Observer> {
        match &self.logins {
            Some(meter) => Arc::clone(meter) as Arc<dyn portvakt_idporten::Observer>,
            None => Arc::new(()),
        }
    }

    /// Counts the requests of the machine-to-machine surface.
    pub(crate) fn count_maskinporten<S>(&self, service: S) -> Counted<S> {
        self.maskinporten.layer(service)
    }

    /// Counts the requests of the login surface.
    pub(crate) fn count_idporten(&self, router: Router) -> Router {
        match &self.idporten {
            Some(layer) => router.layer(layer.clone()),
            None => router,
        }
    }

    /// Counts the requests of the self-service API.
    pub(crate) fn count_selfservice(&self, router: Router) -> Router {
        router.layer(self.selfservice.clone())
    }

    /// Counts the requests of the platform.
    pub(crate) fn count_operations(&self, router: Router) -> Router {
        router.layer(self.operations.clone())
    }

    /// Counts the requests of the operator's API.
    pub(crate) fn count_operator(&self, router: Router) -> Router {
        router.layer(self.operator.clone())
    }

    /// `GET /metrics`.
    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route("/metrics", get(answer))
            .with_state(Arc::clone(&self.registry))
    }
}

/// The text exposition format of Prometheus, which also readers of `OpenMetrics` take.
async fn answer(State(registry): State<Arc<Registry>>) -> Response {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = encode(&mut text, &registry);
    let headers = [(CONTENT_TYPE, TEXT), (CACHE_CONTROL, "no-store")];
    (headers, text).into_response()
}
