use proptest::prelude::*;

use super::*;

#[test]
fn the_first_colon_separates_prefix_and_subscope() {
    let scope = ScopeName::parse("nav:arbeid:some.scope.read").unwrap();
    assert_eq!(scope.prefix(), Some("nav"));
    assert_eq!(scope.subscope(), "arbeid:some.scope.read");
    assert_eq!(scope.access_level(), AccessLevel::Read);
}

#[test]
fn live_forms_of_subscopes_are_accepted() {
    for text in [
        "nav:arbeid/some/scope.read",
        "difi:api3",
        "fjord:delt.bøtte",
        "889640782:x",
        "skatteetaten:a-b_c.d/e:f",
        "ks:Æ",
    ] {
        assert_eq!(ScopeName::parse(text).unwrap().as_str(), text);
    }
}

#[test]
fn what_is_outside_the_grammar_is_refused() {
    for (text, expected) in [
        ("", InvalidScope::EmptySubscope),
        (":x", InvalidScope::EmptyPrefix),
        ("nav:", InvalidScope::EmptySubscope),
        ("nav", InvalidScope::NoPrefix("nav".to_owned())),
        ("Nav:x", InvalidScope::Prefix("Nav".to_owned())),
        ("-nav:x", InvalidScope::Prefix("-nav".to_owned())),
        ("nav:a b", InvalidScope::Character(' ')),
        ("nav:a\"b", InvalidScope::Character('"')),
        ("nav:a\\b", InvalidScope::Character('\\')),
        ("nav:a\u{0}b", InvalidScope::Character('\0')),
        ("nav:é", InvalidScope::Character('é')),
    ] {
        assert_eq!(ScopeName::parse(text), Err(expected), "{text:?}");
    }
}

#[test]
fn a_prefix_has_at_most_64_characters_and_a_scope_255() {
    assert!(Prefix::parse(&"a".repeat(64)).is_ok());
    assert!(Prefix::parse(&"a".repeat(65)).is_err());
    assert!(ScopeName::parse(&format!("nav:{}", "ø".repeat(251))).is_ok());
    assert_eq!(
        ScopeName::parse(&format!("nav:{}", "ø".repeat(252))),
        Err(InvalidScope::TooLong)
    );
}

#[test]
fn reserved_names_need_no_colon_and_no_other_name_goes_without() {
    for reserved in RESERVED_SCOPES {
        assert!(ScopeName::parse(reserved.name).is_ok(), "{}", reserved.name);
    }
    assert!(ScopeName::parse("openid2").is_err());
    assert_eq!(ScopeName::parse("openid").unwrap().prefix(), None);
}

proptest! {
    #[test]
    fn every_name_of_the_grammar_is_read_back_unchanged(
        prefix in "[a-zæøå0-9][a-zæøå0-9._-]{0,63}",
        subscope in "[!#-\\[\\]-~æøåÆØÅ]{1,190}",
    ) {
        let text = format!("{prefix}:{subscope}");
        let name = ScopeName::parse(&text).unwrap();
        prop_assert_eq!(name.as_str(), &text);
        prop_assert_eq!(name.prefix(), Some(prefix.as_str()));
        prop_assert_eq!(name.subscope(), &subscope);
    }

    #[test]
    fn whatever_is_read_follows_the_grammar(text in "\\PC{0,300}") {
        if let Ok(name) = ScopeName::parse(&text) {
            prop_assert!(name.as_str().chars().all(is_scope_character));
            prop_assert!(name.as_str().chars().count() <= MAX_SCOPE_CHARACTERS);
            if let Some(prefix) = name.prefix() {
                prop_assert!(Prefix::parse(prefix).is_ok());
                prop_assert!(!name.subscope().is_empty());
            }
        }
    }
}
