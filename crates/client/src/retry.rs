//! Which calls are made again, when, and how often.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::error::ClientError;
use crate::random;

/// How patient a client is.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// Most calls for one answer, the first included.
    pub attempts: u32,
    /// Longest wait before the second call; each further one is twice as long.
    pub first_wait: Duration,
    /// Longest wait between two calls, unless the server asks for more.
    pub longest_wait: Duration,
    /// No call is begun later than this after the first.
    pub total: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 5,
            first_wait: Duration::from_millis(200),
            longest_wait: Duration::from_secs(10),
            total: Duration::from_mins(1),
        }
    }
}

/// Whether making a call twice does what making it once does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It does.
    Harmless,
    /// It does not, so only what was certainly not carried out is sent again.
    Harmful,
}

/// Makes a call until it succeeds, fails for good, or patience ends.
pub(crate) async fn with_retries<T, F>(
    policy: &RetryPolicy,
    repeat: Repeat,
    mut call: impl FnMut() -> F,
) -> Result<T, ClientError>
where
    F: Future<Output = Result<T, ClientError>>,
{
    let started = Instant::now();
    let mut attempt = 1;
    loop {
        let error = match call().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if attempt >= policy.attempts || !may_repeat(&error, repeat) {
            return Err(error);
        }
        let wait = wait(policy, attempt, &error);
        if started.elapsed() + wait > policy.total {
            return Err(error);
        }
        sleep(wait).await;
        attempt += 1;
    }
}

fn may_repeat(error: &ClientError, repeat: Repeat) -> bool {
    match error {
        // Nothing was sent.
        ClientError::Unreachable { .. } => true,
        ClientError::Broken { .. } => repeat == Repeat::Harmless,
        ClientError::Refused(refusal) => match refusal.status {
            429 => true,
            // With a time to come back, the server says that it did not act.
            503 => repeat == Repeat::Harmless || refusal.retry_after.is_some(),
            502 | 504 => repeat == Repeat::Harmless,
            _ => false,
        },
        _ => false,
    }
}

/// A random part of a wait that doubles, so that many clients do not come back at once; not shorter
/// than what the server asks for.
fn wait(policy: &RetryPolicy, attempt: u32, error: &ClientError) -> Duration {
    let doubled = policy
        .first_wait
        .saturating_mul(2_u32.saturating_pow(attempt - 1));
    let spread = doubled.min(policy.longest_wait).mul_f64(random::fraction());
    let asked = error.refusal().and_then(|refusal| refusal.retry_after);
    asked.unwrap_or_default().saturating_add(spread)
}
