//! Counting in memory, on the path of every token.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::day::Day;
use super::record::{Usage, UsageKey};
use crate::clock::Timestamp;
use crate::grant::IssuedToken;

/// Different keys that are kept between two drainings. Only issued tokens are counted, so the
/// registry bounds them too; at about 200 bytes each these are 20 MB.
const CAPACITY: usize = 100_000;

/// Counts issued tokens until they are drained.
///
/// One lock guards them: counting holds it for a look-up for each scope, draining for the swap of
/// one map for another. A signature costs a thousand times as much.
#[derive(Debug)]
pub struct Tally {
    counts: Mutex<Counts>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Counts {
    by_key: HashMap<UsageKey, Count>,
    uncounted: u64,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    tokens: u64,
    last_used: Timestamp,
}

/// Whether it is time to drain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filling {
    /// There is room enough.
    Roomy,
    /// More than half of the room is taken: drain soon.
    Crowded,
}

/// What was counted since the last draining.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// The counts, in no order.
    pub usage: Vec<Usage>,
    /// How many tokens were not counted for lack of room.
    pub uncounted: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl Tally {
    /// A tally with room for this many different keys.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            counts: Mutex::default(),
            capacity,
        }
    }

    /// Counts a token that was issued at this instant, once for each of its scopes.
    pub fn count(&self, token: &IssuedToken, at: Timestamp) -> Filling {
        let acting_for = token.acting_for;
        let count = Count {
            tokens: 1,
            last_used: at,
        };
        let mut counts = self.counts();
        for scope in &token.scopes {
            let key = UsageKey {
                scope: scope.clone(),
                day: Day::of(at),
                consumer: acting_for.consumer,
                supplier: acting_for.supplier,
                accessing: acting_for.accessing,
                client_id: token.client_id.clone(),
            };
            counts.add(key, count, self.capacity);
        }
        self.filling(&counts)
    }

    /// Takes everything out.
    pub fn drain(&self) -> Drained {
        let Counts { by_key, uncounted } = std::mem::take(&mut *self.counts());
        let usage = by_key.into_iter().map(|(key, count)| Usage {
            key,
            tokens: count.tokens,
            last_used: count.last_used,
        });
        Drained {
            usage: usage.collect(),
            uncounted,
        }
    }

    /// Puts counts back that could not be kept elsewhere, as far as there is room.
    pub fn put_back(&self, usage: impl IntoIterator<Item = Usage>) {
        let mut counts = self.counts();
        for Usage {
            key,
            tokens,
            last_used,
        } in usage
        {
            counts.add(key, Count { tokens, last_used }, self.capacity);
        }
    }

    fn filling(&self, counts: &Counts) -> Filling {
        if counts.by_key.len() > self.capacity / 2 {
            Filling::Crowded
        } else {
            Filling::Roomy
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn add(&mut self, key: UsageKey, more: Count, capacity: usize) {
        if let Some(count) = self.by_key.get_mut(&key) {
            count.tokens = count.tokens.saturating_add(more.tokens);
            count.last_used = count.last_used.max(more.last_used);
        } else if self.by_key.len() < capacity {
            self.by_key.insert(key, more);
        } else {
            self.uncounted = self.uncounted.saturating_add(more.tokens);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::ActingFor;

    const NOON: i64 = 1_772_452_800;

    fn token(client_id: &str, scopes: &[&str]) -> IssuedToken {
        let consumer = "312773023".parse().unwrap();
        IssuedToken {
            access_token: "secret".to_owned(),
            expires_in: 119,
            scope: scopes.join(" "),
            jti: "j".to_owned(),
            client_id: client_id.parse().unwrap(),
            acting_for: ActingFor {
                consumer,
                supplier: None,
                accessing: consumer,
                delegated: false,
            },
            scopes: scopes.iter().map(|name| name.parse().unwrap()).collect(),
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(NOON + seconds)
    }

    /// Client, scope, day, tokens and last use of every count, in order.
    fn lines(drained: Drained) -> Vec<(String, String, String, u64, i64)> {
        let mut usage = drained.usage;
        usage.sort_by(|one, other| one.key.cmp(&other.key));
        let line = |usage: Usage| {
            (
                usage.key.client_id.to_string(),
                usage.key.scope.to_string(),
                usage.key.day.to_string(),
                usage.tokens,
                usage.last_used.seconds() - NOON,
            )
        };
        usage.into_iter().map(line).collect()
    }

    fn line(scope: &str, day: &str, tokens: u64, last: i64) -> (String, String, String, u64, i64) {
        (
            "a".to_owned(),
            scope.to_owned(),
            day.to_owned(),
            tokens,
            last,
        )
    }

    #[test]
    fn counts_by_scope_and_day_and_keeps_the_last_use() {
        let tally = Tally::default();
        let both = token("a", &["fjord:a", "fjord:b"]);
        tally.count(&both, at(2));
        tally.count(&both, at(1));
        tally.count(&token("a", &["fjord:a"]), at(86_400));
        let expected = [
            line("fjord:a", "2026-03-02", 2, 2),
            line("fjord:a", "2026-03-03", 1, 86_400),
            line("fjord:b", "2026-03-02", 2, 2),
        ];
        assert_eq!(lines(tally.drain()), expected);
        assert_eq!(tally.drain(), Drained::default());
    }

    #[test]
    fn what_is_put_back_is_added_to_what_came_since() {
        let tally = Tally::default();
        tally.count(&token("a", &["fjord:a"]), at(5));
        let drained = tally.drain();
        tally.count(&token("a", &["fjord:a"]), at(1));
        tally.put_back(drained.usage);
        assert_eq!(lines(tally.drain()), [line("fjord:a", "2026-03-02", 2, 5)]);
    }

    #[test]
    fn room_is_bounded_for_new_keys_and_not_for_known_ones() {
        let tally = Tally::with_capacity(2);
        let one = token("a", &["fjord:a"]);
        assert_eq!(tally.count(&one, at(0)), Filling::Roomy);
        assert_eq!(
            tally.count(&token("a", &["fjord:b", "fjord:c"]), at(0)),
            Filling::Crowded
        );
        tally.count(&one, at(0));
        let drained = tally.drain();
        assert_eq!((drained.usage.len(), drained.uncounted), (2, 1));
        let tokens = drained.usage.iter().map(|usage| usage.tokens).sum::<u64>();
        assert_eq!(tokens, 3);
        let more = token("b", &["fjord:a", "fjord:b", "fjord:c"]);
        tally.count(&more, at(0));
        tally.put_back(drained.usage);
        assert_eq!(tally.drain().usage.len(), 2);
    }

    #[test]
    fn threads_lose_nothing() {
        let tally = Tally::default();
        let token = token("a", &["fjord:a"]);
        let drained = std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        tally.count(&token, at(0));
                    }
                });
            }
            let drained = (0..100).flat_map(|_| tally.drain().usage);
            drained.map(|usage| usage.tokens).sum::<u64>()
        });
        let rest = tally
            .drain()
            .usage
            .iter()
            .map(|usage| usage.tokens)
            .sum::<u64>();
        assert_eq!(drained + rest, 4000);
    }
}
