//! The reference of every key, made from what the sections say of themselves.

use std::fmt::Write;

use serde_json::Value;
use utoipa::PartialSchema;

use super::Config;

const INTRODUCTION: &str = "\
# Configuration

`portvakt serve --config portvakt.yaml` reads one file in YAML. Every key has a default unless it says that it is required; a key that is
not in the tables below is refused. `portvakt config check` says what is wrong with a file, and `portvakt config show` what is in force.

An environment variable takes precedence over the file: `PORTVAKT__DATABASE__URL` is `database.url`, with two underscores between the
parts of a key. Numbers, `true`, `false` and lists are written as in JSON; everything else is text (a text of digits in JSON's quotation
marks: `PORTVAKT__OPERATOR__ORGNO='\"889640782\"'`).

A server for one machine, behind a proxy that ends TLS:

```yaml
database: {url: \"sqlite:/var/lib/portvakt/portvakt.db\"}
maskinporten: {issuer: \"https://maskinporten.example.no/\"}
selfservice: {base_urls: [\"https://api.example.no/api/v1\"]}
keys: {encryption_key_file: /etc/portvakt/encryption.key}
```
";

/// The page, whose committed copy a test compares with this.
pub(crate) fn markdown() -> String {
    // A schema is plain data with string keys.
    let schema = serde_json::to_value(Config::schema()).unwrap_or_default();
    let defaults = serde_json::to_value(Config::default()).unwrap_or_default();
    let mut page = INTRODUCTION.to_owned();
    for (name, section) in members(&schema) {
        let mut rows = Vec::new();
        keys(name, section, &defaults[name], &mut rows);
        // Writing to a string cannot fail.
        let _ = write!(page, "\n## {name}\n\n{}\n\n", description(section));
        let _ = writeln!(
            page,
            "| key | type | default | meaning |\n| --- | --- | --- | --- |"
        );
        for row in rows {
            let _ = writeln!(page, "{row}");
        }
    }
    page
}

fn keys(path: &str, section: &Value, defaults: &Value, rows: &mut Vec<String>) {
    for (name, key) in members(section) {
        let path = format!("{path}.{name}");
        if members(key).next().is_some() {
            keys(&path, key, &defaults[name], rows);
            continue;
        }
        let default = match &defaults[name] {
            Value::Null => "none".to_owned(),
            value => format!("`{value}`"),
        };
        let meaning = description(key);
        rows.push(format!(
            "| `{path}` | {} | {default} | {meaning} |",
            kind(key)
        ));
    }
}

/// The schema itself, where a field adds nothing but words to it.
fn own(schema: &Value) -> &Value {
    schema["allOf"].get(0).unwrap_or(schema)
}

/// What a field says, or else its type.
fn description(schema: &Value) -> String {
    let parts = schema["allOf"].as_array().into_iter().flatten().rev();
    let texts = std::iter::once(schema).chain(parts);
    let mut texts = texts.filter_map(|part| part["description"].as_str());
    texts.next().unwrap_or_default().replace('\n', " ")
}

fn members(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    own(schema)["properties"].as_object().into_iter().flatten()
}

/// The type in a word, or the words that are allowed.
fn kind(key: &Value) -> String {
    let key = own(key);
    if let Some(words) = key["enum"].as_array() {
        let words = words.iter().filter_map(Value::as_str);
        return words
            .map(|word| format!("`{word}`"))
            .collect::<Vec<_>>()
            .join(", ");
    }
    let name = match &key["type"] {
        Value::Array(names) => names
            .iter()
            .find_map(|name| name.as_str().filter(|n| *n != "null")),
        name => name.as_str(),
    };
    match name {
        Some("array") => format!("list of {}", kind(&key["items"])),
        Some("integer") => "number".to_owned(),
        Some("string") => "text".to_owned(),
        Some(name) => name.to_owned(),
        None => String::new(),
    }
}
