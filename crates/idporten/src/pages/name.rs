use std::fmt;

use unicode_security::MixedScript;
use unicode_security::mixed_script::AugmentedScriptSet;

/// More is cut off. Registered names and descriptions are shorter.
const MAX_CHARACTERS: usize = 1000;

/// What is shown in place of a letter that plays another.
const REPLACEMENT: char = '\u{FFFD}';

/// A name that somebody else chose, fit to be shown to a person who decides by it.
///
/// Characters that cannot be seen or that turn the direction of writing are gone, white space is
/// single, and in a word that mixes scripts, as no language does, every letter that is not Latin is
/// replaced by U+FFFD: `Skаtteetaten` with a Cyrillic `а` reads `Sk�tteetaten` (Unicode Technical
/// Standard #39, §5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// Makes a text fit to be shown.
    pub fn new(text: &str) -> Self {
        let words = text.split(|character: char| character.is_whitespace());
        let words = words
            .map(|word| unmixed(&visible(word)))
            .filter(|word| !word.is_empty());
        let name = words.collect::<Vec<_>>().join(" ");
        Self(shortened(name))
    }

    /// The name as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a character shows nothing of its own and only changes what others show.
pub(super) fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}')
}

fn visible(word: &str) -> String {
    word.chars()
        .filter(|character| !is_invisible(*character))
        .collect()
}

fn unmixed(word: &str) -> String {
    if word.is_single_script() {
        return word.to_owned();
    }
    word.chars()
        .map(|character| {
            if is_latin_or_common(character) {
                character
            } else {
                REPLACEMENT
            }
        })
        .collect()
}

fn is_latin_or_common(character: char) -> bool {
    let mut scripts = AugmentedScriptSet::from(character);
    scripts.intersect_with(AugmentedScriptSet::from('a'));
    !scripts.is_empty()
}

fn shortened(mut name: String) -> String {
    if let Some((end, _)) = name.char_indices().nth(MAX_CHARACTERS) {
        name.truncate(end);
        name.push('…');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, shown: &str) {
        assert_eq!(Name::new(text).as_str(), shown);
    }

    #[test]
    fn ordinary_names_are_shown_as_they_are() {
        for name in [
            "Skatteetaten",
            "Guovdageainnu suohkan – Kautokeino kommune",
            "Čáhcesuolu / Vadsø (Vuoreija)",
            "Ærlig & Åpen AS, avd. Øst",
            "Ελληνική Δημοκρατία",
            "Български език",
            "東京タワー",
            "مكتب الخدمات",
            "Müller & Søn 2.0",
        ] {
            check(name, name);
        }
    }

    #[test]
    fn characters_that_turn_the_direction_of_writing_are_gone() {
        check("Trygg\u{202E}knab\u{202C}", "Tryggknab");
        check("\u{2066}NAV\u{2069}\u{200F}", "NAV");
        check("a\u{061C}b", "ab");
    }

    #[test]
    fn what_cannot_be_seen_is_gone() {
        check("N\u{200B}A\u{00AD}V\u{FEFF}", "NAV");
        check("NAV\u{0}\u{1B}[31m", "NAV[31m");
        check("NAV\u{E0041}", "NAV");
        check("\u{3164}", "");
        check("  a\t\nb \u{00A0} c  ", "a b c");
    }

    #[test]
    fn a_letter_of_another_script_does_not_pass_for_a_latin_one() {
        check("Skаtteetaten", "Sk\u{FFFD}tteetaten");
        check("ΝAV", "\u{FFFD}AV");
        check("Altinn Ⲟslo", "Altinn \u{FFFD}slo");
    }

    #[test]
    fn a_long_name_is_cut_off() {
        let name = Name::new(&"ø".repeat(100_000));
        assert_eq!(name.as_str().chars().count(), MAX_CHARACTERS + 1);
        assert!(name.as_str().ends_with('…'));
    }
}
