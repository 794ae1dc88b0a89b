//! What somebody is told of a limit (draft-ietf-httpapi-ratelimit-headers-10; RFC 9110 §10.2.3).

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// How somebody stands to a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Requests that are granted in a window.
    pub quota: u32,
    /// In which time a quota that was used up is whole again.
    pub window: Duration,
    /// Requests that are left now.
    pub remaining: u32,
    /// When the quota is whole again.
    pub resets_in: Duration,
    /// When the next request is granted; zero if one is left.
    pub retry_after: Duration,
}

impl Standing {
    /// Adds the fields that say how somebody stands to the limit of this name.
    pub fn tell(&self, headers: &mut HeaderMap, name: &'static str) {
        let (window, reset) = (seconds(self.window), seconds(self.resets_in));
        let policy = format!("\"{name}\";q={};w={window}", self.quota);
        let limit = format!("\"{name}\";r={};t={reset}", self.remaining);
        for (field, value) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, limit)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.append(field, value);
            }
        }
    }
}

/// The value of `Retry-After` that says when to come back: at the earliest in a second.
pub fn retry_after(wait: Duration) -> HeaderValue {
    HeaderValue::from(seconds(wait).max(1))
}

/// Whole seconds, so that nobody comes too early.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_a_member_of_both_lists() {
        let standing = Standing {
            quota: 20,
            window: Duration::from_millis(1500),
            remaining: 7,
            resets_in: Duration::from_secs(1),
            retry_after: Duration::ZERO,
        };
        let mut headers = HeaderMap::new();
        standing.tell(&mut headers, "client");
        standing.tell(&mut headers, "organization");
        let values = |name| -> Vec<_> { headers.get_all(name).iter().collect() };
        assert_eq!(
            values(RATE_LIMIT_POLICY),
            ["\"client\";q=20;w=2", "\"organization\";q=20;w=2"]
        );
        assert_eq!(
            values(RATE_LIMIT),
            ["\"client\";r=7;t=1", "\"organization\";r=7;t=1"]
        );
    }
}
