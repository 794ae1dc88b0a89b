//! Answers: what each kind of success looks like, and every refusal, described once.

use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{
    ArrayBuilder, ComponentsBuilder, ObjectBuilder, OneOfBuilder, Schema, Type,
};
use utoipa::openapi::{ContentBuilder, Ref, RefOr};

use super::table::Success;

const JSON: &str = "application/json";

/// Each header by the name of its component.
const HEADERS: [(&str, &str, &str); 9] = [
    (
        "Revision",
        "Portvakt-Revision",
        "The state of the registry that the answer tells of",
    ),
    ("Tag", "ETag", "The version of what is answered"),
    (
        "KeyExpiry",
        "Portvakt-Key-Expiry",
        "Keys that expire within 60, 30, 7 or 1 days, or have (0); absent when there are none",
    ),
    (
        "RequestId",
        "X-Request-Id",
        "The request's id: 32 lower-case hex digits",
    ),
    (
        "Challenge",
        "WWW-Authenticate",
        "What the token lacks (RFC 6750 §3)",
    ),
    ("Allow", "Allow", "The methods that the address offers"),
    (
        "RetryAfter",
        "Retry-After",
        "After how many seconds to try again",
    ),
    (
        "RateLimit",
        "RateLimit",
        "For each limit that is in force: what is left, and in how many seconds it is whole again",
    ),
    (
        "RateLimitPolicy",
        "RateLimit-Policy",
        "For each limit that is in force: the requests that it grants, and in how many seconds",
    ),
];

/// A way to be refused.
#[derive(Clone, Copy)]
pub(super) enum Refusal {
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    RequestTimeout,
    Conflict,
    PreconditionFailed,
    PayloadTooLarge,
    UnsupportedMediaType,
    UnprocessableContent,
    TooManyRequests,
    InternalError,
    Unavailable,
}

impl Refusal {
    const ALL: [Self; 14] = [
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::Conflict,
        Self::PreconditionFailed,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::UnprocessableContent,
        Self::TooManyRequests,
        Self::InternalError,
        Self::Unavailable,
    ];

    /// What any request can meet with.
    pub(super) const OF_EVERY_REQUEST: [Self; 7] = [
        Self::BadRequest,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::PayloadTooLarge,
        Self::TooManyRequests,
        Self::InternalError,
        Self::Unavailable,
    ];

    /// Status, name of the component, meaning, and the headers beside the request's id.
    fn row(
        self,
    ) -> (
        &'static str,
        &'static str,
        &'static str,
        &'static [&'static str],
    ) {
        match self {
            Self::BadRequest => ("400", "BadRequest", "The request breaks a rule", &[]),
            Self::Unauthorized => (
                "401",
                "Unauthorized",
                "The token proves nobody",
                &["Challenge"],
            ),
            Self::Forbidden => {
                // A refusal that is not about the token's scopes has no challenge.
                (
                    "403",
                    "Forbidden",
                    "The caller may not do this",
                    &["Challenge"],
                )
            }
            Self::NotFound => (
                "404",
                "NotFound",
                "Not there, as far as the caller may know",
                &[],
            ),
            Self::MethodNotAllowed => (
                "405",
                "MethodNotAllowed",
                "The address does not offer the method",
                &["Allow"],
            ),
            Self::RequestTimeout => ("408", "RequestTimeout", "The body came too slowly", &[]),
            Self::Conflict => (
                "409",
                "Conflict",
                "It exists already, or is deactivated",
                &[],
            ),
            Self::PreconditionFailed => (
                "412",
                "PreconditionFailed",
                "If-Match names another version, or the revision is not reached",
                &["RetryAfter"],
            ),
            Self::PayloadTooLarge => ("413", "PayloadTooLarge", "The body is too large", &[]),
            Self::UnsupportedMediaType => (
                "415",
                "UnsupportedMediaType",
                "The body is not application/json",
                &[],
            ),
            Self::UnprocessableContent => (
                "422",
                "UnprocessableContent",
                "The Idempotency-Key was used for another request",
                &[],
            ),
            Self::TooManyRequests => (
                "429",
                "TooManyRequests",
                "The address, the client or its organization asks more often than it may",
                &["RetryAfter", "RateLimit", "RateLimitPolicy"],
            ),
            Self::InternalError => ("500", "InternalError", "The server is at fault", &[]),
            Self::Unavailable => (
                "503",
                "Unavailable",
                "The server cannot answer now",
                &["RetryAfter"],
            ),
        }
    }

    pub(super) fn status(self) -> &'static str {
        self.row().0
    }

    pub(super) fn reference(self) -> Ref {
        Ref::from_response_name(self.row().1)
    }

    fn describe(self) -> Response {
        let (_, _, meaning, headers) = self.row();
        let error = Ref::from_schema_name("ErrorBody");
        with_headers(json(meaning, error), headers).build()
    }
}

