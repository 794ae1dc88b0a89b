//! `/dev/clock`: what time the server believes it is.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use portvakt_core::Timestamp;
use serde::Deserialize;

use super::Controls;
use super::answer::{Problem, document, read};
use crate::dev::clock::{ClockChange, Motion};

/// What `PUT` takes: where to move the clock, or by how much, and whether it stands still then.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    now: Option<Instant>,
    advance_seconds: Option<i64>,
    frozen: Option<bool>,
}

/// RFC 3339, or seconds since 1970 as text or number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Instant {
    Seconds(i64),
    Text(String),
}

/// `GET`.
pub(super) async fn show(State(controls): State<Controls>) -> Response {
    document(&controls.clock.read())
}

/// `PUT`.
pub(super) async fn change(
    State(controls): State<Controls>,
    body: Bytes,
) -> Result<Response, Problem> {
    let change = parse(read(&body)?)?;
    let reading = controls.clock.change(change);
    tracing::info!(?reading, "clock changed");
    Ok(document(&reading))
}

/// `DELETE`: the machine's time again.
pub(super) async fn reset(State(controls): State<Controls>) -> Response {
    document(&controls.clock.reset())
}

fn parse(request: Request) -> Result<ClockChange, Problem> {
    let motion = match (request.now, request.advance_seconds) {
        (Some(_), Some(_)) => {
            let reason = "now and advance_seconds exclude each other";
            return Err(Problem::bad_request(reason));
        }
        (Some(instant), None) => Some(Motion::To(timestamp(instant)?)),
        (None, Some(seconds)) => Some(Motion::By(seconds)),
        (None, None) => None,
    };
    let frozen = request.frozen;
    if motion.is_none() && frozen.is_none() {
        let reason = "say now, advance_seconds or frozen";
        return Err(Problem::bad_request(reason));
    }
    Ok(ClockChange { motion, frozen })
}

fn timestamp(instant: Instant) -> Result<Timestamp, Problem> {
    match instant {
        Instant::Seconds(seconds) => Ok(Timestamp::from_seconds(seconds)),
        Instant::Text(text) => {
            Timestamp::parse(&text).map_err(|error| Problem::bad_request(error.to_string()))
        }
    }
}
