//! `Ready` is said when the token endpoint decides by what was registered, and not before.

use portvakt_operator::pass::{Conclusion, Ending, Triage, was_not_effective};

use crate::fixtures::*;
use crate::world::*;

const APP: &str = "
apiVersion: nais.io/v1
kind: MaskinportenClient
metadata: {name: app, namespace: team}
spec: {secretName: some-secret, scopes: {consumes: [{name: 'nav:some/api'}]}}
";

fn events(conclusion: &Conclusion) -> usize {
    let told = told(conclusion).into_iter();
    told.filter(|event| event.contains("NotEffective")).count()
}

#[test]
fn what_is_registered_and_not_effective_is_not_ready_and_is_looked_at_again() {
    let mut world = World::of(subject(APP));
    world.grant("nav:some/api");
    world.not_effective = Some("revision 7 is not reached yet: this is revision 6".into());
    let conclusion = world.pass().unwrap();
    let text = "Everything is registered, and the token endpoint does not decide by it yet: \
                revision 7 is not reached yet: this is revision 6";
    let said = conditions(&conclusion.status).join("\n");
    assert!(
        said.contains(&format!("Ready=False/NotEffective: {text}")),
        "{said}"
    );
    assert!(said.contains("Error=False"), "{said}");
    assert_eq!(conclusion.requeue.unwrap().as_secs(), 15);
    assert_eq!(conclusion.ending, Ending::Waits, "nothing failed");
    assert_eq!(events(&conclusion), 1);
    assert!(was_not_effective(&world.subject));
    // As often as it takes, without writing anything and without telling it again.
    world.calls.clear();
    for _ in 0..20 {
        assert!(matches!(world.triage(), Triage::Process(_)));
        let conclusion = world.pass().unwrap();
        assert_eq!(events(&conclusion), 0);
        assert_eq!(conclusion.requeue.unwrap().as_secs(), 15);
    }
    assert_eq!(world.calls, Vec::<String>::new());
    world.not_effective = None;
    let conclusion = world.pass().unwrap();
    assert!(
        conditions(&conclusion.status)
            .join("\n")
            .contains("Ready=True/Synchronized")
    );
    assert!(matches!(world.triage(), Triage::Rest(_)));
    assert!(!was_not_effective(&world.subject));
}
