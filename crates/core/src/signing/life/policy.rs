//! How long each part of a signing key's life lasts.

use std::time::Duration;

use portvakt_jose::{Algorithm, RsaBits};

/// As [`super::MOST_PUBLISHED`].
const MOST: u32 = 10;
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// What an operator may say about signing keys. It becomes a [`LifePolicy`] if it is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LifeSettings {
    /// What new keys sign with. Another algorithm than the active key's begins an ordinary rotation.
    pub algorithm: Algorithm,
    /// Length of new RSA keys.
    pub rsa_bits: RsaBits,
    /// How long a key is the one that signs.
    pub rotation_interval: Duration,
    /// How long a key is published before it signs, so that every verifier has fetched it.
    pub publish_before_use: Duration,
    /// How long a key stays published after it signed for the last time.
    pub keep_after: Duration,
    /// How long verifiers are told to keep the key document: its `max-age`.
    pub document_max_age: Duration,
    /// The longest life of any token that the keys sign.
    pub longest_token_lifetime: Duration,
    /// How long a node may go on with the keys that it last read before it signs no more.
    pub reload_bound: Duration,
}

impl Default for LifeSettings {
    /// Verifiers of the national service are told to keep its keys for a day (spec: maskinporten
    /// §12.2), whatever `max-age` says; two days before and after leave room for that.
    fn default() -> Self {
        Self {
            algorithm: Algorithm::Rs256,
            rsa_bits: RsaBits::B2048,
            rotation_interval: 90 * DAY,
            publish_before_use: 2 * DAY,
            keep_after: 2 * DAY,
            document_max_age: HOUR,
            longest_token_lifetime: HOUR,
            reload_bound: MINUTE,
        }
    }
}

/// Settings under which no verifier that keeps to `max-age` ever meets a key that it does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LifePolicy(LifeSettings);

impl LifePolicy {
    /// The longest time that clocks of nodes and verifiers are allowed to differ.
    pub const CLOCK_MARGIN: Duration = MINUTE;

    /// Checks the settings against each other.
    pub fn new(settings: LifeSettings) -> Result<Self, LifePolicyError> {
        let LifeSettings {
            rotation_interval,
            publish_before_use,
            keep_after,
            document_max_age,
            longest_token_lifetime,
            reload_bound,
            ..
        } = settings;
        if reload_bound.is_zero() {
            return Err(LifePolicyError::ReloadBound);
        }
        let spread = document_max_age
            .saturating_add(reload_bound)
            .saturating_add(Self::CLOCK_MARGIN);
        if publish_before_use < spread {
            return Err(LifePolicyError::PublishBeforeUse(spread));
        }
        let needed = longest_token_lifetime.saturating_add(spread);
        if keep_after < needed {
            return Err(LifePolicyError::KeepAfter(needed));
        }
        // Beside the retired keys there are the next and the active one.
        let retired = keep_after
            .as_millis()
            .div_ceil(rotation_interval.as_millis().max(1));
        if rotation_interval < publish_before_use || retired + 2 > u128::from(MOST) {
            let shortest = keep_after / (MOST - 2);
            return Err(LifePolicyError::RotationInterval(
                publish_before_use.max(shortest + MINUTE),
            ));
        }
        Ok(Self(settings))
    }

    /// What new keys sign with.
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// Length of new RSA keys.
    pub fn rsa_bits(&self) -> RsaBits {
        self.0.rsa_bits
    }

    /// How long a key is the one that signs.
    pub fn rotation_interval(&self) -> Duration {
        self.0.rotation_interval
    }

    /// How long a key is published before it signs.
    pub fn publish_before_use(&self) -> Duration {
        self.0.publish_before_use
    }

    /// How long a key stays published after it signed for the last time.
    pub fn keep_after(&self) -> Duration {
        self.0.keep_after
    }

    /// `max-age` of the key document.
    pub fn document_max_age(&self) -> Duration {
        self.0.document_max_age
    }

