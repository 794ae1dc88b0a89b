//! How many refusals are kept one by one.

use std::collections::{BTreeMap, HashMap};

use super::remembered::RequestId;
use crate::audit::Channel;
use crate::clock::Timestamp;

/// Most refusals a minute that are kept one by one; the others are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of all senders together who are not proven, at each way in: noise at one hides nothing at another.
    pub unproven_per_minute: u32,
    /// Of each client that is proven.
    pub client_per_minute: u32,
}

impl Default for Limits {
    /// At worst strangers add some 20 MB a day to the audit log at each of three ways in, and 150 MB
    /// to what is remembered for a day.
    fn default() -> Self {
        Self {
            unproven_per_minute: 30,
            client_per_minute: 60,
        }
    }
}

/// Who sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    /// Anybody, at this way in.
    Unproven(Channel),
    /// This client, proven by its key, certificate or token.
    Client(&'a str),
}

/// Counts the refusals of the current minute. It grows with the clients that are proven in one
/// minute, never with what strangers send.
#[derive(Debug)]
pub struct Gate {
    limits: Limits,
    minute: u64,
    unproven: HashMap<Channel, u32>,
    clients: HashMap<Box<str>, u32>,
    summary: Summary,
}

impl Gate {
    /// A gate that has let nobody through yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            minute: 0,
            unproven: HashMap::new(),
            clients: HashMap::new(),
            summary: Summary::default(),
        }
    }

    /// Whether one more refusal of this origin is kept by itself in `minute`, a number that only
    /// grows.
    pub fn admits(&mut self, origin: Origin<'_>, minute: u64) -> bool {
        if minute != self.minute {
            self.minute = minute;
            self.unproven.clear();
            self.clients.clear();
        }
        let (count, most) = match origin {
            Origin::Unproven(channel) => (
                self.unproven.entry(channel).or_default(),
                self.limits.unproven_per_minute,
            ),
            Origin::Client(client_id) => (
                self.clients.entry(client_id.into()).or_default(),
                self.limits.client_per_minute,
            ),
        };
        if *count < most {
            *count += 1;
            true
        } else {
            false
        }
    }

    /// Counts a refusal that is not kept by itself.
    pub fn count(&mut self, refusal: &'static str, request_id: &RequestId, at: Timestamp) {
        self.summary.add(refusal, request_id, at);
    }

    /// What was counted since the last time, if anything was.
    pub fn take_summary(&mut self) -> Option<Summary> {
        let summary = std::mem::take(&mut self.summary);
        (!summary.counts.is_empty()).then_some(summary)
    }
}

/// Refusals that were counted and not kept one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many, by the name of the refusal.
    pub counts: BTreeMap<&'static str, u64>,
    /// The first and the last of them.
    pub between: Option<(Counted, Counted)>,
}

/// One of the refusals that a summary stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Its request.
    pub request_id: RequestId,
    /// When.
    pub at: Timestamp,
}

impl Summary {
    fn add(&mut self, refusal: &'static str, request_id: &RequestId, at: Timestamp) {
        let count = self.counts.entry(refusal).or_default();
        *count = count.saturating_add(1);
        let request_id = request_id.clone();
        let counted = Counted { request_id, at };
        match &mut self.between {
            Some((_, last)) => *last = counted,
            None => self.between = Some((counted.clone(), counted)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRANGER: Origin<'_> = Origin::Unproven(Channel::TokenEndpoint);

    fn id(number: u32) -> RequestId {
        RequestId::parse(&format!("{number:032x}")).unwrap()
    }

    fn gate() -> Gate {
        Gate::new(Limits {
            unproven_per_minute: 2,
            client_per_minute: 1,
        })
    }

    #[test]
    fn each_origin_has_its_own_share_of_every_minute() {
        let mut gate = gate();
        for minute in [0, 1, 7] {
            let admitted: Vec<_> = [
                STRANGER,
                Origin::Client("a"),
                Origin::Client("a"),
                STRANGER,
                STRANGER,
                Origin::Client("b"),
                Origin::Unproven(Channel::Login),
            ]
            .map(|origin| gate.admits(origin, minute))
            .into();
            assert_eq!(admitted, [true, true, false, true, false, true, true]);
        }
    }

    #[test]
    fn a_flood_is_counted_and_takes_no_room() {
        let mut gate = gate();
        for number in 0..100_000 {
            if !gate.admits(STRANGER, 0) {
                gate.count("InvalidSignature", &id(number), Timestamp::from_seconds(1));
            }
        }
        assert!(gate.clients.is_empty());
        let summary = gate.take_summary().unwrap();
        assert_eq!(
            summary.counts,
            BTreeMap::from([("InvalidSignature", 99_998)])
        );
        let (first, last) = summary.between.unwrap();
        assert_eq!((first.request_id, last.request_id), (id(2), id(99_999)));
        assert_eq!(gate.take_summary(), None);
    }
}
