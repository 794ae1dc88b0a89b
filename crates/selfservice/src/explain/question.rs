//! What is asked: JSON, or the form that the token endpoint takes.

use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use portvakt_api_types::ExplainRequest;
use portvakt_core::Timestamp;
use portvakt_core::administration::{AdministrationError, FieldFaults};
use portvakt_core::refusals::RequestId;
use portvakt_oauth_types::media_type;

use super::OBJECT;
use crate::body;
use crate::call::Call;
use crate::problem::Problem;

/// How far from the present a grant can be looked at.
const HORIZON: Duration = Duration::from_hours(24);

/// A question that can be answered.
pub(super) struct Question {
    pub(super) subject: Subject,
}

/// What is explained.
pub(super) enum Subject {
    /// This grant, at an instant or now.
    Grant {
        assertion: String,
        at: Option<Timestamp>,
    },
    /// The refusal of a request; the grant proves who asks.
    Request {
        request_id: RequestId,
        assertion: Option<String>,
    },
}

impl Question {
    pub(super) fn read(call: &Call, body: &[u8]) -> Result<Self, Problem> {
        let mut faults = FieldFaults::default();
        let request = request(call, body, &mut faults)?;
        let subject = subject(request, call.now, &mut faults);
        match subject {
            Some(subject) if faults.invalid.is_empty() => Ok(Self { subject }),
            _ => Err(Problem::of(
                AdministrationError::Invalid(faults.invalid),
                OBJECT,
            )),
        }
    }
}

fn request(call: &Call, body: &[u8], faults: &mut FieldFaults) -> Result<ExplainRequest, Problem> {
    let content_type = call.headers.get(CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    if content_type.is_some_and(media_type::is_form) {
        return form(body);
    }
    let members = body::members(&call.headers, body, OBJECT)?;
    Ok(body::read(members, faults))
}

/// Clients of the token endpoint have their form at hand, so its other members are allowed.
fn form(body: &[u8]) -> Result<ExplainRequest, Problem> {
    let mut request = ExplainRequest::default();
    for (name, value) in form_urlencoded::parse(body) {
        let member = match &*name {
            "assertion" => &mut request.assertion,
            "request_id" => &mut request.request_id,
            "at" => &mut request.at,
            _ => continue,
        };
        if member.replace(value.into_owned()).is_some() {
            let message = format!("{name}: is given twice");
            let status = StatusCode::BAD_REQUEST;
            return Err(Problem::field(status, OBJECT, &name, &message));
        }
    }
    Ok(request)
}

/// None, with a fault, if nothing is asked that can be answered.
fn subject(request: ExplainRequest, now: Timestamp, faults: &mut FieldFaults) -> Option<Subject> {
    let at = request.at.as_deref().map(Timestamp::parse);
    if let Some(Err(_)) = at {
        faults.invalid(
            "at",
            "is not an instant: write RFC 3339 or seconds since 1970",
        );
    }
    let at = at.and_then(Result::ok);
    if at.is_some_and(|at| at > now.plus(HORIZON) || now > at.plus(HORIZON)) {
        faults.invalid("at", "is more than 24 hours from now");
    }
    let assertion = request.assertion.map(|text| text.trim().to_owned());
    let assertion = assertion.filter(|text| !text.is_empty());
    if let Some(text) = &request.request_id {
        if at.is_some() {
            faults.invalid("at", "goes with a grant: a refusal has its own instant");
        }
        let request_id = RequestId::parse(text)
            .map_err(|error| faults.invalid("request_id", error.to_string()))
            .ok()?;
        return Some(Subject::Request {
            request_id,
            assertion,
        });
    }
    if assertion.is_none() && faults.invalid.is_empty() {
        faults.invalid("assertion", "is required, or a request_id");
    }
    assertion.map(|assertion| Subject::Grant { assertion, at })
}
