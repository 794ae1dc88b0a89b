//! A NAIS manifest, with templates or not, and the plan for it in an empty world.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portvakt_nais::Settings;
use portvakt_nais::actual::Actual;
use portvakt_nais::desired::desired;
use portvakt_nais::manifest::Manifest;
use portvakt_nais::plan::{Policy, plan};

fuzz_target!(|text: &str| {
    let manifest = match Manifest::parse(text) {
        Ok(manifest) => manifest,
        Err(refused) => {
            assert!(!refused.faults.is_empty(), "a refusal says why");
            return;
        }
    };
    let settings = Settings {
        default_namespace: Some("fuzz".to_owned()),
        ..Settings::new("local-fuzz", "nav")
    };
    let Ok(wanted) = desired(&manifest, &settings) else {
        return;
    };
    let policy = Policy::compatible();
    let world = Actual::default();
    let Ok(made) = plan(&wanted, &world, &policy, None) else {
        return;
    };
    let end = made.steps.iter().fold(world, |world, step| world.apply(&step.action));
    let again = plan(&wanted, &end, &policy, None).expect("what was done can be planned for");
    assert!(again.is_empty(), "nothing is left to do: {:?}", again.steps);
});
