//! Work that goes on whatever happens, and an account of what was acknowledged.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::identity::grant;
use crate::wire::{Administrator, Answer, Wire};

/// Requests of each kind that are under way at each node.
const TOKENS_AT_ONCE: usize = 4;

/// How long whoever is told to try again waits. Shorter than they are told to.
const PAUSE: Duration = Duration::from_millis(100);

/// What was acknowledged, and what nobody was told the outcome of.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Grants that a token was given for.
    pub(crate) used: Vec<String>,
    /// Grants whose answer was lost, or which could not be decided.
    pub(crate) unknown: Vec<String>,
    /// Organizations whose recording was acknowledged.
    pub(crate) recorded: Vec<String>,
}

/// Requests to some nodes, one after the other for as long as this lives.
pub(crate) struct Load {
    account: Arc<Mutex<Account>>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Load {
    pub(crate) fn new() -> Self {
        Self {
            account: Arc::default(),
            stop: watch::Sender::new(false),
            tasks: JoinSet::new(),
        }
    }

    /// Grants and administration for this node, with organizations that nobody else records.
    pub(crate) async fn on(&mut self, wire: &Wire, first: u32) {
        self.exchange(wire);
        let operator = wire.operator().await;
        self.administer(wire, &operator, first);
    }

    /// Grants for this node.
    fn exchange(&mut self, wire: &Wire) {
        for _ in 0..TOKENS_AT_ONCE {
            let (account, stop, wire) = self.parts(wire);
            self.tasks.spawn(async move {
                while !*stop.borrow() {
                    let grant = grant();
                    match wire.exchange(&grant).await {
                        Answer::Decided { status: 200, .. } => {
                            account.change(|it| it.used.push(grant));
                        }
                        Answer::Decided { status, body } => panic!("{status}: {body}"),
                        Answer::Unavailable => {
                            account.change(|it| it.unknown.push(grant));
                            sleep(PAUSE).await;
                        }
                        // This node is gone; the test brings up another one.
                        Answer::Lost => return account.change(|it| it.unknown.push(grant)),
                    }
                }
            });
        }
    }

    /// Organizations with numbers from `first` on, at this node.
    fn administer(&mut self, wire: &Wire, operator: &Administrator, first: u32) {
        let (account, stop, _) = self.parts(wire);
        let operator = operator.clone();
        self.tasks.spawn(async move {
            let mut number = first;
            while !*stop.borrow() {
                let orgno = number.to_string();
                match operator.record(&orgno).await {
                    Answer::Decided { status, body } => {
                        assert!((200..300).contains(&status), "{status}: {body}");
                        account.change(|it| it.recorded.push(orgno));
                    }
                    Answer::Unavailable => sleep(PAUSE).await,
                    Answer::Lost => return,
                }
                number += 1;
            }
        });
    }

    /// Waits until this many grants have been used and something has been recorded.
    pub(crate) async fn until_used(&self, enough: usize) {
        let mut done = false;
        while !done {
            sleep(Duration::from_millis(2)).await;
            self.account
                .change(|it| done = it.used.len() >= enough && !it.recorded.is_empty());
        }
    }

    /// Ends it, and gives what was acknowledged.
    pub(crate) async fn end(mut self) -> Account {
        self.stop.send_replace(true);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        let mut account = Account::default();
        self.account.change(|it| std::mem::swap(it, &mut account));
        account
    }

    fn parts(&self, wire: &Wire) -> (Arc<Mutex<Account>>, watch::Receiver<bool>, Wire) {
        (
            Arc::clone(&self.account),
            self.stop.subscribe(),
            wire.clone(),
        )
    }
}

impl Account {
    /// Sends every grant again: what was used is refused, and what is not known to be used gives
    /// one token at most.
    pub(crate) async fn is_used_once(&self, wire: &Wire) {
        for grant in &self.used {
            let again = wire.exchange(grant).await;
            assert!(again.is_replay(), "a grant was accepted twice: {again:?}");
        }
        for grant in &self.unknown {
            let again = wire.exchange(grant).await;
            assert!(again.is_done() || again.is_replay(), "{again:?}");
            let once_more = wire.exchange(grant).await;
            assert!(once_more.is_replay(), "{once_more:?}");
        }
    }
}

trait Change {
    fn change(&self, change: impl FnOnce(&mut Account));
}

impl Change for Mutex<Account> {
    fn change(&self, change: impl FnOnce(&mut Account)) {
        change(&mut self.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The first of a thousand numbers of organizations for one node in one round.
pub(crate) fn numbers(round: usize, node: usize) -> u32 {
    800_000_000 + u32::try_from(round * 10 + node).unwrap() * 1000
}
