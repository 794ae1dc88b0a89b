//! An explanation for people.

use serde_json::Value;

/// One line for each check; below a failed one, what was compared and what helps. Without proof
/// there is what the token endpoint says; with an owner's there are its scopes.
pub(super) fn describe(explanation: &Value) -> String {
    let mut lines: Vec<_> = elements(&explanation["checks"]).flat_map(check).collect();
    if lines.is_empty() {
        lines.extend(refusal(&explanation["refusal"]));
    }
    lines.extend(elements(&explanation["owner"]["scopes"]).map(|scope| {
        let owner = &explanation["owner"];
        owned(scope, text(owner, "accessing_orgno"))
    }));
    let outcome = if explanation["outcome"] == "issued" {
        "a token would be issued"
    } else {
        "refused"
    };
    let decided_at = text(explanation, "decided_at");
    lines.push(format!("decided at {decided_at}: {outcome}"));
    if elements(&explanation["proof"]).next().is_none() {
        lines.push(
            "the client's side is shown for a grant that is signed with its key (--client), or \
             with --token"
                .to_owned(),
        );
    }
    lines.join("\n")
}

/// The checks that failed.
pub(super) fn failures(explanation: &Value) -> impl Iterator<Item = &Value> {
    elements(&explanation["checks"]).filter(|check| check["result"] == "failed")
}

/// A member's text; empty without one.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn elements(array: &Value) -> impl Iterator<Item = &Value> {
    array.as_array().into_iter().flatten()
}

fn check(check: &Value) -> Vec<String> {
    let mark = match check["result"].as_str() {
        Some("passed") => "✓",
        Some("failed") => "✗",
        _ => "·",
    };
    let mut lines = vec![format!("{mark} {}", text(check, "title"))];
    if mark == "✗" {
        lines.push(said(check, text(check, "compared")));
        lines.push(format!("    next: {}", text(check, "next_step")));
    }
    lines
}

fn refusal(refusal: &Value) -> Vec<String> {
    if refusal.is_null() {
        return Vec::new();
    }
    vec![
        format!("✗ {}", text(refusal, "refusal")),
        said(refusal, text(refusal, "error_description")),
        format!("    next: {}", text(refusal, "next_step")),
    ]
}

fn said(refusal: &Value, words: &str) -> String {
    let code = refusal["mp_code"].as_str();
    let code = code.map(|code| format!(" {code}")).unwrap_or_default();
    format!("    {}{code}: {words}", text(refusal, "error"))
}

fn owned(scope: &Value, accessing: &str) -> String {
    let state = if scope["active"] == true {
        "active"
    } else {
        "deactivated"
    };
    let access = match scope["access"].as_str() {
        _ if scope["accessible_for_all"] == true => "open to everybody".to_owned(),
        Some(access) => format!("access of {accessing} is {access}"),
        None => format!("{accessing} was never granted access"),
    };
    let delegated = match scope["delegated"].as_bool() {
        Some(true) => "; delegated",
        Some(false) => "; not delegated",
        None => "",
    };
    format!("{}: {state}; {access}{delegated}", text(scope, "scope"))
}
