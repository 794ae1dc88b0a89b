use proptest::prelude::*;

use super::*;

fn name(text: &str) -> SubscopeName {
    text.parse().unwrap()
}

fn owner(text: &str) -> Owner {
    text.parse().unwrap()
}

#[test]
fn subscopes_follow_the_published_examples() {
    let cases = [
        ("arbeid", "some.scope.read", None, "arbeid:some.scope.read"),
        ("arbeid", "some/scope.read", None, "arbeid/some/scope.read"),
        (
            "helse",
            "sykepenger/afp.read",
            Some("/"),
            "helse/sykepenger/afp.read",
        ),
        ("arbeid", "test.scope", Some("/"), "arbeid/test.scope"),
        ("arbeid", "test/scope", Some(":"), "arbeid:test/scope"),
        ("arbeid", "foo.read", Some("."), "arbeid.foo.read"),
    ];
    for (product, last, separator, expected) in cases {
        let separator = separator.map(|text| text.parse().unwrap());
        let made = subscope(&product.parse().unwrap(), separator, &name(last));
        assert_eq!(made, expected);
    }
}

#[test]
fn a_subscope_that_a_manifest_can_name_is_taken_apart_and_another_is_not() {
    for text in [
        "havn/kai.read",
        "arbeid:some.scope.read",
        "arbeid.foo.read",
        "a:b/cd",
    ] {
        let (product, separator, name) = parts_of_subscope(text).unwrap();
        assert_eq!(subscope(&product, Some(separator), &name), text);
    }
    for text in [
        "trygdeopplysninger",
        "Havn/kai",
        "havn/kai_read",
        "havn/kai-read",
        "havn/",
        "/kai",
        "havn/k",
        "",
    ] {
        assert_eq!(parts_of_subscope(text), None, "{text}");
    }
}

#[test]
fn names_that_clusters_accept_are_accepted() {
    let names = "read ab some.scope.read sykepenger/afp.read a/b a/b/c.read loans/v2 \
                 v1/loan.read.write a:bc ab:cd.ef abc:d:ef lån.read ytelse/økonomi.les a/:bc";
    for text in names.split(' ') {
        assert!(text.parse::<SubscopeName>().is_ok(), "{text}");
    }
}

#[test]
fn names_that_clusters_refuse_are_refused() {
    let names = "a ab:c a:b.c a:b/c a.b/c a.b:c scope/ /scope x//y ab. ab..c some_scope some-scope \
                 Some :ab a::bc ab: .ab é";
    for text in names.split(' ').chain(["", " ab", "ab\n"]) {
        assert!(text.parse::<SubscopeName>().is_err(), "{text:?}");
    }
}

proptest! {
    #[test]
    fn every_text_of_the_published_pattern_is_accepted(
        text in "([a-zæøå0-9]{1,3}/?){1,3}(:[a-zæøå0-9]{1,2}){0,2}[a-zæøå0-9]{1,2}(\\.[a-zæøå0-9]{1,2}){0,2}"
    ) {
        prop_assert!(text.parse::<SubscopeName>().is_ok(), "{}", text);
    }

    #[test]
    fn a_short_name_fits_and_tells_long_names_apart(text in "[a-z-]{1,200}") {
        let short = short_name(&text, MAX_SECRET_NAME);
        prop_assert!(short.len() <= MAX_SECRET_NAME);
        let longer = short_name(&format!("{text}x"), MAX_SECRET_NAME);
        prop_assert_ne!(short, longer);
    }
}

#[test]
fn secret_names_are_those_that_the_platform_makes() {
    let xs = format!("maskinporten-{}-1032b853", "x".repeat(41));
    let cases = [
        ("myapplication", "maskinporten-myapplication-9561321b"),
        ("mynaisjob", "maskinporten-mynaisjob-37970c24"),
        (&"x".repeat(50), &xs),
        ("laanesok", "maskinporten-laanesok-9b0cdc78"),
        ("fartoy-api", "maskinporten-fartoy-api-c3120fde"),
        ("tilskudd-gateway", "maskinporten-tilskudd-gateway-74b06953"),
        ("kai-plass", "maskinporten-kai-plass-b3f68bdd"),
    ];
    for (workload, expected) in cases {
        assert_eq!(maskinporten_secret_name(workload), expected);
    }
}

#[test]
fn both_forms_of_description_name_their_owner() {
    let kai = owner("dev-gcp:team-havn:kai-plass");
    let product = "havn".parse().unwrap();
    assert_eq!(
        scope_description(&product, &kai),
        "havn - dev-gcp:team-havn:kai-plass"
    );
    assert_eq!(
        joined_description(&kai, "havn:kai.read"),
        "devgcp:teamhavn:kaiplass.havn:kai.read"
    );
    for text in [
        scope_description(&product, &kai),
        joined_description(&kai, "havn:kai.read"),
    ] {
        let claim = Claim::of(&text, "havn:kai.read");
        assert!(claim.is_of(&kai), "{text}");
        assert!(
            claim.is_of_another(&owner("prod-gcp:team-havn:kai-plass")),
            "{text}"
        );
    }
}

#[test]
fn the_example_of_the_migration_guide_names_its_owner() {
    let claim = Claim::of("mycluster:mynamespace:myapp.my/scope.read", "my/scope.read");
    assert!(claim.is_of(&owner("my-cluster:my-namespace:my-app")));
}

#[test]
fn a_text_for_people_names_nobody() {
    for text in [
        "",
        "Tidevannsdata",
        "A - B",
        "a - b:c",
        "a:b:c",
        "a:b c:d.x",
        "a - b:c:d:e",
    ] {
        assert_eq!(Claim::of(text, "x"), Claim::Unclaimed, "{text}");
    }
}

#[test]
fn an_owner_is_three_parts_without_ambiguity() {
    for text in ["", "a:b", "a:b:c:d", "a::c", "a b:c:d", ":b:c"] {
        assert!(text.parse::<Owner>().is_err(), "{text}");
    }
    assert_eq!(owner("a:b:c").to_string(), "a:b:c");
}

#[test]
fn a_key_id_is_a_version_4_uuid() {
    assert_eq!(key_id([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    assert_eq!(key_id([0; 16]), "00000000-0000-4000-8000-000000000000");
}

#[test]
fn the_check_digit_is_that_of_the_register() {
    let orgno = |text: &str| text.parse::<OrgNumber>().unwrap();
    assert!(orgno("889640782").has_valid_check_digit());
    assert!(!orgno("123456789").has_valid_check_digit());
    for text in ["12345678", "1234567890", "12345678a", "١٢٣٤٥٦٧٨٩"] {
        assert!(text.parse::<OrgNumber>().is_err(), "{text}");
    }
}
