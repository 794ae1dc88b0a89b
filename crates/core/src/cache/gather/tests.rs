use std::cell::{Ref, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Waker};

use proptest::prelude::*;

use super::*;

/// A store that answers each number with its double, once it is let.
#[derive(Default)]
struct Doubling {
    /// The questions of each read.
    reads: Vec<Vec<u32>>,
    /// How many of the reads may answer.
    let_answer: usize,
    under_way: usize,
    fails: bool,
}

/// A read that is under way until it ends or is given up.
struct UnderWay(Rc<RefCell<Doubling>>);

impl UnderWay {
    fn begin(store: Rc<RefCell<Doubling>>) -> Self {
        store.borrow_mut().under_way += 1;
        assert_eq!(store.borrow().under_way, 1, "one reads at a time");
        Self(store)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.borrow_mut().under_way -= 1;
    }
}

async fn double(store: Rc<RefCell<Doubling>>, questions: Vec<u32>) -> Told<u32> {
    let _under_way = UnderWay::begin(Rc::clone(&store));
    store.borrow_mut().reads.push(questions.clone());
    let number = store.borrow().reads.len();
    poll_fn(|_| {
        if store.borrow().let_answer < number {
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
    if store.borrow().fails {
        return Err(StorageError::Unavailable("the store is away".to_owned()));
    }
    Ok(questions.iter().map(|question| question * 2).collect())
}

type Asking = Pin<Box<dyn Future<Output = Told<u32>>>>;

/// Requests in the order in which they ask.
#[derive(Default)]
struct Requests {
    gatherer: Rc<Gatherer<u32, u32>>,
    store: Rc<RefCell<Doubling>>,
    asking: Vec<Option<Asking>>,
    told: Vec<Option<Told<u32>>>,
}

impl Requests {
    /// One more request, which goes as far as it can.
    fn ask(&mut self, questions: &[u32]) {
        let (gatherer, store) = (Rc::clone(&self.gatherer), Rc::clone(&self.store));
        let questions = questions.to_vec();
        let asking = async move {
            let read = |questions| double(store, questions);
            gatherer.ask(questions, read).await
        };
        self.asking.push(Some(Box::pin(asking)));
        self.told.push(None);
        let last = self.asking.len() - 1;
        self.poll(last);
        self.poll(last);
    }

    fn poll(&mut self, number: usize) {
        let Some(asking) = &mut self.asking[number] else {
            return;
        };
        let outcome = asking
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(told) = outcome {
            self.told[number] = Some(told);
            self.asking[number] = None;
        }
    }

    /// Lets everybody go on as far as they can.
    fn go_on(&mut self) {
        for _ in 0..=2 * self.asking.len() {
            for number in 0..self.asking.len() {
                self.poll(number);
            }
        }
    }

    /// Lets so many reads answer, counted from the first.
    fn let_answer(&mut self, reads: usize) {
        self.store.borrow_mut().let_answer = reads;
        self.go_on();
    }

    fn give_up(&mut self, number: usize) {
        self.asking[number] = None;
    }

    fn told(&self, number: usize) -> Option<&[u32]> {
        self.told[number]
            .as_ref()
            .map(|told| told.as_deref().unwrap())
    }

    fn reads(&self) -> Ref<'_, [Vec<u32>]> {
        Ref::map(self.store.borrow(), |store| store.reads.as_slice())
    }
}

#[test]
fn who_asks_while_nobody_reads_reads() {
    let mut requests = Requests::default();
    requests.ask(&[1, 2]);
    assert_eq!(*requests.reads(), [[1, 2]]);
    requests.let_answer(1);
    assert_eq!(requests.told(0), Some(&[2, 4][..]));
    requests.ask(&[3]);
    assert_eq!(requests.reads().len(), 2, "nothing is left of the first");
}

#[test]
fn who_asks_while_somebody_reads_shares_the_next_read() {
    let mut requests = Requests::default();
    for questions in [&[1][..], &[2], &[3, 2], &[1]] {
        requests.ask(questions);
    }
    requests.go_on();
    assert_eq!(*requests.reads(), [[1]], "the others came too late for it");
    requests.let_answer(1);
    assert_eq!(*requests.reads(), [vec![1], vec![2, 3, 1]], "each once");
    requests.let_answer(2);
    let told: Vec<_> = (0..4).filter_map(|number| requests.told(number)).collect();
    assert_eq!(told, [&[2][..], &[4], &[6, 4], &[2]]);
}

/// Threat: strangers ask and hang up, so that others wait for reads that nobody wants.
#[test]
fn nothing_is_read_for_who_has_gone() {
    let mut requests = Requests::default();
    for question in 1..=4 {
        requests.ask(&[question]);
    }
    requests.give_up(2);
    requests.let_answer(2);
    assert_eq!(*requests.reads(), [vec![1], vec![2, 4]]);
    assert_eq!(requests.told(3), Some(&[8][..]));
}

#[test]
fn a_reader_that_is_given_up_passes_on_what_it_had_taken() {
    let mut requests = Requests::default();
    for question in 1..=3 {
        requests.ask(&[question]);
    }
    requests.let_answer(1);
    assert_eq!(*requests.reads(), [vec![1], vec![2, 3]]);
    requests.give_up(1);
    requests.let_answer(3);
    assert_eq!(*requests.reads(), [vec![1], vec![2, 3], vec![3]]);
    assert_eq!(requests.told(2), Some(&[6][..]));
}

#[test]
fn a_turn_that_comes_to_somebody_who_has_just_gone_passes_on() {
    let mut requests = Requests::default();
    for question in 1..=3 {
        requests.ask(&[question]);
    }
    requests.store.borrow_mut().let_answer = 2;
    requests.poll(0);
    requests.give_up(1);
    requests.go_on();
    assert_eq!(*requests.reads(), [[1], [3]]);
    assert_eq!(requests.told(2), Some(&[6][..]));
}

#[test]
fn when_everybody_has_gone_the_next_reads() {
    let mut requests = Requests::default();
    requests.ask(&[1]);
    requests.ask(&[2]);
    requests.give_up(1);
    requests.give_up(0);
    requests.ask(&[3]);
    assert_eq!(*requests.reads(), [[1], [3]]);
}

#[test]
fn a_read_that_fails_fails_for_all_who_wait_and_for_nobody_later() {
    let mut requests = Requests::default();
    requests.ask(&[1]);
    requests.ask(&[2]);
    requests.store.borrow_mut().fails = true;
    requests.let_answer(1);
    assert!(
        requests
            .told
            .iter()
            .all(|told| matches!(told, Some(Err(_))))
    );
    requests.store.borrow_mut().fails = false;
    requests.ask(&[3]);
    requests.let_answer(2);
    assert_eq!(requests.told(2), Some(&[6][..]));
}

#[test]
fn one_read_has_a_bounded_number_of_questions() {
    let mut requests = Requests::default();
    let many: Vec<u32> = (0..200).collect();
    for first in [0, 1000, 2000, 3000] {
        requests.ask(&many.iter().map(|number| first + number).collect::<Vec<_>>());
    }
    requests.let_answer(4);
    assert!(requests.told.iter().all(|told| matches!(told, Some(Ok(_)))));
    assert!(requests.reads().iter().all(|read| read.len() <= MOST));
}

#[derive(Clone, Debug)]
enum Act {
    Ask(Vec<u32>),
    GiveUp(prop::sample::Index),
    Poll(prop::sample::Index),
    LetAnswer,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => prop::collection::vec(0..9_u32, 0..4).prop_map(Act::Ask),
        1 => any::<prop::sample::Index>().prop_map(Act::GiveUp),
        4 => any::<prop::sample::Index>().prop_map(Act::Poll),
        2 => Just(Act::LetAnswer),
    ]
}

proptest! {
    /// Whoever stays is told what they asked, whoever else goes and in whatever order they go on.
    #[test]
    fn whoever_stays_is_answered(acts in prop::collection::vec(act(), 1..80)) {
        let mut requests = Requests::default();
        let mut asked = Vec::new();
        let mut gone = Vec::new();
        for act in acts {
            match act {
                Act::Ask(questions) => {
                    requests.ask(&questions);
                    asked.push(questions);
                }
                Act::GiveUp(who) if !asked.is_empty() => {
                    let who = who.index(asked.len());
                    requests.give_up(who);
                    gone.push(who);
                }
                Act::Poll(who) if !asked.is_empty() => requests.poll(who.index(asked.len())),
                Act::LetAnswer => requests.store.borrow_mut().let_answer += 1,
                Act::GiveUp(_) | Act::Poll(_) => {}
            }
        }
        requests.let_answer(usize::MAX);
        for (number, questions) in asked.iter().enumerate() {
            let doubles: Vec<_> = questions.iter().map(|question| question * 2).collect();
            let told = requests.told(number);
            prop_assert!(told == Some(&doubles) || told.is_none() && gone.contains(&number));
        }
    }
}
