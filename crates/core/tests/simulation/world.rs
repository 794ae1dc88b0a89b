//! Time, the network and what happens in them. Everything that could happen in more than one order
//! happens in an order that the seed decides.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};

use portvakt_core::Timestamp;
use portvakt_core::moment::{Moment, Stopwatch};
use portvakt_core::ports::StorageError;

use crate::model::Model;
use crate::random::Random;

/// Milliseconds since the beginning of the world.
pub(crate) type Time = u64;

/// A node, or the command line, which is one without a cache.
pub(crate) type NodeId = usize;

type Event = Box<dyn FnOnce(&World) + Send>;

/// The world. A clone is the same one.
#[derive(Clone)]
pub(crate) struct World(Arc<Mutex<Inner>>);

struct Inner {
    now: Time,
    random: Random,
    events: BTreeMap<(Time, u64), Event>,
    next_event: u64,
    model: Model,
    nodes: Vec<NodeState>,
    chances: Chances,
}

/// How often, in percent of calls, what happens to a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chances {
    pub(crate) slow: u64,
    pub(crate) lost_request: u64,
    pub(crate) lost_answer: u64,
}

impl Chances {
    pub(crate) const NONE: Self = Self {
        slow: 0,
        lost_request: 0,
        lost_answer: 0,
    };
}

/// What is true of a node whatever program runs on it.
#[derive(Clone, Debug, Default)]
struct NodeState {
    /// It does nothing before this time.
    stopped_until: Time,
    /// Its calls are lost before this time.
    cut_off_until: Time,
    /// Something was wrong with it or its calls until this time.
    disturbed_until: Time,
    /// How far its monotonic clock is behind, because it stood still while the machine slept.
    slept: Time,
    /// What its wall clock is ahead.
    wall_offset: i64,
}

/// What becomes of a call.
enum Fate {
    /// Milliseconds there and back.
    Answered(Time, Time),
    /// Milliseconds until the caller notices.
    RequestLost(Time),
    /// Milliseconds there, and until the caller notices.
    AnswerLost(Time, Time),
}

impl World {
    pub(crate) fn new(random: Random, nodes: usize, chances: Chances) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            now: 0,
            random,
            events: BTreeMap::new(),
            next_event: 0,
            model: Model::default(),
            nodes: vec![NodeState::default(); nodes],
            chances,
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    pub(crate) fn now(&self) -> Time {
        self.inner().now
    }

    pub(crate) fn random<T>(&self, draw: impl FnOnce(&mut Random) -> T) -> T {
        draw(&mut self.inner().random)
    }

    /// Looks into the store without a call.
    pub(crate) fn model<T>(&self, look: impl FnOnce(&mut Model) -> T) -> T {
        look(&mut self.inner().model)
    }

    fn at(&self, time: Time, event: impl FnOnce(&World) + Send + 'static) {
        let mut inner = self.inner();
        let number = inner.next_event;
        inner.next_event += 1;
        inner.events.insert((time, number), Box::new(event));
    }

    /// When the next event is due.
    pub(crate) fn next_event(&self) -> Option<Time> {
        let inner = self.inner();
        inner.events.first_key_value().map(|(key, _)| key.0)
    }

    /// Lets time pass to `time`, or to the next event if it is before, and lets that happen.
    pub(crate) fn advance(&self, time: Time) {
        let event = {
            let mut inner = self.inner();
            let due = inner.events.first_key_value().map(|(key, _)| key.0);
            let Some(due) = due.filter(|due| *due <= time) else {
                inner.now = time;
                return;
            };
            inner.now = inner.now.max(due);
            inner.events.pop_first().unwrap().1
        };
        event(self);
    }

    /// No more faults from now on, and whatever was stopped goes on.
    pub(crate) fn heal(&self) {
        let mut inner = self.inner();
        let now = inner.now;
        inner.chances = Chances::NONE;
        for node in &mut inner.nodes {
            node.cut_off_until = node.cut_off_until.min(now);
            node.stopped_until = node.stopped_until.min(now);
        }
    }

    /// The process is stopped (SIGSTOP) and continued.
    pub(crate) fn stop(&self, node: NodeId, duration: Time) {
        let until = {
            let mut inner = self.inner();
            let until = inner.now + duration;
            let node = &mut inner.nodes[node];
            node.stopped_until = node.stopped_until.max(until);
            node.disturbed_until = node.disturbed_until.max(until);
            until
        };
        // Something must happen then, or nobody would look whether it goes on.
        self.at(until, |_| {});
    }

    /// The machine sleeps: as [`World::stop`], and its monotonic clock stands still.
    pub(crate) fn sleep_machine(&self, node: NodeId, duration: Time) {
        if self.is_stopped(node) {
            return;
        }
        self.inner().nodes[node].slept += duration;
        self.stop(node, duration);
    }

    pub(crate) fn is_stopped(&self, node: NodeId) -> bool {
        let inner = self.inner();
        inner.now < inner.nodes[node].stopped_until
    }

    pub(crate) fn cut_off(&self, node: NodeId, duration: Time) {
        let mut inner = self.inner();
        let until = inner.now + duration;
        let node = &mut inner.nodes[node];
        node.cut_off_until = node.cut_off_until.max(until);
        node.disturbed_until = node.disturbed_until.max(until);
    }

    /// Somebody sets the node's wall clock.
    pub(crate) fn set_clock(&self, node: NodeId, offset: i64) {
        self.inner().nodes[node].wall_offset = offset;
    }

