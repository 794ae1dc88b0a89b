//! A registry file: YAML or JSON that somebody wrote by hand or a program made.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portvakt_core::registry_file::RegistryFile;

fuzz_target!(|text: &str| {
    let file = match RegistryFile::parse(text) {
        Ok(file) => file,
        Err(faults) => {
            assert!(!faults.is_empty(), "a refusal says why");
            return;
        }
    };
    let _ = file.warnings();
    let yaml = file.to_yaml().expect("what was read can be written");
    let again = RegistryFile::parse(&yaml).expect("what was written can be read");
    assert_eq!(
        again.to_yaml().as_ref(),
        Ok(&yaml),
        "a file is written as it was read"
    );
});
