//! One run of the simulation: a plan of requests, writes and faults, carried out in an order that
//! the seed decides.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Context;

use portvakt_core::cache::{CacheCounters, CachedStore};

use crate::history::{Acknowledged, Answer, History};
use crate::model::Fact;
use crate::node::{self, Request, Verdict};
use crate::plan::{Act, Plan};
use crate::store::RemoteStore;
use crate::world::{NodeId, Ready, Time, World};

/// How long a healed world is given before every node must be current.
const RECOVERY: Time = 1000;

/// How long a call takes at most.
const LONGEST_CALL: Time = 1600;

struct Task {
    node: NodeId,
    future: Pin<Box<dyn Future<Output = ()>>>,
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) fault: Option<String>,
    /// Verdicts in order, with their times: the same seed gives the same.
    pub(crate) trace: Vec<(Time, NodeId, Verdict)>,
    /// Of all nodes at the end.
    pub(crate) counters: Vec<CacheCounters>,
}

/// Runs what this seed decides.
pub(crate) fn run(seed: u64) -> Outcome {
    let plan = Plan::new(seed);
    let mut run = Run::new(&plan);
    for (time, act) in &plan.acts {
        run.until(*time);
        run.carry_out(act);
    }
    let end = run.world.now();
    run.world.heal();
    // Long enough for every call that was under way.
    run.until(end + LONGEST_CALL + RECOVERY);
    run.ask_everything(&plan);
    let end = run.world.now();
    run.until(end + RECOVERY);
    run.outcome()
}

struct Run {
    world: World,
    ready: Arc<Ready>,
    tasks: BTreeMap<u64, Task>,
    next_task: u64,
    /// The tasks that are requests, in the order in which they were sent.
    requests: Vec<u64>,
    nodes: Vec<Arc<CachedStore>>,
    /// Counts the programs that were started on each node.
    runs: Vec<u64>,
    max_bytes: usize,
    history: Arc<Mutex<History>>,
}

impl Run {
    fn new(plan: &Plan) -> Self {
        // The last node is the command line.
        let world = World::new(plan.random.clone(), plan.nodes + 1, plan.chances);
        let registered = plan.registered.clone();
        world.model(|model| model.commit(registered, 0));
        let mut run = Self {
            ready: Arc::default(),
            tasks: BTreeMap::new(),
            next_task: 0,
            requests: Vec::new(),
            nodes: Vec::new(),
            runs: vec![0; plan.nodes],
            max_bytes: plan.max_bytes,
            history: Arc::default(),
            world,
        };
        for node in 0..plan.nodes {
            let store = node::start(&run.world, node, run.max_bytes);
            run.nodes.push(Arc::clone(&store));
            run.spawn(node, node::follow_store(run.world.clone(), store));
        }
        run
    }

    fn spawn(&mut self, node: NodeId, future: impl Future<Output = ()> + 'static) {
        let task = self.next_task;
        self.next_task += 1;
        let future = Box::pin(future);
        self.tasks.insert(task, Task { node, future });
        self.ready.push(task);
    }

    /// Lets everything happen that happens until `end`.
    fn until(&mut self, end: Time) {
        loop {
            self.let_ready_go_on();
            if self.world.next_event().is_none_or(|due| due > end) {
                self.world.advance(end);
                return;
            }
            self.world.advance(end);
        }
    }

    fn let_ready_go_on(&mut self) {
        loop {
            let mut ready = self.ready.list();
            ready.retain(|task| {
                let task = self.tasks.get(task);
                task.is_some_and(|task| !self.world.is_stopped(task.node))
            });
            if ready.is_empty() {
                return;
            }
            let chosen = ready[self.world.random(|random| random.index(ready.len()))];
            self.poll(chosen);
        }
    }

    fn poll(&mut self, number: u64) {
        self.ready.take(number);
        let Some(mut task) = self.tasks.remove(&number) else {
            return;
        };
        let waker = self.ready.waker(number);
        let done = task.future.as_mut().poll(&mut Context::from_waker(&waker));
        if done.is_pending() {
            self.tasks.insert(number, task);
        }
    }

