//! The chart of the operator, and the kustomize base that is made of it.

mod base;
mod network;
mod pods;
mod refusals;
mod rights;
mod settings;

use super::Chart;

pub(super) const OPERATOR: Chart = Chart {
    folder: "helm/portvakt-operator",
    release: "portvakt-operator",
    namespace: "portvakt-operator",
    sets: &SETS,
};

const SETS: [&str; 3] = ["base", "everything", "existing"];

/// Switches on both options, with what they are by default.
const OPTIONS: [&str; 2] = ["--set", "applications.enabled=true,webhook.enabled=true"];
