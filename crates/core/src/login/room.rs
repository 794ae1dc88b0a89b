//! How much there may be at a time of what anybody may begin: pushed requests, whichever client pushes
//! them, logins under way, logouts that wait for their browser. Each is a row of the store for a while, so
//! strangers would decide how many there are: to push, a client that can keep no secret needs none. So that
//! they cannot shut clients out that prove themselves, a quarter of the room for pushed requests is theirs.
//!
//! The bound is that of the store, for all nodes together. Each node learns once a second how many there
//! are, and adds what it lets in until it learns anew: a request costs no look at the store. Whoever is
//! logged in needs no room, and what was begun goes on.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::port::{Begun, LoginStore};
use crate::clock::Timestamp;
use crate::ports::StorageError;

/// What anybody may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// A pushed request.
    PushedRequest,
    /// A login.
    Login,
    /// A logout that waits for its browser.
    ParkedLogout,
}

impl Opening {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::PushedRequest, Self::Login, Self::ParkedLogout];
}

impl Begun {
    /// How much there is of one of them.
    pub fn of(self, opening: Opening) -> u32 {
        match opening {
            Opening::PushedRequest => self.pushed_requests,
            Opening::Login => self.logins,
            Opening::ParkedLogout => self.parked_logouts,
        }
    }
}

/// The room for what anybody may begin.
#[derive(Debug)]
pub struct Room {
    pushed_requests: Places,
    logins: Places,
    parked_logouts: Places,
}

/// What is told of the room in figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomFigures {
    /// How much there is, as far as this node knows.
    pub begun: Begun,
    /// How many of each this node has turned away.
    pub turned_away: [(Opening, u64); 3],
}

#[derive(Debug)]
struct Places {
    most: u32,
    /// As the store last told.
    counted: AtomicU32,
    /// Let in here since it was asked.
    since: AtomicU32,
    turned_away: AtomicU64,
}

impl Default for Room {
    fn default() -> Self {
        Self::new(Self::MOST)
    }
}

impl Room {
    /// As much as there may be unless an operator says otherwise: more than a national service has at a
    /// time, and little for a database.
    pub const MOST: Begun = Begun {
        pushed_requests: 100_000,
        logins: 100_000,
        parked_logouts: 10_000,
    };

    /// Room for this much.
    pub fn new(most: Begun) -> Self {
        Self {
            pushed_requests: Places::new(most.pushed_requests),
            logins: Places::new(most.logins),
            parked_logouts: Places::new(most.parked_logouts),
        }
    }

    /// Takes a place for somebody who may be anybody. Says whether there was one.
    pub fn enter(&self, opening: Opening) -> bool {
        let places = self.places(opening);
        places.take(match opening {
            Opening::PushedRequest => places.most - places.most / 4,
            Opening::Login | Opening::ParkedLogout => places.most,
        })
    }

    /// The same for a client that has proved itself.
    pub fn enter_proven(&self, opening: Opening) -> bool {
        let places = self.places(opening);
        places.take(places.most)
    }

    /// Asks the store how much there is. Called outside requests, once a second.
    pub async fn count(&self, store: &dyn LoginStore, now: Timestamp) -> Result<(), StorageError> {
        let most = self.each(|places| places.most);
        let let_in = self.each(|places| places.since.load(Ordering::Acquire));
        let counted = store.count_begun(most, now).await?;
        for opening in Opening::ALL {
            let places = self.places(opening);
            places.counted.store(counted.of(opening), Ordering::Release);
            // Who came in after the store was asked is not among the counted.
            places.since.fetch_sub(let_in.of(opening), Ordering::AcqRel);
        }
        Ok(())
    }

    /// What is told of it in figures.
    pub fn figures(&self) -> RoomFigures {
        let turned_away = |opening| {
            (
                opening,
                self.places(opening).turned_away.load(Ordering::Relaxed),
            )
        };
        RoomFigures {
            begun: self.each(Places::present),
            turned_away: Opening::ALL.map(turned_away),
        }
    }

    fn places(&self, opening: Opening) -> &Places {
        match opening {
            Opening::PushedRequest => &self.pushed_requests,
            Opening::Login => &self.logins,
            Opening::ParkedLogout => &self.parked_logouts,
        }
    }

    fn each(&self, read: impl Fn(&Places) -> u32) -> Begun {
        Begun {
            pushed_requests: read(&self.pushed_requests),
            logins: read(&self.logins),
            parked_logouts: read(&self.parked_logouts),
        }
    }
}

impl Places {
    fn new(most: u32) -> Self {
        Self {
            most,
            counted: AtomicU32::default(),
            since: AtomicU32::default(),
            turned_away: AtomicU64::default(),
        }
    }

    fn present(&self) -> u32 {
        let counted = self.counted.load(Ordering::Acquire);
        counted.saturating_add(self.since.load(Ordering::Acquire))
    }

    /// Of many who ask for the last of so many places at once one gets it.
    fn take(&self, most: u32) -> bool {
        let counted = self.counted.load(Ordering::Acquire);
        let taken = self
            .since
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |since| {
                let is_room = counted.saturating_add(since) < most;
                is_room.then(|| since + 1)
            });
        if taken.is_err() {
            self.turned_away.fetch_add(1, Ordering::Relaxed);
        }
        taken.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_that_push_leave_a_quarter_to_clients_that_prove_themselves() {
        let room = Room::new(Begun {
            pushed_requests: 8,
            ..Room::MOST
        });
        let strangers = (0..20).filter(|_| room.enter(Opening::PushedRequest));
        assert_eq!(strangers.count(), 6);
        let proven = (0..20).filter(|_| room.enter_proven(Opening::PushedRequest));
        assert_eq!(proven.count(), 2);
        assert_eq!(room.figures().turned_away[0], (Opening::PushedRequest, 32));
    }

    #[test]
    fn a_room_for_one_lets_anybody_in() {
        let room = Room::new(Begun {
            pushed_requests: 1,
            logins: 1,
            parked_logouts: 1,
        });
        for opening in Opening::ALL {
            assert!(room.enter(opening) && !room.enter_proven(opening));
        }
    }
}
