//! Watches are begun at most once a second each, whatever ends them, and end when they were to. A watch that ends is
//! no error to whoever watches: an API server, or a proxy before it, that ends each at once would be asked without a
//! pause. One that says something now and then, and nothing of what happens, would be heard for ever.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::{self, Bytes, HttpBody};
use axum::http::{Request, Response};
use futures_util::StreamExt;
use kube::client::Body;
use tokio::time::{Instant, sleep_until};
use tower::{Layer, Service};

const INTERVAL: Duration = Duration::from_secs(1);

/// How much later than the API server a watch is ended here.
const MARGIN: Duration = Duration::from_secs(5);

/// What a watch may take that does not say.
const LONGEST_SECONDS: u64 = 300;

/// When the next watch of each path may begin. A process watches a handful of paths.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace(Arc<Mutex<HashMap<String, Instant>>>);

/// What goes at that pace.
#[derive(Clone, Debug)]
pub(super) struct Paced<S> {
    inner: S,
    pace: Pace,
}

impl Pace {
    /// When a request that is made now may be sent, and the next of its kind a second later; and how long it may
    /// take from then on. `None` for what is no watch.
    fn turn(&self, request: &Request<Body>, now: Instant) -> Option<(Instant, Duration)> {
        let query = request.uri().query()?;
        if !query.split('&').any(|part| part == "watch=true") {
            return None;
        }
        let mut parts = query.split('&');
        let limit = parts.find_map(|part| part.strip_prefix("timeoutSeconds=")?.parse().ok());
        let limit = Duration::from_secs(limit.unwrap_or(LONGEST_SECONDS)) + MARGIN;
        let place = format!("{}?{}", request.uri().path(), selector(query));
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = turns.get(&place).map_or(now, |turn| now.max(*turn));
        turns.insert(place, turn + INTERVAL);
        Some((turn, limit))
    }
}

/// What distinguishes two watches of one path.
fn selector(query: &str) -> &str {
    let mut parts = query.split('&');
    let selector = parts.find(|part| part.starts_with("labelSelector="));
    selector.unwrap_or_default()
}

impl<S> Layer<S> for Pace {
    type Service = Paced<S>;

    fn layer(&self, inner: S) -> Paced<S> {
        let pace = self.clone();
        Paced { inner, pace }
    }
}

impl<S, B> Service<Request<Body>> for Paced<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<body::Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let turn = self.pace.turn(&request, Instant::now());
        let answer = self.inner.call(request);
        Box::pin(async move {
            let Some((turn, limit)) = turn else {
                return Ok(answer.await?.map(body::Body::new));
            };
            sleep_until(turn).await;
            let end = sleep_until(turn + limit);
            Ok(answer.await?.map(|said| {
                let said = body::Body::new(said).into_data_stream();
                body::Body::from_stream(said.take_until(end))
            }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(place: &str) -> Request<Body> {
        Request::get(place).body(Body::empty()).unwrap()
    }

    #[test]
    fn each_watch_has_its_turns_and_nothing_else_waits() {
        let (pace, now) = (Pace::default(), Instant::now());
        let turn = |place: &str, now| Some(pace.turn(&request(place), now)?.0);
        let resources = "/apis/nais.io/v1/maskinportenclients?&watch=true&resourceVersion=7";
        let secrets = "/api/v1/secrets?&watch=true&labelSelector=type%3Done";
        let others = "/api/v1/secrets?&watch=true&labelSelector=type%3Dother";
        for number in 0..3 {
            let at = Some(now + INTERVAL * number);
            for place in [resources, secrets, others] {
                assert_eq!(turn(place, now), at, "{place}");
            }
        }
        assert_eq!(turn("/api/v1/secrets?&limit=500", now), None);
        assert_eq!(turn("/api/v1/namespaces/team/pods", now), None);
        let timed = "/api/v1/pods?&watch=true&timeoutSeconds=60";
        let (_, limit) = pace.turn(&request(timed), now).unwrap();
        assert_eq!(limit, Duration::from_secs(65));
        let later = now + INTERVAL * 10;
        assert_eq!(turn(secrets, later), Some(later));
    }
}