    /// The longest life of any token that the keys sign.
    pub fn longest_token_lifetime(&self) -> Duration {
        self.0.longest_token_lifetime
    }

    /// How long a node signs with the keys that it last read.
    pub fn reload_bound(&self) -> Duration {
        self.0.reload_bound
    }

    /// The same policy for another algorithm.
    #[must_use]
    pub fn with_algorithm(self, algorithm: Algorithm) -> Self {
        Self(LifeSettings {
            algorithm,
            ..self.0
        })
    }
}

/// Which setting would leave a verifier without a key, and the least that it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LifePolicyError {
    /// A node would never be allowed to sign.
    #[error("reload_bound must be longer than zero")]
    ReloadBound,
    /// A key would sign before every verifier can know it.
    #[error("publish_before_use must be at least {} seconds: the document's max-age, reload_bound and a minute", .0.as_secs())]
    PublishBeforeUse(Duration),
    /// A key would be gone before its last token has expired.
    #[error("keep_after must be at least {} seconds: the longest token, the document's max-age, reload_bound and a minute", .0.as_secs())]
    KeepAfter(Duration),
    /// The next key would not be ready in time, or more than ten keys would be published at a time.
    #[error("rotation_interval must be at least {} seconds: publish_before_use, and an eighth of keep_after", .0.as_secs())]
    RotationInterval(Duration),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_safe() {
        assert_eq!(MOST as usize, super::super::MOST_PUBLISHED);
        assert_eq!(
            LifePolicy::new(LifeSettings::default()),
            Ok(LifePolicy::default())
        );
    }

    #[test]
    fn settings_that_leave_a_verifier_without_a_key_are_refused_with_what_would_do() {
        type Set = fn(&mut LifeSettings, Duration);
        type Least = fn(LifePolicyError) -> Option<Duration>;
        let cases: [(Set, Duration, Least); 3] = [
            (
                |settings, value| settings.publish_before_use = value,
                HOUR,
                |error| match error {
                    LifePolicyError::PublishBeforeUse(least) => Some(least),
                    _ => None,
                },
            ),
            (
                |settings, value| settings.keep_after = value,
                2 * HOUR,
                |error| match error {
                    LifePolicyError::KeepAfter(least) => Some(least),
                    _ => None,
                },
            ),
            (
                |settings, value| settings.rotation_interval = value,
                DAY,
                |error| match error {
                    LifePolicyError::RotationInterval(least) => Some(least),
                    _ => None,
                },
            ),
        ];
        for (set, too_short, least) in cases {
            let mut settings = LifeSettings::default();
            set(&mut settings, too_short);
            let error = LifePolicy::new(settings).unwrap_err();
            let least = least(error).unwrap_or_else(|| panic!("{error}"));
            set(&mut settings, least);
            assert!(LifePolicy::new(settings).is_ok(), "{error}");
            set(&mut settings, least.saturating_sub(Duration::from_secs(1)));
            assert_eq!(LifePolicy::new(settings), Err(error));
        }
    }

    #[test]
    fn a_long_memory_with_fast_rotation_is_refused() {
        let settings = LifeSettings {
            rotation_interval: 2 * DAY,
            keep_after: 30 * DAY,
            ..LifeSettings::default()
        };
        let Err(LifePolicyError::RotationInterval(least)) = LifePolicy::new(settings) else {
            panic!("too many keys would be published");
        };
        let settings = LifeSettings {
            rotation_interval: least,
            ..settings
        };
        assert!(LifePolicy::new(settings).is_ok());
    }

    #[test]
    fn a_node_that_may_never_sign_is_refused() {
        let settings = LifeSettings {
            reload_bound: Duration::ZERO,
            ..LifeSettings::default()
        };
        assert_eq!(LifePolicy::new(settings), Err(LifePolicyError::ReloadBound));
    }
}
