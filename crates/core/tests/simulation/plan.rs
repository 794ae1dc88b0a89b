//! What a seed decides beforehand: how many nodes there are, what is registered, what is asked and
//! written, and what goes wrong.

use portvakt_core::Timestamp;
use portvakt_core::client::{Client, ClientId};
use portvakt_core::organization::{OrgNumber, Organization};
use portvakt_core::scope::{Scope, ScopeName};

use crate::model::{Fact, State, Write};
use crate::node::Request;
use crate::random::Random;
use crate::world::{Chances, NodeId, Time};

const OWNER: &str = "889640782";
const CONSUMERS: [&str; 2] = ["312773023", "123456789"];
const SCOPES: [&str; 5] = ["nav:a", "nav:b", "nav:c", "nav:d", "nav:e"];

/// Something that happens from outside.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Ask(NodeId, Request),
    /// Whoever has asked the node last, and waits, goes away.
    GiveUp(NodeId),
    Write(NodeId, Fact, bool),
    /// Housekeeping leaves so many records of the feed.
    Trim(usize),
    Crash(NodeId),
    Stop(NodeId, Time),
    SleepMachine(NodeId, Time),
    CutOff(NodeId, Time),
    SetClock(NodeId, i64),
}

/// The plan of a run.
#[derive(Debug)]
pub(crate) struct Plan {
    /// For what is decided on the way.
    pub(crate) random: Random,
    pub(crate) nodes: usize,
    pub(crate) max_bytes: usize,
    pub(crate) chances: Chances,
    pub(crate) registered: Vec<Write>,
    /// Each right that somebody may ask for.
    pub(crate) requests: Vec<Request>,
    pub(crate) acts: Vec<(Time, Act)>,
}

impl Plan {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let nodes = 1 + random.index(3);
        let requests = requests();
        let calm = random.percent(25);
        let acts = Acts {
            // Machines that sleep and clocks that are set back at once cannot be told apart from
            // time that did not pass.
            sleeps: random.percent(50),
            calm,
            nodes,
            requests: &requests,
            grants: 0,
        };
        let acts = acts.draw(&mut random);
        Self {
            nodes,
            // Too little for everything, sometimes for anything.
            max_bytes: [256 * 1024, 7 * 1024, 6 * 1024][random.index(3)],
            chances: if calm {
                Chances::NONE
            } else {
                chances(&mut random)
            },
            registered: registered(),
            requests,
            acts,
            random,
        }
    }
}

fn chances(random: &mut Random) -> Chances {
    Chances {
        slow: random.between(0, 15),
        lost_request: random.between(0, 8),
        lost_answer: random.between(0, 8),
    }
}

/// What the acts are drawn from.
struct Acts<'a> {
    sleeps: bool,
    calm: bool,
    nodes: usize,
    requests: &'a [Request],
    grants: u8,
}

impl Acts<'_> {
    fn draw(mut self, random: &mut Random) -> Vec<(Time, Act)> {
        let mut time = 0;
        let mut acts = Vec::new();
        for _ in 0..random.between(40, 120) {
            // Mostly close together or at once, so that things meet; sometimes with a rest.
            time += match random.below(10) {
                0..3 => 0,
                3..9 => random.between(0, 60),
                _ => random.between(0, 2500),
            };
            acts.push((time, self.act(random)));
        }
        acts
    }

    fn act(&mut self, random: &mut Random) -> Act {
        let node = random.index(self.nodes);
        match random.below(100) {
            0..57 => self.ask(random, node),
            57..60 => Act::GiveUp(node),
            60..82 => self.write(random),
            82..84 => Act::Trim(random.index(6)),
            _ if self.calm => self.ask(random, node),
            84..88 => Act::Crash(node),
            88..92 => Act::Stop(node, random.between(1, 9000)),
            92..96 => Act::CutOff(node, random.between(1, 9000)),
            _ if self.sleeps => Act::SleepMachine(node, random.between(1, 9000)),
            // Days ahead, or back.
            _ => Act::SetClock(node, [0, 100_000_000, -100_000_000, 700][random.index(4)]),
        }
    }

    /// A new grant, or one that was sent before, to whichever node.
    fn ask(&mut self, random: &mut Random, node: NodeId) -> Act {
        let mut request = self.requests[random.index(self.requests.len())].clone();
        let number = if self.grants > 0 && random.percent(25) {
            u8::try_from(random.below(u64::from(self.grants))).unwrap()
        } else {
            self.grants += 1;
            self.grants - 1
        };
        request.grant = [number; 32];
        Act::Ask(node, request)
    }

    fn write(&mut self, random: &mut Random) -> Act {
        let facts = self.requests[random.index(self.requests.len())].facts();
        let fact = facts[random.index(facts.len())].clone();
        // The last is the command line.
        let node = random.index(self.nodes + 1);
        Act::Write(node, fact, random.percent(60))
    }
}

fn orgno(text: &str) -> OrgNumber {
    OrgNumber::parse(text).unwrap()
}

fn client_id(consumer: &str) -> ClientId {
    ClientId::parse(&format!("client-{consumer}")).unwrap()
}

/// Every client for every scope.
fn requests() -> Vec<Request> {
    let pairs = CONSUMERS
        .into_iter()
        .flat_map(|consumer| SCOPES.map(|scope| (consumer, scope)));
    let request = |(consumer, scope): (&str, &str)| Request {
        client_id: client_id(consumer),
        consumer: orgno(consumer),
        scope: ScopeName::parse(scope).unwrap(),
        owner: orgno(OWNER),
        grant: [0; 32],
    };
    pairs.map(request).collect()
}

fn registered() -> Vec<Write> {
    let now = Timestamp::from_seconds(0);
    let organization = |number: &str| {
        Write::Organization(Organization {
            orgno: orgno(number),
            name: String::new(),
            active: true,
            created: now,
            last_updated: now,
        })
    };
    let mut writes = vec![organization(OWNER)];
    for scope in SCOPES {
        let name = ScopeName::parse(scope).unwrap();
        writes.push(Write::Scope(Scope::new(name, orgno(OWNER), "", now)));
    }
    for consumer in CONSUMERS {
        writes.push(organization(consumer));
        let client = Client::machine(client_id(consumer), "", orgno(consumer), Vec::new(), now);
        writes.push(Write::Client(client));
        for scope in SCOPES {
            let access = Fact::Access(ScopeName::parse(scope).unwrap(), orgno(consumer));
            writes.push(access.write(&State::default(), true));
        }
    }
    writes
}