    fn carry_out(&mut self, act: &Act) {
        match act {
            Act::Ask(node, request) => self.ask(*node, request.clone()),
            Act::GiveUp(node) => self.give_up(*node),
            Act::Write(node, fact, holds) => self.write(*node, fact.clone(), *holds),
            Act::Trim(keep) => self.world.model(|model| model.trim(*keep)),
            Act::Crash(node) => self.crash(*node),
            Act::Stop(node, duration) => self.world.stop(*node, *duration),
            Act::SleepMachine(node, duration) => self.world.sleep_machine(*node, *duration),
            Act::CutOff(node, duration) => self.world.cut_off(*node, *duration),
            Act::SetClock(node, offset) => self.world.set_clock(*node, *offset),
        }
    }

    fn ask(&mut self, node: NodeId, request: Request) {
        let (world, history) = (self.world.clone(), Arc::clone(&self.history));
        let (store, run) = (Arc::clone(&self.nodes[node]), self.runs[node]);
        self.requests.push(self.next_task);
        self.spawn(node, async move {
            let began = world.now();
            let verdict = node::exchange(&store, &request).await;
            history.lock().unwrap().answers.push(Answer {
                node,
                run,
                began,
                ended: world.now(),
                disturbed_until: world.disturbed_until(node),
                request,
                verdict,
            });
        });
    }

    /// The connection is closed, and the node drops the request wherever it is.
    fn give_up(&mut self, node: NodeId) {
        let waits = |task: &&u64| self.tasks.get(*task).is_some_and(|task| task.node == node);
        if let Some(last) = self.requests.iter().rev().find(waits) {
            self.tasks.remove(last);
        }
    }

    /// By a node's program, through its cache, or by the command line, which has none.
    fn write(&mut self, node: NodeId, fact: Fact, holds: bool) {
        let store: Arc<dyn portvakt_core::ports::Store> = match self.nodes.get(node) {
            Some(store) => store.clone(),
            None => Arc::new(RemoteStore {
                world: self.world.clone(),
                node,
            }),
        };
        let run = self.runs.get(node).copied().unwrap_or_default();
        let (world, history) = (self.world.clone(), Arc::clone(&self.history));
        let write = fact.write(&world.model(|model| model.present()), holds);
        self.spawn(node, async move {
            if let Ok(revision) = node::save(store.as_ref(), &write).await {
                history.lock().unwrap().acknowledged.push(Acknowledged {
                    node,
                    run,
                    at: world.now(),
                    revision,
                    fact,
                    holds,
                });
            }
        });
    }

    /// `kill -9`, and a new program at once.
    fn crash(&mut self, node: NodeId) {
        self.tasks.retain(|_, task| task.node != node);
        self.runs[node] += 1;
        let store = node::start(&self.world, node, self.max_bytes);
        self.nodes[node] = Arc::clone(&store);
        self.spawn(node, node::follow_store(self.world.clone(), store));
    }

    /// Every right of every node, by grants of their own.
    fn ask_everything(&mut self, plan: &Plan) {
        for node in 0..plan.nodes {
            for (place, request) in plan.requests.iter().enumerate() {
                let mut request = request.clone();
                request.grant = [255; 32];
                request.grant[0] = u8::try_from(node).unwrap();
                request.grant[1] = u8::try_from(place).unwrap();
                self.ask(node, request);
            }
        }
    }

    fn outcome(self) -> Outcome {
        let history = self.history.lock().unwrap();
        let healed = self.world.now() - RECOVERY;
        let late = history
            .answers
            .iter()
            .filter(|answer| answer.began >= healed);
        let silent = late
            .filter(|answer| answer.verdict == Verdict::Unavailable)
            .map(|answer| format!("a healed node gives no answer: {answer:#?}"));
        let silent = silent.into_iter().next();
        let waits = self
            .requests
            .iter()
            .find(|task| self.tasks.contains_key(task))
            .map(|task| format!("request {task} waits for ever"));
        let fault = self.world.model(|model| history.fault(model));
        let fault = fault.or(silent).or(waits);
        let answers = history.answers.iter();
        Outcome {
            fault,
            trace: answers.map(|a| (a.ended, a.node, a.verdict)).collect(),
            counters: self.nodes.iter().map(|node| node.counters()).collect(),
        }
    }
}
