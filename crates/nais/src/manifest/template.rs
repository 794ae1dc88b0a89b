//! Placeholders of the deploy tool (`{{ image }}`), which are filled in when a manifest is deployed
//! and are not YAML until then.
//!
//! [`mask`] replaces each by a word of the same length, so that the text can be read and places stay
//! right; [`Templates::restore`] puts them back into the values. A line that holds nothing but a
//! block tag (`{{#each ingresses}}`, `{{/each}}`, `{{else}}`) becomes a comment.

use std::borrow::Cow;
use std::ops::Range;

/// Private-use characters: none of them has a meaning in a manifest.
const MARK: char = '\u{f8ff}';
const PAD: char = '\u{f8fe}';
const DIGITS: Range<u32> = 0xe000..0xf800;
const BASE: usize = (DIGITS.end - DIGITS.start) as usize;

/// What was masked.
#[derive(Debug, Default)]
pub(super) struct Templates {
    originals: Vec<Original>,
}

#[derive(Debug)]
struct Original {
    text: String,
    is_line: bool,
}

/// Whether the text has a character that masking needs for itself.
pub(super) fn is_reserved(text: &str) -> bool {
    text.contains([MARK, PAD])
}

/// Whether a value holds a placeholder.
pub(super) fn is_templated(text: &str) -> bool {
    text.find("{{")
        .is_some_and(|start| text[start..].contains("}}"))
}

/// The text with every placeholder masked.
pub(super) fn mask(text: &str) -> (Cow<'_, str>, Templates) {
    let mut templates = Templates::default();
    if !is_templated(text) {
        return (Cow::Borrowed(text), templates);
    }
    let lines = text.split_inclusive('\n');
    let masked = lines.map(|line| templates.mask_line(line)).collect();
    (Cow::Owned(masked), templates)
}

impl Templates {
    fn mask_line(&mut self, line: &str) -> String {
        let content = line.trim();
        if is_block_tag(content) {
            let comment = self.placeholder(content, true);
            return line.replacen(content, &comment, 1);
        }
        let mut masked = String::with_capacity(line.len());
        let mut rest = line;
        while let Some(found) = next(rest) {
            masked.push_str(&rest[..found.start]);
            masked.push_str(&self.placeholder(&rest[found.clone()], false));
            rest = &rest[found.end..];
        }
        masked.push_str(rest);
        masked
    }

    /// As many characters as the original; at least four, which is the shortest template.
    fn placeholder(&mut self, original: &str, is_line: bool) -> String {
        let index = self.originals.len();
        if index >= BASE * BASE {
            return original.to_owned();
        }
        let sign = if is_line { '#' } else { MARK };
        let length = original.chars().count();
        let head = [sign, MARK, digit(index / BASE), digit(index % BASE)];
        let padding = std::iter::repeat_n(PAD, length.saturating_sub(head.len()));
        self.originals.push(Original {
            text: original.to_owned(),
            is_line,
        });
        head.into_iter().chain(padding).collect()
    }

    /// A value as it was written.
    pub(super) fn restore(&self, text: String) -> String {
        if self.originals.is_empty() || !text.contains(MARK) {
            return text;
        }
        let characters: Vec<char> = text.chars().collect();
        let mut restored = String::with_capacity(text.len());
        let mut at = 0;
        while at < characters.len() {
            if let Some(original) = self.original(&characters[at..]) {
                restored.push_str(&original.text);
                at += 4;
                at += characters[at..].iter().take_while(|c| **c == PAD).count();
            } else {
                restored.push(characters[at]);
                at += 1;
            }
        }
        restored
    }

    fn original(&self, characters: &[char]) -> Option<&Original> {
        let [sign, MARK, high, low, ..] = characters else {
            return None;
        };
        let index = value(*high)? * BASE + value(*low)?;
        let original = self.originals.get(index)?;
        (*sign == if original.is_line { '#' } else { MARK }).then_some(original)
    }
}

/// The next `{{ … }}` or `{{{ … }}}`.
fn next(line: &str) -> Option<Range<usize>> {
    let start = line.find("{{")?;
    let length = line[start..].find("}}")? + 2;
    let end = start + length;
    let triple = line[start..].starts_with("{{{") && line[end..].starts_with('}');
    Some(start..end + usize::from(triple))
}

fn is_block_tag(content: &str) -> bool {
    let tags = ["{{#", "{{/", "{{^", "{{!", "{{else", "{{~#", "{{~/"];
    tags.iter().any(|tag| content.starts_with(tag)) && content.ends_with("}}")
}

fn digit(value: usize) -> char {
    // `value` is below `BASE`, and every number of `DIGITS` is a character.
    u32::try_from(value)
        .ok()
        .and_then(|value| char::from_u32(DIGITS.start + value))
        .unwrap_or(PAD)
}

fn value(character: char) -> Option<usize> {
    let number = u32::from(character);
    DIGITS
        .contains(&number)
        .then(|| (number - DIGITS.start) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_masked_is_as_long_and_comes_back() {
        for text in [
            "image: {{ image }}",
            "a: x-{{b}}-{{{c}}}\n",
            "{{}}",
            "  {{#if prod}}\nb: 1",
        ] {
            let (masked, templates) = mask(text);
            assert_eq!(masked.chars().count(), text.chars().count(), "{text}");
            assert!(!masked.contains("{{"), "{text}");
            assert_eq!(templates.restore(masked.into_owned()), text);
        }
    }

    #[test]
    fn a_block_tag_alone_on_its_line_becomes_a_comment() {
        let (masked, _) = mask("a:\n  {{#each b}}\n  - {{this}}\n  {{/each}}\n");
        let lines: Vec<_> = masked.lines().map(str::trim_start).collect();
        assert!(lines[1].starts_with('#') && lines[3].starts_with('#'));
        assert!(lines[2].starts_with("- "));
    }

    #[test]
    fn text_without_a_complete_placeholder_is_left_alone() {
        for text in ["a: {b: {c: d}}", "a: '{{'", "plain"] {
            assert!(matches!(mask(text).0, Cow::Borrowed(_)), "{text}");
        }
    }
}
