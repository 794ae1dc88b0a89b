//! Pages about the login surface name tests: each exists, and every section of the specification is spoken of.

use std::collections::BTreeSet;

use crate::clients::root;

/// Where tests without a folder are.
const SURFACE: &str = "crates/idporten/tests/surface";

/// The suite that each store runs.
const SUITE: &str = "crates/store-conformance/";

/// The sections of the specification that are about behavior.
const SECTIONS: &[&str] = &[
    "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17",
    "18", "19", "20", "21", "22", "23", "24",
];

fn page(name: &str) -> String {
    let path = root().join(name);
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What a page says in code: of it, whatever names a test or a file of tests.
fn references(page: &str) -> Vec<&str> {
    let code = page.split('`').skip(1).step_by(2);
    code.filter(|code| code.contains("::") || code.starts_with("crates/"))
        .collect()
}

/// `path/to/file.rs::test`, `path/to/file.rs` or `module::test` of the surface's own.
fn exists(reference: &str) -> bool {
    let (file, test) = reference.rsplit_once("::").unwrap_or((reference, ""));
    let file = if file.contains('/') {
        root().join(file)
    } else {
        root().join(format!("{SURFACE}/{file}.rs"))
    };
    if file.is_dir() {
        return test.is_empty();
    }
    let source = std::fs::read_to_string(file).unwrap_or_default();
    let at = source.find(&format!("fn {test}("));
    match (test, at) {
        ("", _) => source.contains("assert"),
        // A function that no attribute makes a test proves nothing, unless each store runs it as one.
        (_, Some(at)) => {
            let above = source[..at].rsplit("\n\n").next().unwrap_or_default();
            let attributes = ["test]", "test("];
            reference.starts_with(SUITE) || attributes.iter().any(|end| above.contains(end))
        }
        (_, None) => false,
    }
}

#[test]
fn every_test_that_a_page_names_exists() {
    for (name, at_least) in [("docs/conformance.md", 80), ("docs/login-fidelity.md", 80)] {
        let page = page(name);
        let references = references(&page);
        assert!(references.len() >= at_least, "{name}: {}", references.len());
        let missing: BTreeSet<_> = references
            .into_iter()
            .filter(|name| !exists(name))
            .collect();
        assert!(missing.is_empty(), "{name}: no such test: {missing:?}");
    }
    assert!(!exists("flow::no_such_test"));
    assert!(!exists("harness::callback"), "it is no test");
}

/// A module of the certification has a test, or a reason in words.
#[test]
fn every_module_of_the_certification_has_its_line() {
    let page = page("docs/conformance.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let rows: Vec<_> = rows.collect();
    assert!(rows.len() > 90, "{}", rows.len());
    for row in rows {
        let (_, covered) = row
            .trim_matches('|')
            .split_once(" | ")
            .expect("two columns");
        let reasons = ["does not", "do not", "not offered"];
        let has_reason = reasons.iter().any(|reason| covered.contains(reason));
        assert!(has_reason || !references(covered).is_empty(), "{row}");
    }
}

#[test]
fn every_section_of_the_specification_is_spoken_of() {
    let page = page("docs/login-fidelity.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| §"));
    let spoken: BTreeSet<_> = rows
        .filter_map(|row| row.split(['.', ' ']).next())
        .collect();
    let missing: Vec<_> = SECTIONS
        .iter()
        .filter(|section| !spoken.contains(*section))
        .collect();
    assert!(missing.is_empty(), "no row speaks of {missing:?}");
}
