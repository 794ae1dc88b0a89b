//! Schemas: what a value must be, in words.

use serde_json::{Map, Value};

use super::html::Html;

/// Where a schema is described on the page.
pub(super) fn anchor(name: &str) -> String {
    format!("schema-{name}")
}

/// The last part of a reference.
pub(super) fn name_of(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or_default()
}

/// A link to a schema.
pub(super) fn link(html: &mut Html, reference: &str) {
    let name = name_of(reference);
    html.link(&format!("#{}", anchor(name)), name);
}

/// The schemas, each with its members.
pub(super) fn section(html: &mut Html, schemas: &Map<String, Value>) {
    html.element("section", &[("aria-labelledby", "schemas")], |html| {
        html.element("h2", &[("id", "schemas")], |html| html.text("Bodies"));
        for (name, schema) in schemas {
            html.element("h3", &[("id", &anchor(name))], |html| {
                html.line("code", name);
            });
            if let Some(text) = schema["description"].as_str() {
                html.element("p", &[], |html| html.prose(text));
            }
            members(html, schema);
        }
    });
}

fn members(html: &mut Html, schema: &Value) {
    let headings = ["Member", "Type", "Required", "Rules", "Meaning"];
    html.table(&headings, |html| {
        rows(html, schema, "");
        if schema["additionalProperties"].is_object() {
            row(html, "any other", &schema["additionalProperties"], false);
        }
    });
}

/// A row for each member; those of objects within are named after the way to them.
fn rows(html: &mut Html, schema: &Value, way: &str) {
    let required = schema["required"].as_array();
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let is_required = required.is_some_and(|names| names.contains(&name.as_str().into()));
        let name = format!("{way}{name}");
        row(html, &name, member, is_required);
        rows(html, member, &format!("{name}."));
        rows(html, &member["items"], &format!("{name}[]."));
    }
}

fn row(html: &mut Html, name: &str, member: &Value, is_required: bool) {
    html.element("tr", &[], |html| {
        html.element("th", &[("scope", "row")], |html| html.line("code", name));
        html.element("td", &[], |html| kind(html, member));
        required(html, is_required);
        html.element("td", &[], |html| rules(html, member));
        html.element("td", &[], |html| {
            html.prose(member["description"].as_str().unwrap_or_default());
        });
    });
}

/// The cell that says whether a value must be there.
pub(super) fn required(html: &mut Html, is_required: bool) {
    html.line("td", if is_required { "yes" } else { "" });
}

/// What kind of value it is.
pub(super) fn kind(html: &mut Html, schema: &Value) {
    if let Some(reference) = schema["$ref"].as_str() {
        return link(html, reference);
    }
    if let Some(alternatives) = schema["oneOf"].as_array() {
        for (position, alternative) in alternatives.iter().enumerate() {
            html.text(if position > 0 { " or " } else { "" });
            kind(html, alternative);
        }
        return;
    }
    html.text(&types(&schema["type"]).join(" or "));
    if schema["items"].is_object() {
        html.text(" of ");
        kind(html, &schema["items"]);
    }
}

fn types(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        Value::String(one) => vec![one],
        _ => vec!["any"],
    }
}

/// What else must hold of it.
pub(super) fn rules(html: &mut Html, schema: &Value) {
    const RULES: [(&str, &str); 8] = [
        ("format", "format"),
        ("minimum", "at least"),
        ("maximum", "at most"),
        ("minLength", "characters at least"),
        ("maxLength", "characters at most"),
        ("minItems", "elements at least"),
        ("maxItems", "elements at most"),
        ("pattern", "matches"),
    ];
    let mut separator = "";
    for (keyword, words) in RULES {
        let value = &schema[keyword];
        if value.is_null() {
            continue;
        }
        html.text(&format!("{separator}{words} "));
        html.line("code", &plain(value));
        separator = ", ";
    }
    if let Some(values) = schema["enum"].as_array() {
        html.text(&format!("{separator}one of "));
        for value in values {
            html.line("code", &plain(value));
            html.text(" ");
        }
    }
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
