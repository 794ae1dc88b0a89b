//! When what was written decides about tokens.

use std::time::Duration;

use portvakt_client::{ClientError, Credentials, Grant, SelfService, TokenSource};
use portvakt_jose::SigningKey;
use tokio::time::{Instant, sleep};

use crate::keeper::KeeperError;

/// How long, and how often, the token endpoint of a target without revisions is asked.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Pause before the second question; each further one is twice as long.
    pub first_pause: Duration,
    /// Longest pause.
    pub longest_pause: Duration,
    /// No question is asked later than this.
    pub total: Duration,
}

impl Default for Patience {
    /// Nationally a change takes up to two minutes.
    fn default() -> Self {
        Self {
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(15),
            total: Duration::from_mins(4),
        }
    }
}

/// A client whose new key the token endpoint must know.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The client with that key.
    pub source: TokenSource,
    /// One of its scopes.
    pub grant: Grant,
}

impl Probe {
    /// A client with this id and private JWK, at the token endpoint of another client.
    ///
    /// # Errors
    /// The text is no key to sign with.
    pub fn with_key(
        beside: &TokenSource,
        client_id: &str,
        private_jwk: &str,
        scope: &str,
    ) -> Result<Self, KeeperError> {
        let jwk = serde_json::from_str(private_jwk)?;
        let (key, kid) = SigningKey::from_private_jwk(&jwk)?;
        let credentials = Credentials::with_key_id(client_id, key, &kid.unwrap_or_default());
        Ok(Self {
            source: TokenSource {
                credentials,
                ..beside.clone()
            },
            grant: Grant::for_scopes([scope]),
        })
    }
}

/// How it is known that a change is effective.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A Portvakt decides at this revision.
    Revision(u64),
    /// The token endpoint knows the clients' keys.
    Probed,
    /// The target tells no revision, and no key was registered that could be tried.
    Unknown,
}

/// Waits until what this API's client has written is effective. A Portvakt says so by its
/// revision; elsewhere every probe asks for a token until it is known to the endpoint.
///
/// # Errors
/// The last answer, when patience ends before the endpoint knows the key.
pub async fn wait_until_effective(
    api: &SelfService,
    probes: &[Probe],
    patience: &Patience,
) -> Result<Effect, ClientError> {
    if let Some(revision) = api.wait_until_effective().await? {
        return Ok(Effect::Revision(revision));
    }
    let started = Instant::now();
    for probe in probes {
        let mut pause = patience.first_pause;
        while let Err(error) = probe.source.fetch(&probe.grant).await {
            if is_known(&error) {
                break;
            }
            if started.elapsed() + pause > patience.total {
                return Err(error);
            }
            sleep(pause).await;
            pause = (pause * 2).min(patience.longest_pause);
        }
    }
    Ok(if probes.is_empty() {
        Effect::Unknown
    } else {
        Effect::Probed
    })
}

/// Whether the refusal is about something else than who the client is: then its key was accepted.
fn is_known(error: &ClientError) -> bool {
    let error = error.refusal().and_then(|refusal| refusal.error.as_deref());
    error.is_some_and(|error| {
        !matches!(
            error,
            "invalid_grant" | "invalid_client" | "temporarily_unavailable" | "server_error"
        )
    })
}
