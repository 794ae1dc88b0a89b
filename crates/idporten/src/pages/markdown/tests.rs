use std::fmt::Write as _;

use super::*;

/// What a text is parsed to, in a notation that is not HTML either.
fn parsed(text: &str) -> String {
    let mut shown = String::new();
    for paragraph in Markdown::parse(text, Plain::Refused).paragraphs {
        for run in paragraph {
            let style = match run.style {
                Style {
                    bold: false,
                    italic: false,
                } => "",
                Style {
                    bold: true,
                    italic: false,
                } => "B",
                Style {
                    bold: false,
                    italic: true,
                } => "I",
                Style {
                    bold: true,
                    italic: true,
                } => "BI",
            };
            let link = run.link.map(|link| format!("@{link}")).unwrap_or_default();
            let _ = write!(shown, "{style}({}{link})", run.text);
        }
        shown.push('\n');
    }
    shown.trim_end().to_owned()
}

#[test]
fn the_subset_is_shown() {
    assert_eq!(
        parsed("vanlig **fet** og *kursiv*"),
        "(vanlig )B(fet)( og )I(kursiv)"
    );
    assert_eq!(parsed("**fet *begge* fet**"), "B(fet )BI(begge)B( fet)");
    assert_eq!(parsed("ett\nto\n\n\n tre "), "(ett to)\n(tre)");
    assert_eq!(
        parsed("Les [vilkårene](https://eksempel.no/vilkår?a=1&b=2)."),
        "(Les )(vilkårene@https://eksempel.no/vilk%C3%A5r?a=1&b=2)(.)"
    );
}

#[test]
fn everything_else_is_text() {
    for text in [
        "# ingen overskrift",
        "<b>ingen HTML</b><script>alert(1)</script>",
        "`kode` og ~~strek~~",
        "2 * 3 * 4",
        "a ** b",
        "**uten slutt",
        "*uten slutt",
        "****",
        "[uten adresse]",
        "[](https://eksempel.no/)",
        "[a](https://eksempel.no/",
        "https://eksempel.no/",
        "&lt;script&gt;",
    ] {
        assert_eq!(parsed(text), format!("({text})"));
    }
}

#[test]
fn a_link_that_could_run_or_mislead_is_text() {
    for text in [
        "[a](javascript:alert(1)",
        "[a](JAVASCRIPT:alert%281%29)",
        "[a](java\tscript:alert)",
        "[a](data:text/html,x)",
        "[a](vbscript:x)",
        "[a](//ond.example)",
        "[a](/logout)",
        "[a](http://eksempel.no/)",
        "[a](https://nav.no@ond.example/)",
        "[a](https://eksempel.no/ \"tittel\")",
    ] {
        let parsed = Markdown::parse(text, Plain::Refused);
        let mut runs = parsed.paragraphs.iter().flatten();
        assert!(runs.all(|run| run.link.is_none()), "{text}");
    }
    let plain = Markdown::parse("[a](http://eksempel.no/)", Plain::Allowed);
    assert!(plain.paragraphs[0][0].link.is_some());
}

#[test]
fn characters_that_turn_the_direction_of_writing_are_gone() {
    assert_eq!(parsed("a\u{202E}b\u{2066}c\u{0}"), "(abc)");
}

#[test]
fn whatever_is_written_ends_soon() {
    for text in ["*", "**", "[", "[a](", "*a", "**a*", "](", "\n\n", "**a** "] {
        let parsed = Markdown::parse(&text.repeat(100_000), Plain::Refused);
        let characters = parsed
            .paragraphs
            .iter()
            .flatten()
            .map(|run| run.text.chars().count());
        assert!(characters.sum::<usize>() <= MAX_CHARACTERS);
    }
}
