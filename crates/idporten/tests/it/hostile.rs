//! Texts of others that try to be more than text.

use portvakt_idporten::pages::{Language, Page};
use proptest::prelude::*;

use crate::samples::{Given, Hosts, pages};

const HOSTS: Hosts<'static> = Hosts {
    service: "https://havbris.eksempel.no",
};

/// Each ends what it stands in, where it is not escaped: a text, an attribute, a title, a comment, an
/// address, a script.
pub(crate) const PAYLOADS: [&str; 18] = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>",
    "' onfocus='alert(1)' autofocus='",
    "\" onfocus=\"alert(1)\" autofocus=\"",
    "</title><script>alert(1)</script>",
    "</textarea></select></option><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "]]><script>alert(1)</script>",
    "{{7*7}}{% include \"/etc/passwd\" %}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#x3C;script&#x3E;",
    "javascript:alert(1)",
    "[a](javascript:alert(1))",
    "[a](https://eksempel.no/\"onmouseover=\"alert(1))",
    "[<img src=x onerror=alert(1)>](https://eksempel.no/)",
    "**<b onclick=alert(1)>**",
    "<a href=\"https://ond.example\" target=_top>",
];

fn pages_with(text: &str) -> Vec<(String, Page)> {
    pages(&Given::everywhere(text), Language::Bokmal, HOSTS)
}

/// How many characters there are that mean something in HTML.
fn markup(html: &str) -> [usize; 4] {
    ['<', '>', '"', '\''].map(|character| html.matches(character).count())
}

#[test]
fn no_text_adds_markup_to_a_page() {
    let harmless = pages_with("tekst");
    for payload in PAYLOADS {
        for ((name, page), (_, expected)) in pages_with(payload).iter().zip(&harmless) {
            // The two descriptions of links become links, with markup of ours.
            if name == "consent" && payload.contains("](https:") {
                continue;
            }
            if name == "consent" && payload.starts_with("**") {
                continue;
            }
            assert_eq!(
                markup(&page.html),
                markup(&expected.html),
                "{name} with {payload}"
            );
            assert_eq!(page.headers, expected.headers, "{name} with {payload}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_text_that_anybody_thinks_of_adds_markup(
        text in "([<>\"'&;/=a{}%*(): \u{0}\u{A0}\u{202E}\u{430}]|\\PC){0,40}"
    ) {
        let given = Given {
            // Markdown is markup.
            scope_long: String::new(),
            ..Given::everywhere(&text)
        };
        let harmless = Given {
            scope_long: String::new(),
            ..Given::everywhere("tekst")
        };
        let expected = pages(&harmless, Language::Bokmal, HOSTS);
        for ((name, page), (_, expected)) in pages(&given, Language::Bokmal, HOSTS).iter().zip(&expected) {
            prop_assert_eq!(markup(&page.html), markup(&expected.html), "{} with {:?}", name, text);
        }
    }
}

#[test]
fn a_description_adds_nothing_but_its_markdown() {
    let consent = |text| {
        let pages = pages_with(text);
        let page = pages.into_iter().find(|(name, _)| name == "consent");
        page.unwrap().1.html
    };
    let link = consent("[<img src=x onerror=alert(1)>](https://eksempel.no/)");
    assert!(
        link.contains("rel=\"noopener noreferrer\">&#60;img src=x onerror=alert(1)&#62; <span")
    );
    let link = consent("[a](https://eksempel.no/\"onmouseover=\"alert(1))");
    assert!(link.contains("href=\"https://eksempel.no/%22onmouseover=%22alert(1\""));
    let bold = consent("**<b onclick=alert(1)>**");
    assert!(bold.contains("<strong>&#60;b onclick=alert(1)&#62;</strong>"));
    for html in [link, bold] {
        assert!(!html.contains("<img src=x") && !html.contains("<b "));
    }
}

#[test]
fn no_text_becomes_an_address() {
    for (name, page) in pages_with("javascript:alert(1)") {
        for attribute in ["href=\"", "src=\"", "action=\"", "content=\"", "url="] {
            for value in page.html.split(attribute).skip(1) {
                assert!(!value.starts_with("javascript:"), "{name}: {attribute}");
            }
        }
    }
}

#[test]
fn names_turn_no_direction_and_play_no_other_script() {
    let tricks = "Skаtte\u{202E}etaten\u{200B}";
    for (name, page) in pages_with(tricks) {
        // What a person typed is given back as it was typed, in the field that it was typed into.
        let shown = page.html.replace(&format!("value=\"{tricks}\""), "");
        let shown = shown.replace(&format!("({tricks})"), "");
        let shown = shown.replace(&format!("<bdi>{tricks}</bdi>"), "");
        let shown = shown.replace(&format!("<code>{tricks}</code>"), "");
        assert!(
            !shown.contains('\u{202E}') && !shown.contains('\u{200B}'),
            "{name}:\n{shown}"
        );
        assert!(page.html.contains("Sk\u{FFFD}tteetaten"), "{name}");
    }
}

#[test]
fn a_name_is_apart_from_the_words_around_it() {
    for (name, page) in pages_with("مكتب الخدمات") {
        for text in page.html.split("مكتب الخدمات").skip(1) {
            let apart = [
                "</bdi>", "\"", "</title>", " (", ")", "</code>", "</p>", "</h1>",
            ];
            assert!(
                apart.iter().any(|end| text.starts_with(end)),
                "{name}: {}",
                &text[..40]
            );
        }
    }
}

#[test]
fn templates_escape_everything() {
    let templates = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/templates")).unwrap();
    let mut count = 0;
    for template in templates {
        let text = std::fs::read_to_string(template.unwrap().path()).unwrap();
        assert!(
            !text.contains("|safe") && !text.contains("| safe"),
            "{text}"
        );
        assert!(
            !text.contains("autoescape") && !text.contains("{% filter"),
            "{text}"
        );
        count += 1;
    }
    assert!(count > 10);
}
