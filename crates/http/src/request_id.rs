use std::fmt;
use std::sync::Arc;

use http::{HeaderName, HeaderValue};

/// The header that answers carry the [`RequestId`] in.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Where request ids come from: sixteen random bytes for each call.
pub type RequestIdSource = Arc<dyn Fn() -> [u8; 16] + Send + Sync>;

/// Names one request in answers, logs and the audit log, as 32 lower-case hex digits.
///
/// Always made by the server: an id taken from the request would let a stranger write into the log.
/// Handlers find it in the extensions of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(u128);

impl RequestId {
    /// The id with these bytes, the first of them foremost.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    pub(crate) fn to_header_value(self) -> HeaderValue {
        HeaderValue::try_from(self.to_string()).expect("hex digits are a valid header value")
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_always_32_lower_case_hex_digits() {
        let mut bytes = [0; 16];
        assert_eq!(RequestId::from_bytes(bytes).to_string(), "0".repeat(32));
        bytes[0] = 0xAB;
        bytes[15] = 0x01;
        assert_eq!(
            RequestId::from_bytes(bytes).to_string(),
            "ab000000000000000000000000000001"
        );
    }
}
