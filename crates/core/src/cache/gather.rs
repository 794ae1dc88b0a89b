//! What several requests lack at once is read at once.
//!
//! Whoever asks while nobody reads, reads. Whoever asks meanwhile waits, and when the read ends the
//! first of those who wait reads for all of them: a read begins after every question that it
//! answers was asked, so no answer is older than its question. There is no task that could end
//! before those who wait: the turn to read belongs to a request, and one that is given up passes
//! its turn on with whatever it had taken upon itself.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use futures_channel::oneshot::{Receiver, Sender, channel};

use crate::ports::StorageError;

/// Questions that one read answers, unless one request alone has more of them.
const MOST: usize = 256;

/// Answers in the order of their questions.
type Told<A> = Result<Vec<A>, StorageError>;

/// A place where questions of one kind meet.
#[derive(Debug)]
pub(super) struct Gatherer<Q, A> {
    state: Mutex<State<Q, A>>,
}

#[derive(Debug)]
struct State<Q, A> {
    waiting: VecDeque<Asked<Q, A>>,
    /// Whether somebody has the turn.
    reading: bool,
}

#[derive(Debug)]
struct Asked<Q, A> {
    questions: Vec<Q>,
    tell: Sender<News<Q, A>>,
}

/// What somebody who waits hears of.
#[derive(Debug)]
enum News<Q, A> {
    Answers(Told<A>),
    /// It is their turn, and these are their questions.
    Turn(Vec<Q>),
}

impl<Q, A> Default for Gatherer<Q, A> {
    fn default() -> Self {
        let state = State {
            waiting: VecDeque::new(),
            reading: false,
        };
        Self {
            state: Mutex::new(state),
        }
    }
}

impl<Q: Clone + Eq + Hash, A: Clone> Gatherer<Q, A> {
    /// The answers to these questions, from a read that begins from now on: by `read`, or by
    /// somebody else's. Each question is put to it once, whoever has asked it. A read that fails
    /// fails for all who wait, because they ask the same store.
    pub(super) async fn ask<F>(&self, questions: Vec<Q>, read: impl FnOnce(Vec<Q>) -> F) -> Told<A>
    where
        F: Future<Output = Told<A>>,
    {
        let (turn, questions) = match self.enter(questions) {
            Entered::Turn(turn, questions) => (turn, questions),
            Entered::Waits(mut place) => match (&mut place.news).await {
                Ok(News::Answers(told)) => return told,
                Ok(News::Turn(questions)) => (Turn::new(self), questions),
                // Whoever reads tells, or passes on what it has to tell.
                Err(_) => return Err(StorageError::Unavailable("a read was lost".to_owned())),
            },
        };
        // All who are about to ask do so first. If nobody is, this costs nothing.
        give_way().await;
        turn.read(questions, read).await
    }

    fn enter(&self, questions: Vec<Q>) -> Entered<'_, Q, A> {
        let mut state = self.state();
        if !state.reading {
            state.reading = true;
            return Entered::Turn(Turn::new(self), questions);
        }
        let (tell, news) = channel();
        state.waiting.push_back(Asked { questions, tell });
        let gatherer = self;
        Entered::Waits(Place { gatherer, news })
    }
}

impl<Q, A> Gatherer<Q, A> {
    fn state(&self) -> MutexGuard<'_, State<Q, A>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Entered<'g, Q, A> {
    Turn(Turn<'g, Q, A>, Vec<Q>),
    Waits(Place<'g, Q, A>),
}

/// Somebody's place among those who wait. Given up, it passes on a turn that was just given to it.
struct Place<'g, Q, A> {
    gatherer: &'g Gatherer<Q, A>,
    news: Receiver<News<Q, A>>,
}

impl<Q, A> Drop for Place<'_, Q, A> {
    fn drop(&mut self) {
        // From here on nobody can give it one.
        self.news.close();
        if let Ok(Some(News::Turn(_))) = self.news.try_recv() {
            drop(Turn::new(self.gatherer));
        }
    }
}

/// The turn to read. There is one at a time; dropped, it passes to the next who waits.
struct Turn<'g, Q, A> {
    gatherer: &'g Gatherer<Q, A>,
    /// Who waits for this read.
    taken: Vec<Asked<Q, A>>,
}

impl<'g, Q, A> Turn<'g, Q, A> {
    fn new(gatherer: &'g Gatherer<Q, A>) -> Self {
        Self {
            gatherer,
            taken: Vec::new(),
        }
    }

    fn take(&mut self, own: usize) {
        let mut state = self.gatherer.state();
        let mut questions = own;
        while let Some(next) = state.waiting.front() {
            if next.tell.is_canceled() {
                // Gone: strangers who hang up do not fill the reads of those who stay.
                state.waiting.pop_front();
                continue;
            }
            questions += next.questions.len();
            if questions > MOST {
                return;
            }
            self.taken.extend(state.waiting.pop_front());
        }
    }
}

impl<Q: Clone + Eq + Hash, A: Clone> Turn<'_, Q, A> {
    async fn read<F>(mut self, own: Vec<Q>, read: impl FnOnce(Vec<Q>) -> F) -> Told<A>
    where
        F: Future<Output = Told<A>>,
    {
        self.take(own.len());
        let mut batch = Batch::default();
        let own = batch.places(own);
        let places: Vec<_> = self
            .taken
            .iter()
            .map(|asked| batch.places(asked.questions.iter().cloned()))
            .collect();
        match read(batch.questions).await {
            Ok(answers) => {
                let chosen = |places: Vec<usize>| -> Vec<A> {
                    let answers = places.into_iter().filter_map(|place| answers.get(place));
                    answers.cloned().collect()
                };
                for (asked, places) in self.taken.drain(..).zip(places) {
                    // Whoever does not wait any more does not hear it.
                    let _ = asked.tell.send(News::Answers(Ok(chosen(places))));
                }
                Ok(chosen(own))
            }
            Err(error) => {
                let later = std::mem::take(&mut self.gatherer.state().waiting);
                for asked in self.taken.drain(..).chain(later) {
                    let _ = asked.tell.send(News::Answers(Err(error.clone())));
                }
                Err(error)
            }
        }
    }
}

impl<Q, A> Drop for Turn<'_, Q, A> {
    fn drop(&mut self) {
        let mut state = self.gatherer.state();
        for asked in self.taken.drain(..).rev() {
            state.waiting.push_front(asked);
        }
        while let Some(Asked { questions, tell }) = state.waiting.pop_front() {
            if tell.send(News::Turn(questions)).is_ok() {
                return;
            }
        }
        state.reading = false;
    }
}

/// Questions without repetition.
struct Batch<Q> {
    questions: Vec<Q>,
    places: HashMap<Q, usize>,
}

impl<Q> Default for Batch<Q> {
    fn default() -> Self {
        Self {
            questions: Vec::new(),
            places: HashMap::new(),
        }
    }
}

impl<Q: Clone + Eq + Hash> Batch<Q> {
    /// Where these stand in the batch.
    fn places(&mut self, questions: impl IntoIterator<Item = Q>) -> Vec<usize> {
        let place = |question: Q| {
            let next = self.questions.len();
            let place = *self.places.entry(question.clone()).or_insert(next);
            if place == next {
                self.questions.push(question);
            }
            place
        };
        questions.into_iter().map(place).collect()
    }
}

/// Lets everything go on once that can.
async fn give_way() {
    let mut given = false;
    poll_fn(|context| {
        if std::mem::replace(&mut given, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests;
