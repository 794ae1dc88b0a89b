//! The texts, and the build script that holds them to their rules.

use std::collections::BTreeMap;

#[path = "../../build/texts.rs"]
mod build;

fn sources(nb: &str, nn: &str) -> Vec<String> {
    [nb, nn, "{}", "{}"].map(str::to_owned).to_vec()
}

#[test]
fn every_text_is_there_in_every_language() {
    // A page does not mark a text that fell back to Bokmål, so none of ours may.
    let texts = build::LANGUAGES.map(|language| {
        let path = format!("{}/texts/{language}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        serde_json::from_str::<BTreeMap<String, String>>(&text).unwrap()
    });
    for (language, others) in build::LANGUAGES.iter().zip(&texts) {
        assert!(others.keys().eq(texts[0].keys()), "{language}");
        for (key, text) in others {
            assert_eq!(text.trim(), text, "{language}: {key}");
            assert!(!text.is_empty(), "{language}: {key}");
        }
    }
}

#[test]
fn a_missing_text_falls_back_to_bokmal() {
    let code = build::generate(&sources(r#"{"a.b": "Språk"}"#, r#"{"a.b": "Mål"}"#)).unwrap();
    assert!(code.contains("fn a_b(self)"), "{code}");
    assert_eq!(code.matches("\"Språk\"").count(), 3, "{code}");
    assert_eq!(code.matches("\"Mål\"").count(), 1, "{code}");
}

#[track_caller]
fn check_refused(nb: &str, nn: &str, message: &str) {
    let error = build::generate(&sources(nb, nn)).expect_err(message);
    assert!(error.contains(message), "{error}");
}

#[test]
fn an_unknown_key_or_a_wrong_placeholder_stops_the_build() {
    check_refused("{}", r#"{"a": "x"}"#, "texts/nn.json: a is not in nb.json");
    check_refused(
        r#"{"a": "Hos {service}"}"#,
        r#"{"a": "Hos {servise}"}"#,
        "texts/nn.json: a has not the placeholder",
    );
    check_refused(
        r#"{"a": "Hos {service}"}"#,
        r#"{"a": "Hos"}"#,
        "texts/nn.json: a has not",
    );
    check_refused(
        r#"{"a": "{"}"#,
        "{}",
        "a brace that is not of its one {placeholder}",
    );
    check_refused(
        r#"{"a": "}"}"#,
        "{}",
        "a brace that is not of its one {placeholder}",
    );
    check_refused(
        r#"{"a": "{Service}"}"#,
        "{}",
        "a brace that is not of its one {placeholder}",
    );
    check_refused(
        r#"{"a": "{b} {c}"}"#,
        "{}",
        "a brace that is not of its one {placeholder}",
    );
    check_refused("[]", "{}", "texts/nb.json");
}
