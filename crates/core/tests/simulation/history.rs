//! What was seen, and whether it may have been.

use std::collections::BTreeMap;

use portvakt_core::ports::GrantDigest;

use crate::model::{Fact, Model};
use crate::node::{Request, Verdict};
use crate::world::{NodeId, Time};

/// No node decides on what is older (design, invariant 3).
const MOST_STALE: Time = 5000;

/// What another node changed acts within this time, if nothing is wrong with the node.
const PROMPT: Time = 1000;

/// How far a second of a node's clock may be from a second, over the longest age.
const DRIFT: Time = 3;

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) node: NodeId,
    /// Which run of the node's program it was.
    pub(crate) run: u64,
    pub(crate) began: Time,
    pub(crate) ended: Time,
    /// Until when something was wrong with the node, as far as was known then.
    pub(crate) disturbed_until: Time,
    pub(crate) request: Request,
    pub(crate) verdict: Verdict,
}

/// A write that a node acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Acknowledged {
    pub(crate) node: NodeId,
    pub(crate) run: u64,
    pub(crate) at: Time,
    pub(crate) revision: u64,
    pub(crate) fact: Fact,
    pub(crate) holds: bool,
}

/// Everything that was seen.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) answers: Vec<Answer>,
    pub(crate) acknowledged: Vec<Acknowledged>,
}

impl History {
    /// The first thing that may not be.
    pub(crate) fn fault(&self, model: &Model) -> Option<String> {
        self.used_twice()
            .or_else(|| self.lost_write(model))
            .or_else(|| {
                self.answers
                    .iter()
                    .find_map(|answer| self.stale(answer, model))
            })
    }

    fn used_twice(&self) -> Option<String> {
        let mut tokens: BTreeMap<GrantDigest, u32> = BTreeMap::new();
        for answer in &self.answers {
            if answer.verdict == Verdict::Token {
                *tokens.entry(answer.request.grant).or_default() += 1;
            }
        }
        let (grant, tokens) = tokens.into_iter().find(|(_, tokens)| *tokens > 1)?;
        Some(format!("grant {} gave {tokens} tokens", grant[0]))
    }

    fn lost_write(&self, model: &Model) -> Option<String> {
        let lost = self.acknowledged.iter().find(|write| {
            let mut states = model.history.iter().map(|(_, state)| state);
            let state = states.find(|state| state.revision == write.revision);
            state.is_none_or(|state| write.fact.holds(state) != write.holds)
        })?;
        Some(format!("an acknowledged write was lost: {lost:?}"))
    }

    /// A token needs that every fact held at some time that the node may decide on, and a refusal
    /// that one did not. They are asked for one after the other, so not at the same time.
    fn stale(&self, answer: &Answer, model: &Model) -> Option<String> {
        let facts = answer.request.facts();
        let seen = |fact: &Fact, holds: bool| {
            let mut states = model.between(self.window(answer, fact, model), answer.ended);
            states.any(|state| fact.holds(state) == holds)
        };
        let sound = match answer.verdict {
            Verdict::Token => facts.iter().all(|fact| seen(fact, true)),
            Verdict::Refused => facts.iter().any(|fact| seen(fact, false)),
            Verdict::Replayed | Verdict::Unavailable => true,
        };
        (!sound).then(|| format!("decided on what was over: {answer:#?}"))
    }

    /// The earliest time that the node may decide on.
    fn window(&self, answer: &Answer, fact: &Fact, model: &Model) -> Time {
        let undisturbed = answer.disturbed_until + PROMPT <= answer.ended;
        let age = if undisturbed { PROMPT } else { MOST_STALE };
        let oldest = answer.ended.saturating_sub(age + DRIFT);
        // What the same program has written before, it knows, or what others have made of it since.
        let own = self.acknowledged.iter().filter(|write| {
            (write.node, write.run) == (answer.node, answer.run)
                && write.at <= answer.began
                && write.fact == *fact
        });
        let committed = own.map(|write| model.committed_at(write.revision));
        committed.max().unwrap_or(0).max(oldest)
    }
}
