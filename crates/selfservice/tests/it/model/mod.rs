//! Thousands of random calls of random organizations against a model of a few lines: no
//! organization changes or sees what it does not own, every answer is the model's, and so is every
//! decision about a token.

mod rules;
mod tokens;
mod walk;

use std::collections::BTreeSet;

use portvakt_core::ports::Store;
use portvakt_testkit::{FJORDETATEN, HAVBRIS, LYNGVIK, TINDESYSTEM};

use self::rules::Model;
use self::tokens::Desk;
use self::walk::Walk;
use crate::harness::{Api, MODIFY, READ, SCOPES_READ, SCOPES_WRITE, SUPPLIER, WRITE};

const STEPS: usize = 3000;
const ORGANIZATIONS: [&str; 4] = [FJORDETATEN, HAVBRIS, TINDESYSTEM, LYNGVIK];
/// Whose prefixes they are: each organization's at the same place.
const PREFIXES: [&str; 4] = ["fjord", "hav", "tind", "lyng"];
const SCOPES: [&str; 6] = [READ, MODIFY, WRITE, SUPPLIER, SCOPES_READ, SCOPES_WRITE];

/// `SplitMix64`: the same calls at every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % (sides as u64)).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

#[tokio::test]
async fn every_answer_is_the_models() {
    let api = Api::start().await;
    let now = portvakt_core::Clock::now(api.clock.as_ref());
    api.operate(async |unit| {
        for (prefix, orgno) in PREFIXES.into_iter().zip(ORGANIZATIONS) {
            let (prefix, orgno) = (prefix.parse().unwrap(), orgno.parse().unwrap());
            let assigned = portvakt_core::administration::prefix::assign(unit, &prefix, orgno, now);
            assigned.await.unwrap();
        }
    })
    .await;
    let mut walk = Walk {
        api: &api,
        model: Model::default(),
        dice: Dice(2026),
        desk: Desk::open(&api),
        statuses: BTreeSet::new(),
    };
    for _ in 0..STEPS {
        walk.step().await;
    }
    walk.check_facts().await;
    // A walk that never gets anywhere would agree with any model.
    for (what, statuses) in [
        ("create scope", &[200, 403, 409][..]),
        ("replace scope", &[200, 403, 404]),
        ("delete scope", &[200, 403, 404]),
        ("grant", &[200, 403, 404]),
        ("withdraw", &[200, 403, 404]),
        ("create client", &[200, 400, 403]),
        ("replace client", &[200, 400, 403, 404, 409]),
        ("stop client", &[200, 403, 404]),
        ("replace keys", &[200, 403, 404]),
        ("read client", &[200, 403, 404]),
        ("read scope", &[200, 403, 404]),
        ("issue", &[0]),
        ("refuse", &[0]),
    ] {
        for status in statuses {
            assert!(walk.statuses.contains(&(what, *status)), "{what} {status}");
        }
    }
    assert!(api.store.revision().await.unwrap().0 > 100);
}
