//! Everything that a resource can say of itself is explained in `docs/operator.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::read_to_string;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What decides about a pass, without its tests.
fn source() -> String {
    let folder = root().join("crates/operator/src/pass");
    let mut source = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = read_to_string(entry.unwrap().path()).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        source.push_str(code);
    }
    source
}

/// Names and values of the constants that are texts.
fn constants(source: &str) -> BTreeMap<&str, &str> {
    let lines = source.lines().filter_map(|line| {
        let (_, rest) = line.split_once("const ")?;
        let (name, value) = rest.split_once(": &str = \"")?;
        Some((name, value.trim_end_matches("\";")))
    });
    lines.collect()
}

/// What stands at this place in calls of this function: texts, the values of constants, and what a variable is
/// chosen from.
fn arguments<'s>(source: &'s str, function: &str, place: usize) -> BTreeSet<&'s str> {
    let constants = constants(source);
    let mut found = BTreeSet::new();
    for call in source.split(&format!("{function}(")).skip(1) {
        let argument = call.split(',').nth(place).unwrap().trim();
        let choice = source.split_once(&format!("let {argument} = "));
        let choice = choice.map_or(argument, |(_, rest)| rest.split(';').next().unwrap());
        let texts = choice.split_whitespace().filter_map(|word| {
            let text = word
                .strip_prefix('"')
                .and_then(|word| word.strip_suffix('"'));
            text.or_else(|| constants.get(word).copied())
        });
        let texts: Vec<_> = texts.collect();
        assert!(!texts.is_empty(), "{function}: what can {argument} be?");
        found.extend(texts);
    }
    found
}

#[test]
fn every_condition_reason_and_event_is_explained() {
    let source = source();
    let page = read_to_string(root().join("docs/operator.md")).unwrap();
    let (_, section) = page.split_once("### Conditions").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let types = arguments(&source, "Verdict::new", 0);
    assert_eq!(types.len(), 6, "{types:?}");
    let reasons = arguments(&source, "Verdict::new", 2);
    assert!(reasons.len() >= 9, "{reasons:?}");
    let mut events = arguments(&source, "Event::normal", 0);
    events.extend(arguments(&source, "Event::warning", 0));
    assert!(events.len() >= 13, "{events:?}");
    for name in types.into_iter().chain(reasons).chain(events) {
        assert!(
            section.contains(&format!("`{name}`")),
            "{name} is not explained"
        );
    }
}

/// Where the page says that an entry leads, it leads.
#[test]
fn links_within_the_page_lead_somewhere() {
    let page = read_to_string(root().join("docs/operator.md")).unwrap();
    let headings = page.lines().filter_map(|line| {
        let heading = line.trim_start_matches('#');
        (heading != line).then(|| heading.trim().to_lowercase().replace(' ', "-"))
    });
    let headings: BTreeSet<_> = headings.map(|it| it.replace([',', '.'], "")).collect();
    for link in page.split("](#").skip(1) {
        let link = link.split(')').next().unwrap();
        assert!(headings.contains(link), "{link} is not in {headings:?}");
    }
}
