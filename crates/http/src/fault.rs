use std::fmt;

use http::StatusCode;

/// Why a request was answered without its handler, or in its stead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransportFault {
    /// The address sends more requests than it may ([`crate::AddressLimit`]).
    TooManyRequests,
    /// The body is larger than [`crate::Limits::max_body_bytes`].
    BodyTooLarge,
    /// The body was not complete within [`crate::Limits::request_timeout`].
    BodyTimeout,
    /// The body ended early or its chunks are malformed.
    BodyMalformed,
    /// [`crate::Limits::max_requests`] are under way already.
    Overloaded,
    /// The handler had no answer within [`crate::Limits::request_timeout`] and was dropped.
    HandlerTimeout,
    /// The handler panicked.
    HandlerPanicked,
}

impl TransportFault {
    /// The status of the answer: 4xx where the client is at fault, 5xx where the server is.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::BodyMalformed => StatusCode::BAD_REQUEST,
            Self::Overloaded | Self::HandlerTimeout => StatusCode::SERVICE_UNAVAILABLE,
            Self::HandlerPanicked => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A sentence for the caller, without its full stop; it tells nothing about the inside.
    pub const fn description(self) -> &'static str {
        match self {
            Self::TooManyRequests => "Too many requests",
            Self::BodyTooLarge => "The request body is too large",
            Self::BodyTimeout => "The request body did not arrive in time",
            Self::BodyMalformed => "The request body is incomplete or malformed",
            Self::Overloaded => "The server has more requests than it can answer in time",
            Self::HandlerTimeout => "The server did not answer in time",
            Self::HandlerPanicked => "Internal error",
        }
    }
}

impl fmt::Display for TransportFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.description())
    }
}