/// Adds what the answers of operations refer to.
pub(super) fn register(mut components: ComponentsBuilder) -> ComponentsBuilder {
    for refusal in Refusal::ALL {
        components = components.response(refusal.row().1, refusal.describe());
    }
    for (component, _, meaning) in HEADERS {
        components = components.header(component, header(meaning));
    }
    components
}

fn header(meaning: &str) -> Header {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let header = HeaderBuilder::new().schema(Some(text));
    header.description(Some(meaning)).build()
}

/// The answers without fault, each with its status.
pub(super) fn of(success: Success) -> Vec<(&'static str, Response)> {
    const OK: &str = "200";
    let resource = ["Revision", "Tag"];
    match success {
        Success::Resource(schema) => {
            let answer = json("The resource", Ref::from_schema_name(schema));
            let answer = match schema {
                "JwksResponse" | "ClientResponse" => with_headers(answer, &["KeyExpiry"]),
                _ => answer,
            };
            vec![(OK, with_headers(answer, &resource).build())]
        }
        Success::List(schema) => {
            let answer = json("The list, which may be empty", list(schema));
            vec![(OK, with_headers(answer, &["Revision"]).build())]
        }
        Success::Outcome(schema) => {
            let answer = json("The outcome", Ref::from_schema_name(schema));
            vec![(OK, with_headers(answer, &["Revision"]).build())]
        }
        Success::ScopeOrScopes => {
            let answer = json("The list, or the one scope", scope_or_scopes());
            vec![(OK, with_headers(answer, &resource).build())]
        }
        Success::Empty => {
            let answer = ResponseBuilder::new().description("Done");
            vec![(OK, with_headers(answer, &["Revision"]).build())]
        }
        Success::OpenList(schema) => {
            let answer = json("The list, which may be empty", list(schema));
            vec![
                (OK, with_headers(answer, &resource).build()),
                ("304", not_modified(&resource)),
            ]
        }
        Success::Document => {
            let any = ObjectBuilder::new().schema_type(Type::Object);
            let answer = json("The document", any);
            vec![
                (OK, with_headers(answer, &["Tag"]).build()),
                ("304", not_modified(&["Tag"])),
            ]
        }
        Success::Page => {
            let text = ObjectBuilder::new().schema_type(Type::String);
            let content = ContentBuilder::new().schema(Some(text)).build();
            let answer = ResponseBuilder::new().description("The page");
            let answer = answer.content("text/html", content);
            vec![
                (OK, with_headers(answer, &["Tag"]).build()),
                ("304", not_modified(&["Tag"])),
            ]
        }
        Success::Preflight => {
            let answer = ResponseBuilder::new().description("Any origin may read");
            vec![("204", with_headers(answer, &["Allow"]).build())]
        }
    }
}

fn not_modified(headers: &[&str]) -> Response {
    let answer = ResponseBuilder::new().description("The caller has the present version");
    with_headers(answer, headers).build()
}

fn json(meaning: &str, schema: impl Into<RefOr<Schema>>) -> ResponseBuilder {
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new()
        .description(meaning)
        .content(JSON, content)
}

fn list(schema: &str) -> ArrayBuilder {
    ArrayBuilder::new().items(Ref::from_schema_name(schema))
}

fn scope_or_scopes() -> OneOfBuilder {
    let one = Ref::from_schema_name("ScopeResponse");
    OneOfBuilder::new().item(list("ScopeResponse")).item(one)
}

/// Adds the headers with these names of components, and the request's id.
fn with_headers(mut answer: ResponseBuilder, components: &[&str]) -> ResponseBuilder {
    for (component, name, _) in HEADERS {
        if component == "RequestId" || components.contains(&component) {
            let place = format!("#/components/headers/{component}");
            answer = answer.header_ref(name, Ref::new(place));
        }
    }
    answer
}
