//! The life of keys under every history: property tests, and the rules one by one.

use std::time::Duration;

use portvakt_jose::Algorithm;
use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn policy(settings: LifeSettings) -> LifePolicy {
    LifePolicy::new(settings).unwrap()
}

/// A surface whose keys are carried along as a server would, without private keys.
struct World {
    policy: LifePolicy,
    records: Vec<SigningKeyRecord>,
    now: Timestamp,
    made: usize,
}

impl World {
    fn new(policy: LifePolicy) -> Self {
        Self {
            policy,
            records: Vec::new(),
            now: Timestamp::from_seconds(1_800_000_000),
            made: 0,
        }
    }

    fn started(policy: LifePolicy) -> Self {
        let mut world = Self::new(policy);
        world.keep();
        world
    }

    fn keep(&mut self) {
        let steps = plan(&self.records, &self.policy, self.now);
        self.carry_out(steps);
    }

    fn order(&mut self, order: Order) -> Result<(), OrderRefused> {
        let steps = plan_order(&self.records, &self.policy, order, self.now)?;
        self.carry_out(steps);
        Ok(())
    }

    fn carry_out(&mut self, steps: Vec<Transition>) {
        for step in steps {
            match step {
                Transition::Create(state) => {
                    self.made += 1;
                    self.records.push(SigningKeyRecord {
                        kid: self.made.to_string(),
                        surface: "maskinporten".to_owned(),
                        algorithm: self.policy.algorithm(),
                        state,
                        private_key: Vec::new(),
                        certificate: None,
                        created: self.now,
                        last_updated: self.now,
                    });
                }
                Transition::Move { kid, to } => {
                    let mut records = self.records.iter_mut();
                    let record = records.find(|record| record.kid == kid).unwrap();
                    record.state = to;
                    record.last_updated = self.now;
                }
            }
        }
    }

    fn pass(&mut self, duration: Duration) {
        self.now = self.now.plus(duration);
        self.keep();
    }

    fn in_state(&self, state: SigningKeyState) -> Vec<&str> {
        let records = self.records.iter().filter(|record| record.state == state);
        records.map(|record| record.kid.as_str()).collect()
    }

    fn active(&self) -> &str {
        let [active] = self.in_state(SigningKeyState::Active)[..] else {
            panic!("not exactly one key is active: {:?}", self.records);
        };
        active
    }

    fn published(&self) -> Vec<String> {
        let records = self.records.iter().filter(|record| is_published(record));
        records.map(|record| record.kid.clone()).collect()
    }
}

#[test]
fn the_first_key_signs_at_once_and_the_next_is_published_with_it() {
    let world = World::started(LifePolicy::default());
    assert_eq!(world.active(), "1");
    assert_eq!(world.in_state(SigningKeyState::Next), ["2"]);
    assert_eq!(plan(&world.records, &world.policy, world.now), []);
}

#[test]
fn keys_rotate_on_schedule_and_go_when_their_tokens_have_expired() {
    let mut world = World::started(LifePolicy::default());
    world.pass(world.policy.rotation_interval().saturating_sub(SECOND));
    assert_eq!(world.active(), "1");
    world.pass(SECOND);
    assert_eq!(world.active(), "2");
    assert_eq!(world.in_state(SigningKeyState::Retired), ["1"]);
    assert_eq!(world.in_state(SigningKeyState::Next), ["3"]);
    world.pass(world.policy.keep_after().saturating_sub(SECOND));
    assert_eq!(world.in_state(SigningKeyState::Retired), ["1"]);
    world.pass(SECOND);
    assert_eq!(world.in_state(SigningKeyState::Gone), ["1"]);
}

#[test]
fn another_algorithm_is_published_first_and_signs_when_everybody_can_know_it() {
    let mut world = World::started(LifePolicy::default());
    world.pass(30 * SECOND);
    world.policy = world.policy.with_algorithm(Algorithm::Es256);
    world.keep();
    // The next key of the former algorithm has signed nothing.
    assert_eq!(world.in_state(SigningKeyState::Gone), ["2"]);
    assert_eq!(world.in_state(SigningKeyState::Next), ["3"]);
    world.pass(world.policy.publish_before_use().saturating_sub(SECOND));
    assert_eq!(world.active(), "1");
    world.pass(SECOND);
    assert_eq!(world.active(), "3");
    assert_eq!(world.in_state(SigningKeyState::Retired), ["1"]);
}

