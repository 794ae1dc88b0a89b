//! Which resources a change by somebody else concerns.

use std::collections::BTreeSet;

use portvakt_nais::desired::ClientKey;
use portvakt_operator::pass::{Footprint, Footprints, Reason, Triage};
use portvakt_provision::{Drift, Touched};
use proptest::prelude::*;

use crate::fixtures::*;

fn note(
    footprints: &mut Footprints,
    name: &str,
    exposes: &[String],
    id: Option<&str>,
) -> ClientKey {
    let exposes: Vec<_> = exposes
        .iter()
        .map(|name| format!("{{enabled: true, product: arbeid, name: {name}}}"))
        .collect();
    let manifest = format!(
        "
apiVersion: nais.io/v1
kind: MaskinportenClient
metadata: {{name: {name}, namespace: team}}
spec:
  secretName: {name}
  scopes: {{consumes: [{{name: 'annen:{name}.read'}}], exposes: [{}]}}
",
        exposes.join(", ")
    );
    let mut subject = subject(&manifest);
    subject.status.client_id = id.map(str::to_owned);
    footprints.note(&subject.key, Footprint::of(&subject, &rules().settings));
    subject.key
}

fn touched(clients: &[&str], scopes: &[&str]) -> Drift {
    Drift::Touched(Touched {
        clients: clients.iter().map(ToString::to_string).collect(),
        scopes: scopes.iter().map(ToString::to_string).collect(),
    })
}

#[test]
fn a_change_concerns_whose_client_or_scope_it_is_and_who_consumes_it() {
    let mut footprints = Footprints::default();
    let one = note(&mut footprints, "one", &["one.read".into()], Some("id-1"));
    let two = note(&mut footprints, "two", &[], Some("id-2"));
    let new = note(&mut footprints, "new", &["new.read".into()], None);
    let concerned = |drift| footprints.concerned(&drift);
    assert_eq!(concerned(touched(&[], &[])), BTreeSet::new());
    assert_eq!(
        concerned(touched(&["id-9"], &["nav:other"])),
        BTreeSet::new()
    );
    assert_eq!(
        concerned(touched(&["id-2"], &[])),
        BTreeSet::from([two.clone()])
    );
    assert_eq!(
        concerned(touched(&[], &["nav:arbeid:one.read"])),
        BTreeSet::from([one.clone()])
    );
    // A scope that was taken over may be below another prefix.
    assert_eq!(
        concerned(touched(&[], &["old:arbeid:new.read"])),
        BTreeSet::from([new.clone()])
    );
    assert_eq!(
        concerned(touched(&[], &["annen:two.read"])),
        BTreeSet::from([two.clone()])
    );
    assert_eq!(
        concerned(Drift::Anything),
        BTreeSet::from([one.clone(), two, new])
    );
    footprints.forget(&one);
    assert_eq!(
        footprints.concerned(&touched(&["id-1"], &["nav:arbeid:one.read"])),
        BTreeSet::new()
    );
}

#[test]
fn a_change_is_a_reason_for_a_pass_over_what_rests() {
    let rest = Triage::Rest(std::time::Duration::from_secs(1));
    assert_eq!(rest.concerned(), Triage::Process(Reason::Concerned));
    let due = Triage::Process(Reason::Changed);
    assert_eq!(due.concerned(), due);
    assert_eq!(Triage::Forget.concerned(), Triage::Forget);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// Rivals are the resources that expose the same scope, whatever came and went before, and whoever gets
    /// or loses one is named.
    #[test]
    fn rivals_are_who_exposes_the_same(changes in proptest::collection::vec(
        (0..4_usize, proptest::collection::btree_set(0..4_usize, 0..3)), 1..20,
    )) {
        let mut footprints = Footprints::default();
        let mut exposed: [BTreeSet<usize>; 4] = Default::default();
        let keys = [0, 1, 2, 3].map(|index| note(&mut footprints, &format!("app{index}"), &[], None));
        for (index, scopes) in changes {
            exposed[index] = scopes.clone();
            let names: Vec<_> = scopes.iter().map(|scope| format!("tal{scope}")).collect();
            note(&mut footprints, &format!("app{index}"), &names, None);
            for (this, own) in exposed.iter().enumerate() {
                let rivals = footprints.rivals(&keys[this]);
                for scope in own {
                    let others: BTreeSet<_> = (0..4)
                        .filter(|other| *other != this && exposed[*other].contains(scope))
                        .map(|other| format!("dev-gcp:team:app{other}"))
                        .collect();
                    let found = rivals.get(&format!("nav:arbeid:tal{scope}"));
                    let found = found.into_iter().flatten().map(|rival| rival.owner.to_string());
                    prop_assert_eq!(found.collect::<BTreeSet<_>>(), others);
                }
            }
        }
    }
}
