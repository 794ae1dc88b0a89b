//! Plans for people.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use portvakt_nais::plan::{Action, Change, Plan, Step};
use serde_json::Value;

const ADDED: Style = AnsiColor::Green.on_default();
const CHANGED: Style = AnsiColor::Yellow.on_default();
const TAKEN: Style = AnsiColor::Red.on_default();

/// Every step with what changes and what it brings, then the notes and a summary.
pub(crate) fn describe(plan: &Plan) -> String {
    let mut text = String::new();
    for step in &plan.steps {
        let (sign, style) = sign(&step.action);
        line(&mut text, "", style, sign, &step.action.to_string());
        for change in step.action.changes() {
            let shown = format!(
                "{}: {} -> {}",
                change.field,
                brief(&change.before),
                brief(&change.after)
            );
            line(&mut text, "    ", Style::new(), "", &shown);
        }
        for consequence in &step.consequences {
            line(&mut text, "    ", TAKEN, "!", consequence);
        }
    }
    for note in &plan.notes {
        line(&mut text, "", Style::new(), "note:", &note.to_string());
    }
    text.push_str(&summary(plan));
    text
}

/// `3 steps: 1 adds, 1 changes, 1 takes away`
pub(crate) fn summary(plan: &Plan) -> String {
    let count = |wanted: &str| {
        let steps = plan.steps.iter().map(|step| sign(&step.action).0);
        steps.filter(|sign| *sign == wanted).count()
    };
    match plan.steps.len() {
        0 => "nothing to do: everything is as the manifests say".to_owned(),
        steps => format!(
            "{steps} step{}: {} to add, {} to change, {} to take away",
            if steps == 1 { "" } else { "s" },
            count("+"),
            count("~"),
            count("-")
        ),
    }
}

/// What is against what is asked for, attribute by attribute, without order and consequences.
pub(crate) fn differences(plan: &Plan) -> String {
    let mut text = String::new();
    for Step { action, .. } in &plan.steps {
        let (_, style) = sign(action);
        line(&mut text, "", style, "@", &action.to_string());
        for Change {
            field,
            before,
            after,
        } in action.changes()
        {
            if !before.is_null() {
                line(&mut text, "", TAKEN, "-", &format!("{field}: {before}"));
            }
            line(&mut text, "", ADDED, "+", &format!("{field}: {after}"));
        }
        for (field, value) in made(action) {
            line(&mut text, "", ADDED, "+", &format!("{field}: {value}"));
        }
    }
    if text.is_empty() {
        text.push_str("no difference");
    }
    text.truncate(text.trim_end().len());
    text
}

/// Attributes of what is made.
fn made(action: &Action) -> Vec<(String, Value)> {
    let body = match action {
        Action::CreateScope { body, .. } => serde_json::to_value(body),
        Action::CreateClient { body, .. } => serde_json::to_value(body),
        _ => return Vec::new(),
    };
    match body {
        Ok(Value::Object(members)) => members
            .into_iter()
            .filter(|(name, _)| name != "name")
            .collect(),
        _ => Vec::new(),
    }
}

fn sign(action: &Action) -> (&'static str, Style) {
    match action {
        Action::CreateScope { .. }
        | Action::GrantAccess { .. }
        | Action::RegrantAccess { .. }
        | Action::CreateClient { .. } => ("+", ADDED),
        Action::DeactivateScope { .. }
        | Action::WithdrawAccess { .. }
        | Action::DeactivateClient { .. } => ("-", TAKEN),
        Action::UpdateScope { .. }
        | Action::AdoptScope { .. }
        | Action::ReactivateScope { .. }
        | Action::AdoptClient { .. }
        | Action::UpdateClient { .. }
        | Action::ReplaceKeys { .. } => ("~", CHANGED),
    }
}

fn line(text: &mut String, indent: &str, style: Style, sign: &str, what: &str) {
    let gap = if sign.is_empty() { "" } else { " " };
    // Writing to a `String` does not fail.
    let _ = writeln!(
        text,
        "{indent}{style}{sign}{gap}{}{style:#}",
        printable(what)
    );
}

/// Names and descriptions of others are shown without what a terminal would obey.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

fn brief(value: &Value) -> String {
    match value {
        Value::Null => "unset".to_owned(),
        other => other.to_string(),
    }
}
