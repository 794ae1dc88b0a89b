//! The names of countries in the languages of the pages, from the Unicode Common Locale Data
//! Repository.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::texts::LANGUAGES;

/// A table of two-letter codes, in their order, with the names in the order of the languages.
pub(crate) fn generate(packages: &Path) -> Result<String, String> {
    let mut files = Vec::new();
    for language in LANGUAGES {
        files.push(names(packages, language)?);
    }
    let default = &files[0];
    let mut code = "static COUNTRIES: &[([u8; 2], [&str; 4])] = &[\n".to_owned();
    for (country, name) in default {
        let names = files.iter().map(|names| names.get(country).unwrap_or(name));
        let names: Vec<_> = names.map(|name| format!("{name:?}")).collect();
        let _ = writeln!(code, "    (*b{country:?}, [{}]),", names.join(", "));
    }
    code += "];\n";
    Ok(code)
}

fn names(packages: &Path, language: &str) -> Result<BTreeMap<String, String>, String> {
    let file = packages.join(format!(
        "cldr-localenames-full/main/{language}/territories.json"
    ));
    let fault = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = fs::read(&file).map_err(|error| fault(&error))?;
    let json: Value = serde_json::from_slice(&text).map_err(|error| fault(&error))?;
    let names = &json["main"][language]["localeDisplayNames"]["territories"];
    let names = names
        .as_object()
        .ok_or_else(|| fault(&"has no territories"))?;
    let is_country =
        |code: &str| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    Ok(names
        .iter()
        .filter(|(code, _)| is_country(code))
        .filter_map(|(code, name)| Some((code.clone(), name.as_str()?.to_owned())))
        .collect())
}
