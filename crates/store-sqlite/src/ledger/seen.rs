//! Which grants are used, in memory: of the hour that the file remembers, those minutes whose grants may
//! still be accepted. A hundred thousand of them take two to four megabytes.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use portvakt_core::Timestamp;
use portvakt_core::ports::GrantDigest;

/// What the rows of the file up to a number say about grants that are kept until [`Self::floor`] or longer.
///
/// Of a digest it keeps 64 bits, made with a key that nobody knows. That two grants of some minutes have
/// the same is less likely than that memory fails, and then the second one is refused.
#[derive(Debug, Default)]
pub(super) struct Seen {
    key: RandomState,
    /// Until when each is kept, in milliseconds.
    kept_until: HashMap<u64, i64, BuildHasherDefault<AsItIs>>,
    closed_until: Option<i64>,
    last: i64,
    floor: i64,
}

impl Seen {
    /// Knows nothing, and is to know of these.
    pub(super) fn from(floor: Timestamp) -> Self {
        Self {
            floor: floor.milliseconds(),
            ..Self::default()
        }
    }

    /// Whether it knows of grants that are kept until then.
    pub(super) fn reaches_back_to(&self, keep_until: Timestamp) -> bool {
        self.floor <= keep_until.milliseconds()
    }

    pub(super) fn floor(&self) -> i64 {
        self.floor
    }

    /// Makes room for so many more, first by forgetting what is kept for less long: it never holds more than
    /// twice as many as it has to.
    pub(super) fn make_room(&mut self, grants: usize, floor: Timestamp) {
        let floor = floor.milliseconds().max(self.floor);
        let is_room = |kept: &HashMap<_, _, _>| kept.capacity() - kept.len() >= grants;
        if is_room(&self.kept_until) {
            return;
        }
        self.floor = floor;
        self.kept_until.retain(|_, end| *end >= floor);
        // With little room this would soon be done again.
        self.kept_until.reserve(grants + self.kept_until.len() / 8);
    }

    /// The number of the last row that is in here.
    pub(super) fn last(&self) -> i64 {
        self.last
    }

    pub(super) fn contains(&self, digest: &GrantDigest) -> bool {
        self.kept_until.contains_key(&self.mark(digest))
    }

    /// Whether the grant is fresh as far as is known here.
    pub(super) fn admits(&self, digest: &GrantDigest, keep_until: Timestamp) -> bool {
        !self.contains(digest) && self.closed_until < Some(keep_until.milliseconds())
    }

    /// Takes in a row of the file.
    pub(super) fn add(&mut self, number: i64, keep_until: i64, digests: &[u8]) {
        let (digests, _) = digests.as_chunks::<32>();
        for digest in digests {
            let mark = self.mark(digest);
            let kept_until = self.kept_until.entry(mark).or_insert(keep_until);
            *kept_until = keep_until.max(*kept_until);
        }
        if digests.is_empty() {
            self.closed_until = self.closed_until.max(Some(keep_until));
        }
        self.reach(number);
    }

    /// Whatever rows up to this number there were is in here.
    pub(super) fn reach(&mut self, number: i64) {
        self.last = self.last.max(number);
    }

    /// Forgets what need not be kept any longer.
    pub(super) fn remove_expired(&mut self, now: Timestamp) {
        let is_kept = |kept_until: &i64| *kept_until >= now.milliseconds();
        self.closed_until = self.closed_until.filter(is_kept);
        self.kept_until.retain(|_, kept_until| is_kept(kept_until));
        // What a busy hour took is given back after it.
        self.kept_until.shrink_to(2 * self.kept_until.len());
    }

    fn mark(&self, digest: &GrantDigest) -> u64 {
        self.key.hash_one(digest)
    }
}

/// The hash of a number that is a hash already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(milliseconds)
    }

    #[test]
    fn what_is_in_a_row_is_used_until_it_expires() {
        let mut seen = Seen::default();
        seen.add(1, 1000, &[[1; 32], [2; 32]].concat());
        seen.add(2, 2000, &[3; 32]);
        let used = |seen: &Seen| [1, 2, 3, 4].map(|digest| seen.contains(&[digest; 32]));
        assert_eq!(used(&seen), [true, true, true, false]);
        seen.remove_expired(at(1000));
        assert_eq!(used(&seen), [true, true, true, false]);
        seen.remove_expired(at(1001));
        assert_eq!(used(&seen), [false, false, true, false]);
        assert_eq!(seen.last(), 2, "what was removed was seen");
    }

    #[test]
    fn room_is_made_by_forgetting_what_is_kept_for_less_long() {
        let mut seen = Seen::default();
        let number = |round: i64, grant: u32| {
            let mut digest = [round.to_le_bytes()[0]; 32];
            digest[..4].copy_from_slice(&grant.to_be_bytes());
            digest
        };
        let mut most = 0;
        for round in 1..=20 {
            seen.make_room(1000, at(round * 100 - 100));
            let digests: Vec<_> = (0..1000).map(|grant| number(round, grant)).collect();
            seen.add(round, round * 100, &digests.concat());
            most = most.max(seen.kept_until.capacity());
            for grant in 0..1000 {
                assert!(seen.contains(&number(round, grant)));
                assert!(round == 1 || seen.contains(&number(round - 1, grant)));
            }
        }
        assert!(most < 8000, "{most}");
        assert!(!seen.contains(&number(1, 1)) && !seen.reaches_back_to(at(100)));
    }

    #[test]
    fn a_row_without_a_grant_closes_until_its_end() {
        let mut seen = Seen::default();
        assert!(seen.admits(&[1; 32], at(0)));
        seen.add(1, 1000, &[]);
        seen.add(2, 500, &[]);
        assert!(!seen.admits(&[1; 32], at(1000)));
        assert!(seen.admits(&[1; 32], at(1001)));
        assert!(!seen.contains(&[1; 32]));
        seen.remove_expired(at(1001));
        assert!(seen.admits(&[1; 32], at(1000)));
    }
}
