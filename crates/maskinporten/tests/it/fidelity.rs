//! `docs/fidelity.md`, `docs/errors.md` and the tests that other pages name: each compared with
//! the tests and tables that it speaks of. `PORTVAKT_BLESS=1` writes the generated ones anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use portvakt_core::refusal::RefusalCode;

/// Tests that prove the documents rather than a row of the specification.
const ABOUT_DOCUMENTS: [&str; 5] = [
    "fidelity::every_behavior_of_the_specification_has_a_test",
    "fidelity::every_section_of_the_contract_is_covered",
    "fidelity::the_errors_page_follows_the_table",
    "fidelity::every_test_that_is_named_exists",
    "refusals::every_row_of_the_table_is_provoked",
];

/// Rows that tests elsewhere prove: section, source, behavior, file and test.
const ELSEWHERE: &[(&str, &str, &str, &str)] = &[
    (
        "2.1",
        "seed",
        "The first colon separates prefix and subscope.",
        "crates/core/src/scope/tests.rs::the_first_colon_separates_prefix_and_subscope",
    ),
    (
        "2.1",
        "inferred",
        "Scopes follow the grammar, at most 255 characters.",
        "crates/core/src/scope/tests.rs::what_is_outside_the_grammar_is_refused",
    ),
    (
        "2.1",
        "inferred",
        "Whatever is read as a scope follows the grammar (property).",
        "crates/core/src/scope/tests.rs::whatever_is_read_follows_the_grammar",
    ),
    (
        "2.2",
        "seed",
        "Reserved names need no colon.",
        "crates/core/src/scope/tests.rs::reserved_names_need_no_colon_and_no_other_name_goes_without",
    ),
    (
        "2.3",
        "inferred",
        "The scope claim is split on white space; repetitions are dropped, order is kept.",
        "crates/core/src/grant/claims/tests.rs::scopes_are_split_on_white_space_and_kept_once_in_order",
    ),
    (
        "6.2",
        "code",
        "Organization numbers are found in every documented place and encoding of the subject.",
        "crates/jose/src/certificate/subject/tests.rs",
    ),
    (
        "6.1",
        "code",
        "The rule set for certificates and their paths.",
        "crates/jose/src/certificate/trust/tests.rs",
    ),
    (
        "6.1",
        "code",
        "Revocation lists: signed, current, of the right issuer.",
        "crates/jose/src/certificate/trust/tests/revocations.rs",
    ),
    (
        "7.1",
        "inferred",
        "Issued scopes are a subset of requested, registered and accessible scopes (property).",
        "crates/core/tests/decision.rs::a_token_holds_nothing_that_was_not_granted",
    ),
    (
        "7.1",
        "inferred",
        "An independent model predicts every decision (property).",
        "crates/core/tests/decision.rs::the_model_and_the_decision_agree",
    ),
    (
        "7.1",
        "inferred",
        "Deactivating anything that a token rests on turns it into a refusal (property).",
        "crates/core/tests/decision.rs::whatever_is_taken_away_ends_the_token",
    ),
    (
        "6.1",
        "code",
        "Revocation lists are fetched from configured addresses before the first request; without one the check fails softly.",
        "crates/portvakt/tests/dev/certificates.rs::lists_are_fetched_from_named_addresses_before_the_first_request",
    ),
    (
        "4.4",
        "docs",
        "A used grant stays used across `kill -9` and restart.",
        "crates/portvakt/tests/dev/replay.rs::one_grant_gives_one_token_however_many_ask_and_none_after_a_crash",
    ),
];

/// What the specification describes and this server does not do.
const NOT_IMPLEMENTED: &[(&str, &str, &str)] = &[
    (
        "6.1",
        "Fetching revocation lists from addresses that certificates state",
        "a stranger's certificate could point anywhere; the addresses that were configured are fetched every 15 minutes",
    ),
    (
        "8.3",
        "Sub-unit identifiers of 2021 (`0192:…:ER//…`)",
        "a pilot that ended; only `0192:` and nine digits are issued",
    ),
    (
        "10.1",
        "Asking Altinn Access Management about delegations over HTTP",
        "delegations are kept in the built-in register; the port `DelegationLookup` is where an adapter goes",
    ),
    (
        "10.4",
        "Asking Altinn about system users over HTTP",
        "system users are kept in the built-in register, behind the port `PartyLookup`",
    ),
    (
        "10.5",
        "Asking Altinn about consents over HTTP",
        "consents are kept in the built-in register, behind the port `PartyLookup`",
    ),
    (
        "11",
        "429 `temporarily_unavailable`",
        "the surface does not limit rates; the row of the table is kept for the proxy or release that does",
    ),
    (
        "14.1",
        "European seals without client registration",
        "a national pilot over the EU trusted lists; `supports_european_businesses` is stored and has no effect",
    ),
    (
        "14.2",
        "DPoP-bound tokens",
        "not part of Maskinporten; a `DPoP` header is ignored",
    ),
    ("14.3", "Opaque tokens", "Maskinporten always issues JWTs"),
    (
        "14.4",
        "Requiring `pid` per scope",
        "announced nationally, never documented as shipped",
    ),
];