#[test]
fn a_rotation_by_hand_waits_until_verifiers_know_the_next_key_unless_told_otherwise() {
    let mut world = World::started(LifePolicy::default());
    let safe_from = world.now.plus(world.policy.publish_before_use());
    assert_eq!(
        world.order(Order::Rotate),
        Err(OrderRefused::NotKnownYet { safe_from })
    );
    world.now = safe_from;
    world.order(Order::Rotate).unwrap();
    assert_eq!(world.active(), "2");
    world.order(Order::RotateNow).unwrap();
    assert_eq!(world.active(), "3");
    assert_eq!(world.in_state(SigningKeyState::Retired), ["1", "2"]);
}

#[test]
fn an_emergency_unpublishes_the_active_key_and_every_one_if_asked() {
    let mut world = World::started(LifePolicy::default());
    world.order(Order::Emergency(Compromised::Active)).unwrap();
    assert_eq!(world.in_state(SigningKeyState::Gone), ["1"]);
    assert_eq!((world.active(), world.published().len()), ("2", 2));
    world.order(Order::RotateNow).unwrap();
    world.order(Order::Emergency(Compromised::Every)).unwrap();
    assert_eq!(world.in_state(SigningKeyState::Gone), ["1", "2", "3", "4"]);
    assert_eq!((world.active(), world.published().len()), ("5", 2));
}

#[test]
fn impatience_ends_at_ten_published_keys_but_an_emergency_does_not() {
    let mut world = World::started(LifePolicy::default());
    let first = world.now;
    let refused = loop {
        world.now = world.now.plus(SECOND);
        if let Err(refused) = world.order(Order::RotateNow) {
            break refused;
        }
    };
    assert_eq!(world.published().len(), MOST_PUBLISHED);
    let free_at = first.plus(SECOND + world.policy.keep_after());
    assert_eq!(refused, OrderRefused::TooMany { free_at });
    world.order(Order::Emergency(Compromised::Active)).unwrap();
    assert_eq!(world.published().len(), MOST_PUBLISHED);
    world.now = free_at;
    world.order(Order::RotateNow).unwrap();
}

#[test]
fn what_is_ahead_of_a_key_is_what_happens() {
    let mut world = World::started(LifePolicy::default());
    for _ in 0..3 {
        let ahead: Vec<_> = world
            .records
            .iter()
            .filter_map(|record| {
                let outlook = outlook(record, &world.records, &world.policy)?;
                Some((record.kid.clone(), outlook))
            })
            .collect();
        let first = ahead.iter().map(|(_, outlook)| outlook.changes_at).min();
        world.now = first.unwrap();
        world.keep();
        for (kid, outlook) in ahead {
            let record = world.records.iter().find(|record| record.kid == kid);
            let happened = record.unwrap().state == outlook.becomes;
            assert_eq!(happened, outlook.changes_at <= world.now, "{kid}");
        }
    }
}

/// What happens to a server.
#[derive(Clone, Debug)]
enum Event {
    Pass(Duration),
    Order(Order),
    Algorithm(Algorithm),
}

fn events(with_force: bool) -> impl Strategy<Value = Vec<Event>> {
    let orders = if with_force {
        vec![
            Order::Rotate,
            Order::RotateNow,
            Order::Emergency(Compromised::Active),
            Order::Emergency(Compromised::Every),
        ]
    } else {
        vec![Order::Rotate]
    };
    let event = prop_oneof![
        6 => (1_u64..400_000).prop_map(|seconds| Event::Pass(Duration::from_secs(seconds))),
        2 => prop::sample::select(orders).prop_map(Event::Order),
        1 => prop::sample::select(vec![Algorithm::Rs256, Algorithm::Es256])
            .prop_map(Event::Algorithm),
    ];
    prop::collection::vec(event, 1..60)
}

fn settings() -> impl Strategy<Value = LifePolicy> {
    // In units of ten minutes.
    let parts = (
        0_u32..50,
        0_u32..50,
        1_u32..10,
        0_u32..300,
        0_u32..300,
        0_u32..400,
    );
    parts.prop_map(|(max_age, token, reload, publish, keep, rotate)| {
        let unit = Duration::from_mins(10);
        let spread = unit * (max_age + reload) + LifePolicy::CLOCK_MARGIN;
        let mut settings = LifeSettings {
            document_max_age: unit * max_age,
            longest_token_lifetime: unit * token,
            reload_bound: unit * reload,
            publish_before_use: spread + unit * publish,
            keep_after: spread + unit * token + unit * keep,
            rotation_interval: unit * rotate,
            ..LifeSettings::default()
        };
        if let Err(LifePolicyError::RotationInterval(least)) = LifePolicy::new(settings) {
            settings.rotation_interval = least;
        }
        policy(settings)
    })
}

