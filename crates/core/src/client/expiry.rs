//! Keys that expire soon, or have: what their client is told before its grants are refused.

use std::time::Duration;

use super::ClientId;
use super::key::ClientKey;
use crate::clock::Timestamp;
use crate::organization::OrgNumber;
use crate::ports::{Clients, StorageError};

/// Days before its end from which a key is warned about, the latest warning last.
pub const WARNING_DAYS: [u32; 4] = [60, 30, 7, 1];

const DAY: Duration = Duration::from_hours(24);

/// How near the end of a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nearness {
    /// Past: grants that it signs are refused.
    Expired,
    /// At most so many days, one of [`WARNING_DAYS`].
    Within(u32),
}

/// A key that its client should replace.
#[derive(Clone, Copy, Debug)]
pub struct ExpiringKey<'k> {
    /// Which key.
    pub key: &'k ClientKey,
    /// How near its end is.
    pub nearness: Nearness,
}

/// Instants that ends of keys are counted until: the present, and one for each of [`WARNING_DAYS`].
pub const KEY_END_INSTANTS: usize = WARNING_DAYS.len() + 1;

/// How the keys of all clients stand to their ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyEnds {
    /// Keys that have expired and were not replaced.
    pub expired: u64,
    /// Keys by the latest of [`WARNING_DAYS`] that they are within, in that order.
    pub within: [u64; WARNING_DAYS.len()],
    /// Clients that have keys and none that is accepted.
    pub clients_without_usable_key: u64,
}

/// A key of some client, by its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEnd {
    /// Whose key.
    pub client_id: ClientId,
    /// The client's organization.
    pub client_orgno: OrgNumber,
    /// Which key.
    pub kid: String,
    /// First instant at which it is no longer accepted.
    pub expires_at: Timestamp,
}

impl KeyEnds {
    /// Counts them at `now`.
    pub async fn count(
        clients: &mut (impl Clients + ?Sized),
        now: Timestamp,
    ) -> Result<Self, StorageError> {
        // The present, and then the nearest warning first.
        let instants = std::array::from_fn(|place| match place.checked_sub(1) {
            None => now,
            Some(place) => now.plus(DAY * WARNING_DAYS[WARNING_DAYS.len() - 1 - place]),
        });
        let until = clients.count_key_ends(instants).await?;
        let mut within = [0; WARNING_DAYS.len()];
        for (place, count) in within.iter_mut().rev().enumerate() {
            *count = until[place + 1].saturating_sub(until[place]);
        }
        Ok(Self {
            expired: until[0],
            within,
            clients_without_usable_key: clients.count_clients_without_usable_key(now).await?,
        })
    }
}

/// How near a key's end is; none while it has longer than any warning.
pub fn nearness(key: &ClientKey, now: Timestamp) -> Option<Nearness> {
    nearness_of(key.expires_at, now)
}

/// As [`nearness`], of the instant at which a key ends.
pub fn nearness_of(end: Timestamp, now: Timestamp) -> Option<Nearness> {
    if end <= now {
        return Some(Nearness::Expired);
    }
    let ends_within = |days: &u32| end <= now.plus(DAY * *days);
    let latest = WARNING_DAYS.into_iter().rev().find(ends_within);
    latest.map(Nearness::Within)
}

/// The keys of a set that expire soon or have, the most urgent first.
pub fn expiring<'k>(
    keys: impl IntoIterator<Item = &'k ClientKey>,
    now: Timestamp,
) -> Vec<ExpiringKey<'k>> {
    let mut expiring: Vec<_> = keys
        .into_iter()
        .filter_map(|key| nearness(key, now).map(|nearness| ExpiringKey { key, nearness }))
        .collect();
    expiring.sort_by_key(|expiring| expiring.key.expires_at);
    expiring
}

/// Whether a client has keys and none of them is accepted: it gets no token until it replaces one. A
/// client without keys uses certificates instead.
pub fn has_only_expired<'k>(keys: impl IntoIterator<Item = &'k ClientKey>, now: Timestamp) -> bool {
    let mut keys = keys.into_iter().peekable();
    keys.peek().is_some() && keys.all(|key| key.is_expired(now))
}

#[cfg(test)]
mod tests {
    use portvakt_jose::{Algorithm, RsaBits, SigningKey};

    use super::*;

    const DAY_SECONDS: i64 = 24 * 60 * 60;

    fn key_that_ends(in_seconds: i64) -> ClientKey {
        let key = SigningKey::generate(Algorithm::Es256, RsaBits::B2048).unwrap();
        ClientKey {
            jwk: key.public_jwk("k"),
            expires_at: Timestamp::from_seconds(now().seconds() + in_seconds),
            created: Timestamp::from_seconds(0),
        }
    }

    fn now() -> Timestamp {
        Timestamp::from_seconds(1_800_000_000)
    }

    #[test]
    fn warnings_begin_at_sixty_thirty_seven_and_one_day() {
        use Nearness::{Expired, Within};
        for (seconds, expected) in [
            (365 * DAY_SECONDS, None),
            (60 * DAY_SECONDS + 1, None),
            (60 * DAY_SECONDS, Some(Within(60))),
            (30 * DAY_SECONDS + 1, Some(Within(60))),
            (30 * DAY_SECONDS, Some(Within(30))),
            (7 * DAY_SECONDS + 1, Some(Within(30))),
            (7 * DAY_SECONDS, Some(Within(7))),
            (DAY_SECONDS + 1, Some(Within(7))),
            (DAY_SECONDS, Some(Within(1))),
            (1, Some(Within(1))),
            (0, Some(Expired)),
            (-DAY_SECONDS, Some(Expired)),
        ] {
            assert_eq!(
                nearness(&key_that_ends(seconds), now()),
                expected,
                "{seconds}"
            );
        }
    }

    #[test]
    fn the_most_urgent_key_comes_first() {
        let keys = [40, -1, 3, 300].map(|days| key_that_ends(days * DAY_SECONDS));
        let told: Vec<_> = expiring(&keys, now())
            .iter()
            .map(|expiring| expiring.nearness)
            .collect();
        assert_eq!(
            told,
            [Nearness::Expired, Nearness::Within(7), Nearness::Within(60)]
        );
    }

    #[test]
    fn a_client_without_keys_is_not_one_with_expired_keys() {
        let (expired, good) = (key_that_ends(0), key_that_ends(1));
        assert!(!has_only_expired(&[], now()));
        assert!(has_only_expired([&expired, &expired], now()));
        assert!(!has_only_expired([&expired, &good], now()));
    }
}
