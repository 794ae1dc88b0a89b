//! From `texts/*.json` to one Rust function for each text, so that the compiler finds a key that is
//! missing, a key that no page uses, and a placeholder that nobody fills.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The files, in the order in which the generated code lists their texts. The first is the one that
/// the others fall back to.
pub(crate) const LANGUAGES: [&str; 4] = ["nb", "nn", "en", "se"];

type Texts = BTreeMap<String, String>;

/// The code for files with these contents, in the order of [`LANGUAGES`].
pub(crate) fn generate(sources: &[String]) -> Result<String, String> {
    let mut files = Vec::new();
    for (language, source) in LANGUAGES.iter().zip(sources) {
        let texts: Texts = serde_json::from_str(source)
            .map_err(|error| format!("texts/{language}.json: {error}"))?;
        files.push(texts);
    }
    let [default, others @ ..] = files.as_slice() else {
        return Err("there are no texts".to_owned());
    };
    for (language, texts) in LANGUAGES.iter().skip(1).zip(others) {
        if let Some(key) = texts.keys().find(|key| !default.contains_key(*key)) {
            return Err(format!("texts/{language}.json: {key} is not in nb.json"));
        }
    }
    let mut code = "impl Texts {\n".to_owned();
    for key in default.keys() {
        code += &function(key, &files)?;
    }
    code += "}\n";
    Ok(code)
}

/// The function for one key, which has one text for each language.
fn function(key: &str, files: &[Texts]) -> Result<String, String> {
    let default = &files[0][key];
    let placeholder = parts(default).map(|parts| parts.placeholder);
    let placeholder = placeholder.map_err(|error| format!("texts/nb.json: {key} {error}"))?;
    let mut choices = String::new();
    for (language, texts) in LANGUAGES.iter().zip(files) {
        let text = texts.get(key).unwrap_or(default);
        let fault = |error: &str| format!("texts/{language}.json: {key} {error}");
        let parts = parts(text).map_err(|error| fault(&error))?;
        if parts.placeholder != placeholder {
            return Err(fault("has not the placeholder of nb.json"));
        }
        let choice = match placeholder {
            None => format!("{text:?}"),
            Some(_) => format!("&[{}]", parts.code()),
        };
        let _ = writeln!(choices, "            {choice},");
    }
    let name = key.replace('.', "_");
    Ok(match placeholder {
        None => format!(
            "    pub(crate) fn {name}(self) -> &'static str {{\n        \
             self.choose([\n{choices}        ])\n    }}\n"
        ),
        Some(value) => format!(
            "    pub(crate) fn {name}(self, {value}: &str) -> Message<'_> {{\n        \
             Message::new(self.choose::<&'static [Part]>([\n{choices}        ]), {value})\n    }}\n"
        ),
    })
}

/// A text such as `You are logging in to {service}`, in parts.
struct Parts<'a> {
    before: &'a str,
    /// The name between the braces, if there is a placeholder.
    placeholder: Option<&'a str>,
    after: &'a str,
}

fn parts(text: &str) -> Result<Parts<'_>, String> {
    let (before, placeholder, after) = match text.split_once('{') {
        None => (text, None, ""),
        Some((before, rest)) => {
            let (name, after) = rest.split_once('}').unwrap_or_default();
            (before, Some(name), after)
        }
    };
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase());
    if !placeholder.is_none_or(is_name) || [before, after].concat().contains(['{', '}']) {
        return Err(format!(
            "has a brace that is not of its one {{placeholder}}: {text:?}"
        ));
    }
    Ok(Parts {
        before,
        placeholder,
        after,
    })
}

impl Parts<'_> {
    fn code(&self) -> String {
        let literal = |text: &str| match text {
            "" => String::new(),
            text => format!("Part::Literal({text:?}), "),
        };
        let (before, after) = (literal(self.before), literal(self.after));
        format!("{before}Part::Placeholder, {after}")
    }
}
