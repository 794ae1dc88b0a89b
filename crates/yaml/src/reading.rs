//! Reading a text within bounds.

use serde_saphyr::{DuplicateKeyPolicy, Error, Options};

use crate::{Fault, Place};

/// What a text may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Longest text, in bytes. The caller refuses a longer one before it is read.
    pub bytes: usize,
    /// Values within values.
    pub depth: usize,
    /// Values.
    pub nodes: usize,
    /// Events that aliases may unfold to. Anchors may save some typing; what they unfold to stays
    /// small.
    pub replayed: usize,
    /// Documents in one text.
    pub documents: usize,
}

impl Bounds {
    /// How the parser is told.
    pub fn options(self, duplicate_keys: DuplicateKeyPolicy) -> Options {
        serde_saphyr::options! {
            budget: serde_saphyr::budget! {
                max_depth: self.depth,
                max_events: 2 * self.nodes,
                max_nodes: self.nodes,
                max_documents: self.documents,
                max_anchors: 1000,
                max_aliases: 10_000,
                max_total_scalar_bytes: self.bytes,
            },
            alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: self.replayed },
            duplicate_keys: duplicate_keys,
            // The text around a fault may hold a secret.
            with_snippet: false,
            // What begins with a zero is an identifier, not a number.
            leading_zero_numbers_as_strings: true,
        }
    }
}

/// Why a text is neither YAML nor JSON, at the line where it stops to be.
pub fn unreadable(error: &Error, place: &Place) -> Fault {
    let mut place = place.clone();
    if let Some(location) = error.location() {
        (place.line, place.column) = (location.line(), location.column());
    }
    let text = error.without_snippet().to_string();
    let message = text.lines().next().unwrap_or_default().to_owned();
    place.fault(format!("is not readable as YAML or JSON: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Content, Node};

    const BOUNDS: Bounds = Bounds {
        bytes: 1000,
        depth: 4,
        nodes: 50,
        replayed: 20,
        documents: 1,
    };

    fn read(text: &str) -> Result<Node, Error> {
        let options = BOUNDS.options(DuplicateKeyPolicy::Error);
        serde_saphyr::from_str_with_options(text, options)
    }

    #[test]
    fn values_know_where_they_stand() {
        let node = read("a: 1\nb:\n  - 007\n").unwrap();
        let Content::Mapping(members) = &node.content else {
            panic!("{node:?}");
        };
        let Content::List(elements) = &members[1].1.content else {
            panic!("{members:?}");
        };
        let place = Place::of_file("f").at("b").at("[0]").of_node(&elements[0]);
        assert_eq!(place.to_string(), "f:3:5: b[0]");
        assert_eq!(elements[0].as_text(), Some("007"));
    }

    #[test]
    fn what_costs_too_much_is_refused() {
        for text in [
            "[[[[[1]]]]]".to_owned(),
            format!("[{}]", "1,".repeat(60)),
            format!("a: &a [1,2,3,4]\nb: [{}]", "*a,".repeat(20)),
            "a: 1\n---\nb: 2".to_owned(),
            "a: 1\na: 2".to_owned(),
        ] {
            assert!(read(&text).is_err(), "{text}");
        }
    }

    /// Nothing else reads JSON: what is refused as YAML must not be let through as JSON.
    #[test]
    fn json_is_read_as_the_yaml_that_it_is() {
        let text = "{\"a\"\n:\t[null,true,-1,1.5e3,\"007\",\n\t{\"b\":\"\\ud83d\\ude00 \\/\\u007f\"}\n]\n}\n";
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(read(text).unwrap().to_json(), json);
        for text in [
            "{\"a\":[[[[1]]]]}".to_owned(),
            format!("{{\"a\":[{}1]}}", "1,".repeat(60)),
            "{\"a\":1,\n\t\"a\":2}".to_owned(),
        ] {
            assert!(read(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_error_names_the_line_and_repeats_nothing() {
        let error = read("a: 1\nb: \"hemmelig\n").unwrap_err();
        let fault = unreadable(&error, &Place::of_file("f")).to_string();
        assert!(
            fault.starts_with("f:") && !fault.contains("hemmelig"),
            "{fault}"
        );
    }
}
