//! What the charts say of themselves.

use std::collections::BTreeSet;

use serde_json::Value;

use super::operator::OPERATOR;
use super::{Chart, SERVER};

#[test]
fn the_charts_are_for_this_version_of_the_program() {
    for chart in [SERVER, OPERATOR] {
        let chart: Value = serde_saphyr::from_str(&chart.file("Chart.yaml")).unwrap();
        assert_eq!(chart["appVersion"], env!("CARGO_PKG_VERSION"));
    }
}

/// Each value with its parts, as far as they have names of the chart's.
fn leaves(path: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        // The server's own keys are in its own reference.
        Value::Object(members)
            if !members.is_empty() && path != "config" && path != "resources" =>
        {
            for (name, value) in members {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                leaves(&path, value, found);
            }
        }
        _ => {
            found.insert(path.to_owned());
        }
    }
}

#[test]
fn each_page_names_every_value_and_no_other() {
    for chart in [SERVER, OPERATOR] {
        let values: Value = serde_saphyr::from_str(&chart.file("values.yaml")).unwrap();
        let mut expected = BTreeSet::new();
        leaves("", &values, &mut expected);
        assert_eq!(documented(&chart), expected);
    }
}

/// The names in the first column of the table.
fn documented(chart: &Chart) -> BTreeSet<String> {
    let page = chart.file("README.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let mut documented = BTreeSet::new();
    for row in rows {
        let names = row.split(" | ").next().unwrap();
        for name in names.split('`').step_by(2) {
            documented.insert(name.to_owned());
        }
    }
    documented
}