/// A moment of a history: what was published, and which key signed from then on.
struct Moment {
    at: Timestamp,
    active: String,
    published: Vec<String>,
}

fn history(policy: LifePolicy, events: &[Event]) -> Vec<Moment> {
    let mut world = World::started(policy);
    let mut moments = Vec::new();
    // A server looks at least this often; what is due late is late for a verifier too.
    let step = Duration::from_mins(30);
    let note = |world: &World, moments: &mut Vec<Moment>| {
        assert!(world.published().len() <= MOST_PUBLISHED);
        moments.push(Moment {
            at: world.now,
            active: world.active().to_owned(),
            published: world.published(),
        });
    };
    note(&world, &mut moments);
    for event in events {
        match event {
            Event::Pass(duration) => {
                let end = world.now.plus(*duration);
                while world.now < end {
                    world.now = world.now.plus(step).min(end);
                    world.keep();
                    note(&world, &mut moments);
                }
            }
            Event::Order(order) => {
                let _ = world.order(*order);
            }
            Event::Algorithm(algorithm) => {
                world.policy = world.policy.with_algorithm(*algorithm);
                world.keep();
            }
        }
        note(&world, &mut moments);
    }
    moments
}

/// The moments at which something of this span was true.
fn within(moments: &[Moment], from: Timestamp, to: Timestamp) -> impl Iterator<Item = &Moment> {
    let first = moments.partition_point(|moment| moment.at <= from);
    let last = moments.partition_point(|moment| moment.at <= to);
    // What began at or before `from` was still true then; within one instant only the last counts.
    moments[first.saturating_sub(1)..last].iter()
}

fn before(at: Timestamp, duration: Duration) -> Timestamp {
    let milliseconds = i64::try_from(duration.as_millis()).unwrap();
    Timestamp::from_milliseconds(at.milliseconds() - milliseconds)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Exactly one key is active and at most ten are published, whatever is ordered: the history
    /// itself asserts both at each of its moments.
    #[test]
    fn one_key_is_active_whatever_happens(policy in settings(), events in events(true)) {
        history(policy, &events);
    }

    /// Without force, a token that was signed at any moment is verifiable at every instant of its
    /// life, with any key document that was served within `max-age` of that instant; by a node that
    /// was behind too.
    #[test]
    fn a_token_is_verifiable_all_its_life(policy in settings(), events in events(false)) {
        let moments = history(policy, &events);
        let start = moments[0].at;
        let end = moments[moments.len() - 1].at;
        for signed in &moments {
            // A node that is behind signs with this key a little longer.
            let last_signature = signed.at.plus(policy.reload_bound());
            let expires = last_signature.plus(policy.longest_token_lifetime()).min(end);
            let oldest = policy.document_max_age() + policy.reload_bound();
            let from = before(signed.at, oldest).max(start);
            for seen in within(&moments, from, expires) {
                prop_assert!(
                    seen.published.contains(&signed.active),
                    "key {} signed at {} and is not in the document of {}",
                    signed.active, signed.at, seen.at
                );
            }
        }
    }

    /// Without force, no key but the first signs before it was published for long enough.
    #[test]
    fn no_key_signs_before_it_is_known(policy in settings(), events in events(false)) {
        let moments = history(policy, &events);
        let first = moments[0].active.clone();
        for pair in moments.windows(2) {
            let key = &pair[1].active;
            if *key == pair[0].active || *key == first {
                continue;
            }
            let published = moments.iter().find(|moment| moment.published.contains(key)).unwrap();
            let known = published.at.plus(policy.publish_before_use());
            prop_assert!(known <= pair[1].at, "key {key} signs at {}, known {known}", pair[1].at);
        }
    }

    /// Planning is idempotent: what was carried out leaves nothing to do, so the second of two
    /// nodes that saw the same need finds none.
    #[test]
    fn the_second_node_finds_nothing_to_do(policy in settings(), events in events(true)) {
        let mut world = World::started(policy);
        for event in events {
            match event {
                Event::Pass(duration) => world.pass(duration),
                Event::Order(order) => { let _ = world.order(order); }
                Event::Algorithm(algorithm) => world.policy = world.policy.with_algorithm(algorithm),
            }
            world.keep();
            prop_assert_eq!(plan(&world.records, &world.policy, world.now), []);
        }
    }
}