/// The contract: sections that must have at least one test or an honest line above.
const SECTIONS: &[&str] = &[
    "2.1", "2.2", "2.3", "3", "3.1", "3.2", "4", "4.1", "4.2", "4.3", "4.4", "5", "6.1", "6.2",
    "6.4", "7", "7.1", "8.1", "8.2", "8.3", "8.4", "8.5", "9.1", "9.2", "10.1", "10.2", "10.3",
    "10.4", "10.5", "10.6", "11", "12.1", "12.2", "12.3", "13", "14.1", "14.2", "14.3", "14.4",
    "15", "16", "17.1", "17.2", "17.3", "17.4", "17.5", "17.6", "19",
];

/// One behavior and the test that proves it.
struct Row {
    section: String,
    source: String,
    behavior: String,
    test: String,
}

/// The names of all tests of this binary, from the binary itself.
pub(crate) fn tests_of_this_binary() -> BTreeSet<String> {
    let binary = std::env::current_exe().expect("a test knows its binary");
    let output = Command::new(binary)
        .args(["--list", "--format", "terse"])
        .output();
    let list = output.expect("a test binary lists its tests").stdout;
    String::from_utf8_lossy(&list)
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_behavior_of_the_specification_has_a_test() {
    let rows = rows();
    let named: BTreeSet<_> = rows.iter().map(|row| row.test.clone()).collect();
    let exempt = ABOUT_DOCUMENTS.map(str::to_owned);
    let tests: BTreeSet<_> = tests_of_this_binary()
        .into_iter()
        .filter(|test| !exempt.contains(test))
        .collect();
    let unnamed: Vec<_> = tests.difference(&named).collect();
    assert!(
        unnamed.is_empty(),
        "say above the test which row it proves: {unnamed:?}"
    );
    let missing: Vec<_> = named.difference(&tests).collect();
    assert!(missing.is_empty(), "no such test runs: {missing:?}");
    compare("docs/fidelity.md", &fidelity_page(&rows));
}

#[test]
fn every_section_of_the_contract_is_covered() {
    let rows = rows();
    let covered: BTreeSet<_> = rows
        .iter()
        .map(|row| row.section.as_str())
        .chain(ELSEWHERE.iter().map(|row| row.0))
        .chain(NOT_IMPLEMENTED.iter().map(|row| row.0))
        .collect();
    let missing: Vec<_> = SECTIONS
        .iter()
        .filter(|section| !covered.contains(*section))
        .collect();
    assert!(missing.is_empty(), "no row speaks of {missing:?}");
}

#[test]
fn the_errors_page_follows_the_table() {
    compare("docs/errors.md", &errors_page());
}

#[test]
fn every_test_that_is_named_exists() {
    let mut references: Vec<_> = ELSEWHERE.iter().map(|row| row.3.to_owned()).collect();
    for page in ["SECURITY.md", "docs/reliability.md"] {
        let text = std::fs::read_to_string(root().join(page));
        let text = text.unwrap_or_else(|error| panic!("{page}: {error}"));
        let named: Vec<_> = text
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|code| {
                code.contains("::") || code.starts_with("crates/") && !code.ends_with('/')
            })
            .map(str::to_owned)
            .collect();
        assert!(named.len() > 20, "{page} names its tests");
        references.extend(named);
    }
    let missing: Vec<_> = references
        .iter()
        .filter(|reference| !exists(reference))
        .collect();
    assert!(missing.is_empty(), "no such test: {missing:?}");
}

/// `path/to/file.rs`, `path/to/file.rs::test`, or `module::test` of this binary.
fn exists(reference: &str) -> bool {
    let (file, test) = reference.rsplit_once("::").unwrap_or((reference, ""));
    let file = if file.contains('/') {
        root().join(file)
    } else {
        root().join(format!("crates/maskinporten/tests/it/{file}.rs"))
    };
    let source = std::fs::read_to_string(file).unwrap_or_default();
    if test.is_empty() {
        return source.contains("assert");
    }
    source.contains(&format!("fn {test}("))
}

/// The rows that stand above the tests.
fn rows() -> Vec<Row> {
    let folder = root().join("crates/maskinporten/tests/it");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the tests have their sources beside them")
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    files.sort();
    files.iter().flat_map(|file| rows_of(file)).collect()
}

