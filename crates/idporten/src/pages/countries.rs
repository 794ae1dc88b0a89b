//! Countries as people read them.

use super::Language;
use super::texts::Texts;

include!(concat!(env!("OUT_DIR"), "/countries.rs"));

/// A country that does not exist, of test environments. In the world it is Canada's code.
const FICTITIOUS: &str = "CA";

/// The name of a country by its two-letter code, in eIDAS' use of them; the code itself if nobody
/// named it.
pub(super) fn name(code: &str, language: Language) -> &str {
    let text = Texts::of(language);
    if code == FICTITIOUS {
        return text.eidas_country_test();
    }
    // ISO 3166 says GR.
    let iso = if code == "EL" { "GR" } else { code };
    let found = COUNTRIES.binary_search_by(|(known, _)| known.as_slice().cmp(iso.as_bytes()));
    match found {
        Ok(position) => text.choose(COUNTRIES[position].1),
        Err(_) => code,
    }
}

/// The codes with their names, in the order of the language's alphabet.
pub(super) fn sorted(codes: &[String], language: Language) -> Vec<(&str, &str)> {
    let mut countries: Vec<_> = codes
        .iter()
        .map(|code| (code.as_str(), name(code, language)))
        .collect();
    countries.sort_by_cached_key(|(_, name)| sort_key(name, language));
    countries
}

/// The places of a name's letters in the alphabet.
fn sort_key(name: &str, language: Language) -> Vec<usize> {
    let alphabet = match language {
        Language::Bokmal | Language::Nynorsk => "abcdefghijklmnopqrstuvwxyzæøå",
        Language::English => "abcdefghijklmnopqrstuvwxyz",
        Language::NorthernSami => "aábcčdđefghijklmnŋopqrsštŧuvwxyzžæøå",
    };
    let place = |letter| {
        alphabet
            .chars()
            .position(|of_alphabet| of_alphabet == letter)
            .map_or(usize::MAX, |place| place + 1)
    };
    name.chars()
        .flat_map(char::to_lowercase)
        .map(|letter| {
            if letter.is_alphabetic() {
                place(letter)
            } else {
                0
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_has_its_name_in_every_language() {
        let names = |code| Language::ALL.map(|language| name(code, language).to_owned());
        assert_eq!(names("DE"), ["Tyskland", "Tyskland", "Germany", "Duiska"]);
        assert_eq!(
            names("AT"),
            ["Østerrike", "Austerrike", "Austria", "Nuortariika"]
        );
        assert_eq!(name("EL", Language::English), "Greece");
        assert_eq!(name("CA", Language::English), "Test country");
        assert_eq!(name("QQ", Language::English), "QQ");
        assert_eq!(name("no such", Language::English), "no such");
    }

    #[test]
    fn every_state_of_the_union_and_the_area_is_known() {
        let states = "AT BE BG CY CZ DE DK EE EL ES FI FR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK";
        for code in states.split(' ') {
            for language in Language::ALL {
                assert_ne!(name(code, language), code);
            }
        }
    }

    #[test]
    fn countries_are_in_the_order_of_the_alphabet() {
        let codes = ["AT", "EE", "CZ", "DK", "BE"].map(str::to_owned);
        let order = |language| -> Vec<&str> {
            let sorted = sorted(&codes, language);
            sorted.into_iter().map(|(code, _)| code).collect()
        };
        assert_eq!(order(Language::Bokmal), ["BE", "DK", "EE", "CZ", "AT"]);
        assert_eq!(order(Language::English), ["AT", "BE", "CZ", "DK", "EE"]);
        // Belgia, Čeahkka, Dánmárku, Estlánda, Nuortariika
        assert_eq!(
            order(Language::NorthernSami),
            ["BE", "CZ", "DK", "EE", "AT"]
        );
    }
}
