use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;

fn set(acr_values: &str) -> AcceptableSet {
    if acr_values.is_empty() {
        return AcceptableSet::default();
    }
    AcceptableSet::parse(acr_values, AcrAliases::default()).unwrap()
}

/// Spec: idporten, appendix B; the rows that concern levels alone.
#[test]
fn appendix_b() {
    for (event, acr_values, satisfied) in [
        ("idporten-loa-high", "", true),
        ("idporten-loa-high", "idporten-loa-substantial", true),
        ("idporten-loa-high", "idporten-loa-high", true),
        ("idporten-loa-substantial", "idporten-loa-high", false),
        (
            "idporten-loa-substantial",
            "idporten-loa-high idporten-loa-substantial",
            true,
        ),
        ("idporten-loa-high", "eidas-loa-substantial", false),
        ("eidas-loa-high", "idporten-loa-substantial", false),
        (
            "eidas-loa-substantial",
            "idporten-loa-high eidas-loa-substantial",
            true,
        ),
        ("eidas-loa-low", "eidas-loa-substantial", false),
        (
            "selfregistered-email",
            "selfregistered-email idporten-loa-substantial",
            true,
        ),
        ("selfregistered-email", "idporten-loa-substantial", false),
    ] {
        let event = event.parse().unwrap();
        assert_eq!(
            set(acr_values).accepts(event),
            satisfied,
            "{event} for {acr_values:?}"
        );
    }
}

#[test]
fn names_of_the_platform_before_are_read_and_never_written() {
    assert_eq!(set("Level3"), set("idporten-loa-substantial"));
    assert_eq!(set("Level4"), set("idporten-loa-high"));
    assert!(AcceptableSet::parse("no-notified-high", AcrAliases::Legacy).is_err());
    assert_eq!(
        AcceptableSet::parse("no-notified-high", AcrAliases::LegacyAndProxy).unwrap(),
        set("Level4")
    );
}

#[test]
fn unknown_values_are_ignored_beside_a_known_one() {
    assert_eq!(set("gold idporten-loa-high"), set("idporten-loa-high"));
    for nothing_known in ["gold", "", " ", "IDPORTEN-LOA-HIGH", "idporten-loa"] {
        let read = AcceptableSet::parse(nothing_known, AcrAliases::default());
        assert_eq!(read, Err(NoKnownAcr), "{nothing_known:?}");
    }
}

#[test]
fn only_one_framework_skips_the_selector() {
    assert_eq!(set("eidas-loa-low").only(), Some(Framework::Eidas));
    assert_eq!(set("selfregistered-email").only(), Some(Framework::Email));
    assert_eq!(set("Level3 eidas-loa-high").only(), None);
    let foreign = [Acr::EidasLow, Acr::EidasSubstantial, Acr::EidasHigh];
    assert!(!set("").accepts_any(foreign.into_iter()));
}

#[test]
fn the_legacy_hint_moves_norwegian_levels_to_eidas() {
    for (acr_values, moved) in [
        ("", "eidas-loa-substantial"),
        ("Level4", "eidas-loa-high"),
        ("idporten-loa-low", "eidas-loa-low"),
        ("idporten-loa-high eidas-loa-low", "eidas-loa-low"),
        ("selfregistered-email", "eidas-loa-substantial"),
    ] {
        assert_eq!(set(acr_values).moved_to_eidas(), set(moved), "{acr_values}");
    }
}

#[test]
fn names_are_the_same_in_text_and_in_json() {
    for level in Acr::ALL {
        assert_eq!(level.as_str().parse(), Ok(level));
        assert_eq!(serde_json::to_value(level).unwrap(), level.as_str());
    }
    for text in ["", "Level4", "IDPORTEN-LOA-HIGH", "idporten-loa-high "] {
        assert_eq!(text.parse::<Acr>(), Err(UnknownAcr), "{text}");
    }
}

#[test]
fn stored_sets_are_read_back() {
    let set = set("Level4 eidas-loa-low");
    let json = serde_json::to_string(&set).unwrap();
    assert_eq!(json, r#"["idporten-loa-high","eidas-loa-low"]"#);
    assert_eq!(serde_json::from_str::<AcceptableSet>(&json).unwrap(), set);
}

proptest! {
    /// A union is satisfied exactly by what satisfies one of its values, in any order.
    #[test]
    fn several_values_are_a_union(
        asked in subsequence(Acr::ALL.to_vec(), 1..8).prop_shuffle(),
        reached in select(Acr::ALL.to_vec()),
    ) {
        let names: Vec<_> = asked.iter().map(|acr| acr.as_str()).collect();
        let expected = asked.iter().any(|minimum| reached.satisfies(*minimum));
        prop_assert_eq!(set(&names.join(" ")).accepts(reached), expected);
    }
}