    pub(crate) fn disturbed_until(&self, node: NodeId) -> Time {
        self.inner().nodes[node].disturbed_until
    }

    /// Sleeps.
    pub(crate) fn pause(&self, duration: Time) -> Pause {
        Pause {
            world: self.clone(),
            until: self.now() + duration,
            waits: false,
        }
    }

    /// Calls the store: the request travels, the store acts at once and as a whole, the answer
    /// travels, and each may be late or lost.
    pub(crate) fn call<T: Send + 'static>(
        &self,
        node: NodeId,
        act: impl FnOnce(&mut Model, Time) -> T + Send + 'static,
    ) -> Reply<T> {
        let reply = Reply(Arc::default());
        let now = self.now();
        let (answer, refuse) = (reply.clone(), reply.clone());
        match self.fate(node) {
            Fate::Answered(there, back) => self.at(now + there, move |world| {
                let outcome = world.model(|model| act(model, now + there));
                world.at(now + there + back, move |_| answer.give(Ok(outcome)));
            }),
            Fate::RequestLost(noticed) => {
                self.at(now + noticed, move |_| refuse.give(Err(lost())));
            }
            Fate::AnswerLost(there, noticed) => {
                self.at(now + there, move |world| {
                    world.model(|model| act(model, now + there));
                });
                self.at(now + there + noticed, move |_| refuse.give(Err(lost())));
            }
        }
        reply
    }

    fn fate(&self, node: NodeId) -> Fate {
        let mut inner = self.inner();
        let now = inner.now;
        let Chances {
            slow,
            lost_request,
            lost_answer,
        } = inner.chances;
        let cut_off = now < inner.nodes[node].cut_off_until;
        let random = &mut inner.random;
        let (fate, lasts) = if cut_off || random.percent(lost_request) {
            let noticed = random.between(1, 1500);
            (Fate::RequestLost(noticed), noticed)
        } else if random.percent(lost_answer) {
            let (there, noticed) = (random.between(0, 20), random.between(1, 1500));
            (Fate::AnswerLost(there, noticed), there + noticed)
        } else if random.percent(slow) {
            let (there, back) = (random.between(0, 800), random.between(0, 800));
            (Fate::Answered(there, back), there + back)
        } else {
            return Fate::Answered(random.between(0, 12), random.between(0, 12));
        };
        let disturbed = &mut inner.nodes[node].disturbed_until;
        *disturbed = (*disturbed).max(now + lasts);
        fate
    }
}

fn lost() -> StorageError {
    StorageError::Unavailable("the connection was lost".to_owned())
}

/// Time that passes.
pub(crate) struct Pause {
    world: World,
    until: Time,
    waits: bool,
}

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.world.now() >= self.until {
            return Poll::Ready(());
        }
        if !self.waits {
            self.waits = true;
            let waker = context.waker().clone();
            self.world.at(self.until, move |_| waker.wake());
        }
        Poll::Pending
    }
}

/// An answer that is on its way.
pub(crate) struct Reply<T>(Arc<Mutex<Slot<T>>>);

struct Slot<T> {
    outcome: Option<Result<T, StorageError>>,
    waker: Option<Waker>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self {
            outcome: None,
            waker: None,
        }
    }
}

impl<T> Clone for Reply<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Reply<T> {
    fn give(&self, outcome: Result<T, StorageError>) {
        let mut slot = self.0.lock().unwrap();
        slot.outcome = Some(outcome);
        if let Some(waker) = slot.waker.take() {
            waker.wake();
        }
    }
}

impl<T> Future for Reply<T> {
    type Output = Result<T, StorageError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = self.0.lock().unwrap();
        if let Some(outcome) = slot.outcome.take() {
            return Poll::Ready(outcome);
        }
        slot.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

/// The clocks of a node.
pub(crate) struct NodeClock {
    pub(crate) world: World,
    pub(crate) node: NodeId,
}

impl Stopwatch for NodeClock {
    fn moment(&self) -> Moment {
        let inner = self.world.inner();
        let node = &inner.nodes[self.node];
        // Each node's clock has a rate of its own, up to a fifth of a per mille off.
        let microseconds = inner.now.saturating_sub(node.slept) * (10_000 - self.node as u64) / 10;
        let wall = 1_772_442_900_000 + i64::try_from(inner.now).unwrap() + node.wall_offset;
        Moment {
            monotonic: std::time::Duration::from_micros(microseconds),
            wall: Timestamp::from_milliseconds(wall),
        }
    }
}

/// Tasks that can go on.
#[derive(Default)]
pub(crate) struct Ready(Mutex<Vec<u64>>);

impl Ready {
    pub(crate) fn push(&self, task: u64) {
        let mut ready = self.0.lock().unwrap();
        if !ready.contains(&task) {
            ready.push(task);
        }
    }

    pub(crate) fn take(&self, task: u64) {
        self.0.lock().unwrap().retain(|ready| *ready != task);
    }

    pub(crate) fn list(&self) -> Vec<u64> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn waker(self: &Arc<Self>, task: u64) -> Waker {
        Waker::from(Arc::new(WakeTask {
            ready: Arc::clone(self),
            task,
        }))
    }
}

struct WakeTask {
    ready: Arc<Ready>,
    task: u64,
}

impl Wake for WakeTask {
    fn wake(self: Arc<Self>) {
        self.ready.push(self.task);
    }
}
