use proptest::prelude::*;
use serde_json::json;

use super::*;

fn parse(text: &str) -> Result<Value, JsonObjectError> {
    parse_json_object(text.as_bytes()).map(Value::Object)
}

#[test]
fn reads_an_object_as_serde_json_does() {
    let text = r#" {"a":[1,-2,3.5,true,null,"x\u00e6"],"b":{"c":{}}, "n":9223372036854775808} "#;
    assert_eq!(parse(text), Ok(serde_json::from_str(text).unwrap()));
}

#[test]
fn refuses_duplicates_at_every_depth() {
    for text in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"o":{"a":1,"a":2}}"#,
        r#"{"o":[{"a":null,"a":null}]}"#,
    ] {
        assert_eq!(parse(text), Err(JsonObjectError::DuplicateMember), "{text}");
    }
    assert_eq!(parse(r#"{"a":{"a":1}}"#), Ok(json!({"a": {"a": 1}})));
}

#[test]
fn refuses_what_is_not_an_object() {
    for text in ["[]", "[{}]", "null", "1", "\"x\"", "true"] {
        assert_eq!(parse(text), Err(JsonObjectError::NotAnObject), "{text}");
    }
}

#[test]
fn refuses_what_is_not_json() {
    for text in [
        "",
        " ",
        "{",
        "{}{}",
        "{} x",
        "{'a':1}",
        "{a:1}",
        r#"{"a":1,}"#,
        r#"{"a":NaN}"#,
        r#"{"a":1e400}"#,
        r#"{"a":01}"#,
        r#"{"a":"\ud800"}"#,
        "{\"a\":\"\u{1}\"}",
        "\u{feff}{}",
    ] {
        assert_eq!(parse(text), Err(JsonObjectError::NotJson), "{text}");
    }
    assert_eq!(
        parse_json_object(b"{\"a\":\"\xff\"}"),
        Err(JsonObjectError::NotJson)
    );
}

#[test]
fn bounds_the_depth() {
    let nested = |depth: usize| {
        format!(
            "{{\"a\":{}{}}}",
            "[".repeat(depth - 1),
            "]".repeat(depth - 1)
        )
    };
    let limit = usize::from(MAX_JSON_DEPTH);
    assert!(parse(&nested(limit)).is_ok());
    assert_eq!(parse(&nested(limit + 1)), Err(JsonObjectError::TooDeep));
    assert_eq!(parse(&nested(30_000)), Err(JsonObjectError::TooDeep));
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        let _ = parse_json_object(&bytes);
    }
}