fn rows_of(file: &Path) -> Vec<Row> {
    let module = file.file_stem().unwrap_or_default().to_string_lossy();
    let text = std::fs::read_to_string(file).expect("a source file can be read");
    let mut rows = Vec::new();
    let mut doc = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(part) = line.strip_prefix("/// ") {
            format!("{doc} {part}").trim().clone_into(&mut doc);
        } else if let (Some((source, section, behavior)), Some(name)) = (row(&doc), function(line))
        {
            rows.push(Row {
                section,
                source,
                behavior,
                test: format!("{module}::{name}"),
            });
            doc.clear();
        } else if !line.starts_with("#[") {
            doc.clear();
        }
    }
    rows
}

/// `docs §4.3: What happens.`
fn row(doc: &str) -> Option<(String, String, String)> {
    let (head, behavior) = doc.split_once(": ")?;
    let (source, section) = head.split_once(" §")?;
    let known = ["seed", "docs", "code", "inferred"].contains(&source);
    known.then(|| (source.to_owned(), section.to_owned(), behavior.to_owned()))
}

fn function(line: &str) -> Option<&str> {
    let line = line.strip_prefix("async ").unwrap_or(line);
    line.strip_prefix("fn ")?.split('(').next()
}

fn fidelity_page(rows: &[Row]) -> String {
    let mut lines: BTreeMap<Vec<u32>, Vec<String>> = BTreeMap::new();
    let mut add = |section: &str, line: String| {
        let order = section
            .split('.')
            .filter_map(|number| number.parse().ok())
            .collect();
        lines.entry(order).or_default().push(line);
    };
    for row in rows {
        let Row {
            section,
            source,
            behavior,
            test,
        } = row;
        add(
            section,
            format!("| {behavior} | {source} | §{section} | `{test}` |"),
        );
    }
    for (section, source, behavior, test) in ELSEWHERE {
        add(
            section,
            format!("| {behavior} | {source} | §{section} | `{test}` |"),
        );
    }
    let mut page = String::from(FIDELITY_HEAD);
    for line in lines.values().flatten() {
        let _ = writeln!(page, "{line}");
    }
    page.push_str(NOT_IMPLEMENTED_HEAD);
    for (section, behavior, reason) in NOT_IMPLEMENTED {
        let _ = writeln!(page, "| {behavior} | §{section} | {reason} |");
    }
    page
}

const FIDELITY_HEAD: &str = "\
# Fidelity of the machine-to-machine surface

Generated from the tests by `make docs`; a test fails when it differs from them.

Each row is one behavior of Maskinporten as it is specified, where the knowledge comes from, and the
test that proves it over HTTP. Tests without a path are in `crates/maskinporten/tests/it/`. The login
surface has [a page of its own](login-fidelity.md).

| source | meaning |
| --- | --- |
| seed | stated by the pages that this product was asked for |
| docs | stated in published documentation of Maskinporten or Altinn |
| code | read out of a working client or a captured answer |
| inferred | our decision, because no source settles it |

## What is proven

| behavior | source | section | test |
| --- | --- | --- | --- |
";

const NOT_IMPLEMENTED_HEAD: &str = "
## Not implemented

| behavior | section | reason |
| --- | --- | --- |
";

fn errors_page() -> String {
    let mut page = String::from(ERRORS_HEAD);
    for code in RefusalCode::ALL {
        let row = code.row();
        let mp_code = row.mp_code.unwrap_or("none");
        let _ = write!(
            page,
            "\n## {}\n\n| MP code | HTTP status | `error` |\n| --- | --- | --- |\n| {mp_code} | {} | `{}` |\n\n\
             Description: \u{201c}{}\u{201d}\n\nWhen: {}\n\nWhat to do: {}\n",
            code.name(),
            row.http_status,
            row.error.as_str(),
            row.text,
            row.raised_when,
            row.next_step,
        );
    }
    page
}

const ERRORS_HEAD: &str = "\
# Errors of the token endpoint

Generated from the table of refusals by `make docs`; a test fails when it differs from it.

An error is a JSON object with `error`, `error_description` and, where there is an MP code,
`error_uri`, whose last path segment is that code. The description begins with the text below, may say
more, and ends with ` (trace_id: …)`; what stands in braces is filled in. Match on a part of it, never on the whole. Answers with status
429 and 503 carry `Retry-After`.
";

fn compare(path: &str, expected: &str) {
    let path = root().join(path);
    if std::env::var_os("PORTVAKT_BLESS").is_some() {
        std::fs::write(&path, expected).expect("the document can be written");
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "{} differs from the code: run `make docs`",
        path.display()
    );
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
