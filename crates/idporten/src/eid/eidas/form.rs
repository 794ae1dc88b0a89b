//! The form that plays another country's login, and what it says of somebody.

use std::collections::BTreeMap;

use portvakt_core::clock::Timestamp;
use portvakt_core::login::matching::ForeignIdentity;
use portvakt_core::person::{BirthDate, EidasIdentifier, Pid};
use portvakt_oauth_types::Parameters;

use crate::pages::{EidasAttribute, EidasError, EidasValues, Level};

/// The country that identifiers are made for: this one.
const RECEIVING_COUNTRY: &str = "NO";
/// The longest name or attribute, in characters.
const MAX_CHARACTERS: usize = 200;

/// What stands in the fields.
#[derive(Clone)]
pub(super) struct Form<'a> {
    pub(super) country: &'a str,
    identifier: &'a str,
    given_name: &'a str,
    family_name: &'a str,
    date_of_birth: &'a str,
    pub(super) level: Option<Level>,
    pub(super) matched: &'a str,
    pub(super) attributes: Vec<EidasAttribute<'a>>,
}

/// What a form says that was filled in rightly.
pub(super) struct Filled {
    pub(super) foreign: ForeignIdentity,
    /// The further attributes that were filled in.
    pub(super) more: BTreeMap<String, String>,
}

/// What the identity matcher is to find.
pub(super) enum Matching {
    /// What there is to find.
    Register,
    /// Nobody.
    Nobody,
    /// This person.
    Person(Pid),
    /// It cannot be asked.
    Fails,
}

impl<'a> Form<'a> {
    /// Filled in with somebody who does not exist, so that a login takes one click.
    pub(super) fn example(country: &'a str, attributes: &'a [String]) -> Self {
        Self {
            country,
            identifier: "47101010033",
            given_name: "Mari-Liis",
            family_name: "Männik",
            date_of_birth: "1971-01-01",
            level: None,
            matched: "register",
            attributes: with_values(attributes, |_| ""),
        }
    }

    /// As it was sent.
    pub(super) fn sent(
        country: &'a str,
        form: &'a Parameters<'_>,
        attributes: &'a [String],
    ) -> Self {
        Self {
            country,
            identifier: text_of(form, "identifier"),
            given_name: text_of(form, "given_name"),
            family_name: text_of(form, "family_name"),
            date_of_birth: text_of(form, "date_of_birth"),
            level: Level::from_value(text_of(form, "level")),
            matched: text_of(form, "match"),
            attributes: with_values(attributes, |name| text_of(form, name)),
        }
    }

    /// What the page shows in the fields.
    pub(super) fn values(&self, lowest: Option<Level>) -> EidasValues<'a> {
        EidasValues {
            identifier: self.identifier,
            given_name: self.given_name,
            family_name: self.family_name,
            date_of_birth: self.date_of_birth,
            level: self.level.or(lowest).unwrap_or(Level::Substantial),
            matched: self.matched,
        }
    }

    /// What the form says of somebody. Each field that is wrong is told, but for the further attributes:
    /// one that cannot be is left out, as if it were empty.
    pub(super) fn read(&self, now: Timestamp, errors: &mut Vec<EidasError>) -> Option<Filled> {
        let identifier = self.identifier();
        if identifier.is_none() {
            errors.push(EidasError::Identifier);
        }
        for (name, error) in [
            (self.given_name, EidasError::GivenName),
            (self.family_name, EidasError::FamilyName),
        ] {
            if !is_text(name) {
                errors.push(error);
            }
        }
        let birthdate = BirthDate::parse(self.date_of_birth, now).ok();
        if birthdate.is_none() {
            errors.push(EidasError::DateOfBirth);
        }
        let (identifier, birthdate) = identifier.zip(birthdate)?;
        let given = self
            .attributes
            .iter()
            .filter(|attribute| is_text(attribute.value));
        errors.is_empty().then(|| Filled {
            foreign: ForeignIdentity {
                identifier,
                given_name: self.given_name.to_owned(),
                family_name: self.family_name.to_owned(),
                birthdate,
            },
            more: given
                .map(|attribute| (attribute.name.to_owned(), attribute.value.to_owned()))
                .collect(),
        })
    }

    /// With its countries, which the field may have already if they are these.
    fn identifier(&self) -> Option<EidasIdentifier> {
        let countries = format!("{}/{RECEIVING_COUNTRY}/", self.country);
        let value = self.identifier.strip_prefix(&countries);
        let value = value.unwrap_or(self.identifier);
        EidasIdentifier::parse(&format!("{countries}{value}")).ok()
    }
}

/// What was sent in a field; nothing if it was sent twice.
fn text_of<'f>(form: &'f Parameters<'_>, name: &'f str) -> &'f str {
    let mut values = form.all(name);
    match (values.next(), values.next()) {
        (Some(value), None) => value.trim(),
        (None | Some(_), _) => "",
    }
}

fn with_values<'a>(
    attributes: &'a [String],
    value: impl Fn(&'a str) -> &'a str,
) -> Vec<EidasAttribute<'a>> {
    let attributes = attributes.iter().map(|name| EidasAttribute {
        name,
        value: value(name),
    });
    attributes.collect()
}

fn is_text(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() <= MAX_CHARACTERS
        && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(change: impl FnOnce(&mut Form<'_>)) -> Result<Filled, Vec<EidasError>> {
        let mut form = Form::example("EE", &[]);
        change(&mut form);
        let mut errors = Vec::new();
        let now = Timestamp::parse("2026-03-02T09:15:00Z").unwrap();
        form.read(now, &mut errors).ok_or(errors)
    }

    #[test]
    fn the_identifier_has_its_countries_once() {
        for text in ["47101010033", "EE/NO/47101010033"] {
            let filled = read(|form| form.identifier = text).ok().unwrap();
            assert_eq!(filled.foreign.identifier.expose(), "EE/NO/47101010033");
        }
        for text in ["", "SE/NO/47101010033", "47 10", "<b>"] {
            let errors = read(|form| form.identifier = text).err().unwrap();
            assert_eq!(errors, [EidasError::Identifier], "{text}");
        }
    }

    #[test]
    fn every_wrong_field_is_told() {
        let errors = read(|form| {
            form.identifier = "/";
            form.given_name = "";
            form.family_name = "a\nb";
            form.date_of_birth = "1971-02-30";
        });
        let expected = [
            EidasError::Identifier,
            EidasError::GivenName,
            EidasError::FamilyName,
            EidasError::DateOfBirth,
        ];
        assert_eq!(errors.err().unwrap(), expected);
    }
}
