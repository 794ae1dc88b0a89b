use super::*;
use crate::entropy::SeededEntropy;

const DAY: i64 = 86_400;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_772_442_900 + seconds)
}

fn secret(seed: u64) -> ClientSecret {
    ClientSecret::generate(&SeededEntropy::new(seed)).unwrap()
}

fn first(secret: &ClientSecret) -> ClientSecrets {
    let stored = StoredSecret::new(secret.hash(), at(0));
    ClientSecrets::default().rotated(stored, SecretOverlap::default(), at(0))
}

fn rotate(secrets: &ClientSecrets, to: &ClientSecret, overlap: &str, now: i64) -> ClientSecrets {
    let stored = StoredSecret::new(to.hash(), at(now));
    secrets.rotated(stored, overlap.parse().unwrap(), at(now))
}

#[test]
fn a_secret_is_url_safe_and_holds_256_bits() {
    let secret = secret(1);
    let text = secret.expose();
    assert_eq!(text.len(), 43);
    assert_eq!(URL_SAFE_NO_PAD.decode(text).unwrap().len(), 32);
}

#[test]
fn nothing_of_a_secret_is_shown() {
    let secret = secret(1);
    let secrets = first(&secret);
    let shown = format!("{secret:?} {secrets:?} {:?}", secret.hash());
    assert!(!shown.contains(secret.expose()));
    let byte = secret.hash().as_bytes()[0].to_string();
    assert!(!shown.contains(&format!("[{byte}, ")), "{shown}");
    assert_eq!(shown.matches("(hidden)").count(), 3, "{shown}");
}

#[test]
fn only_the_whole_secret_is_accepted() {
    let secret = secret(1);
    let secrets = first(&secret);
    let text = secret.expose();
    assert!(secrets.verify(text, at(0)));
    let mut flipped = text.to_owned();
    flipped.replace_range(0..1, if text.starts_with('A') { "B" } else { "A" });
    for wrong in [
        String::new(),
        text[..42].to_owned(),
        text[1..].to_owned(),
        format!("{text}A"),
        format!("{text}="),
        format!(" {text}"),
        format!("{text}\n"),
        format!("{text}\0"),
        text.to_uppercase(),
        flipped,
        format!("{:?}", secret.hash().as_bytes()),
    ] {
        assert!(!secrets.verify(&wrong, at(0)), "{wrong:?}");
    }
    assert!(!ClientSecrets::default().verify("", at(0)));
    assert!(!ClientSecrets::default().verify(text, at(0)));
}

#[test]
fn a_secret_counts_for_360_days_and_not_a_second_longer() {
    let secret = secret(1);
    let secrets = first(&secret);
    let end = 360 * DAY;
    assert_eq!(secrets.as_slice()[0].expires_at, at(end));
    assert!(secrets.verify(secret.expose(), at(end - 1)) && secrets.any_valid(at(end - 1)));
    assert!(!secrets.verify(secret.expose(), at(end)) && !secrets.any_valid(at(end)));
}

#[test]
fn ends_are_whole_seconds_and_never_later_than_asked() {
    let now = Timestamp::from_milliseconds(1_772_442_900_999);
    let stored = StoredSecret::new(secret(1).hash(), now);
    assert_eq!(stored.expires_at, at(360 * DAY));
}

#[test]
fn without_an_overlap_the_old_secret_stops_at_once() {
    let (old, new) = (secret(1), secret(2));
    for overlap in ["0", "000"] {
        let secrets = rotate(&first(&old), &new, overlap, 100);
        assert!(!secrets.verify(old.expose(), at(100)));
        assert!(secrets.verify(new.expose(), at(100)));
        assert_eq!(secrets.as_slice().len(), 1);
    }
}

#[test]
fn with_an_overlap_both_count_until_it_ends() {
    let (old, new) = (secret(1), secret(2));
    let secrets = rotate(&first(&old), &new, "60", 100);
    for (second, old_counts) in [(100, true), (159, true), (160, false)] {
        assert_eq!(secrets.verify(old.expose(), at(second)), old_counts);
        assert!(secrets.verify(new.expose(), at(second)));
    }
}

#[test]
fn an_overlap_never_lengthens_a_life() {
    let (old, new) = (secret(1), secret(2));
    let last_day = 360 * DAY - 10;
    let secrets = rotate(&first(&old), &new, "86400", last_day);
    assert_eq!(secrets.as_slice()[1].expires_at, at(360 * DAY));
    let dead = rotate(&first(&old), &new, "86400", 360 * DAY);
    assert_eq!(dead.as_slice().len(), 1);
    assert!(!dead.verify(old.expose(), at(360 * DAY)));
}

#[test]
fn there_are_never_more_than_two() {
    let [one, two, three] = [secret(1), secret(2), secret(3)];
    let secrets = rotate(&rotate(&first(&one), &two, "60", 1), &three, "60", 2);
    assert!(!secrets.verify(one.expose(), at(2)));
    assert!(secrets.verify(two.expose(), at(2)) && secrets.verify(three.expose(), at(2)));
    let stored = StoredSecret::new(one.hash(), at(0));
    let stored = vec![stored.clone(), stored.clone(), stored];
    assert_eq!(ClientSecrets::from_stored(stored), Err(TooManySecrets));
}

#[test]
fn an_overlap_is_at_most_30_days_of_digits() {
    for text in ["0", "1", "2592000", "0002592000"] {
        assert!(SecretOverlap::parse(text).is_ok(), "{text}");
    }
    for text in [
        "",
        "-1",
        "+1",
        " 1",
        "1.0",
        "1e3",
        "2592001",
        "4294967296",
        "99999999999999999999999999",
        "P30D",
        "١",
    ] {
        assert_eq!(SecretOverlap::parse(text), Err(InvalidOverlap), "{text}");
    }
}
