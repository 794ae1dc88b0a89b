//! Pages of the built-in login that plays a foreign country's.

use askama::Template;

use super::countries;
use super::page::Policy;
use super::texts::Texts;
use super::{Frame, Interaction, Level, Page, TestPerson};

/// The choice of the country that issued a person's electronic ID.
///
/// `POST /login/eidas` with the fields `txn`, `csrf`, `country` (a two-letter code, `EL` for Greece) and
/// `action` (`country` or `cancel`). With JavaScript the list can be searched.
#[derive(Clone, Copy, Template)]
#[template(path = "eidas_country.html")]
pub struct EidasCountry<'a> {
    /// The page's surroundings.
    pub frame: Frame<'a>,
    /// The login that this is part of.
    pub interaction: Interaction<'a>,
    /// The codes of the countries. The page has them in the order of their names.
    pub countries: &'a [String],
    /// The code that is chosen at first.
    pub country: Option<&'a str>,
    /// Whether a country was not chosen, or one that is not of the list.
    pub invalid: bool,
}

impl EidasCountry<'_> {
    /// The page.
    pub fn page(&self) -> Page {
        Page::new(self, &self.frame, &Policy::of(&self.interaction))
    }

    fn sorted(&self) -> Vec<(&str, &str)> {
        countries::sorted(self.countries, self.frame.language)
    }
}

/// The form that stands in for another country's login.
///
/// `POST /login/eidas` with the fields `txn`, `csrf`, `country`, `identifier`, `given_name`,
/// `family_name`, `date_of_birth`, one for each of `attributes` under its name, `level` (`low`,
/// `substantial` or `high`), `match` (`register`, `none`, `error` or the identity number of a registered test
/// person) and `action` (`login`, `back` or `cancel`). An element's id is the name of its field; of `level` and `action` the ids are `level-low`, `action-login` and so on.
#[derive(Clone, Copy, Template)]
#[template(path = "eidas_login.html")]
pub struct EidasLogin<'a> {
    /// The page's surroundings.
    pub frame: Frame<'a>,
    /// The login that this is part of.
    pub interaction: Interaction<'a>,
    /// The code of the country.
    pub country: &'a str,
    /// What the fields hold at first.
    pub values: EidasValues<'a>,
    /// Further attributes that the service asks for.
    pub attributes: &'a [EidasAttribute<'a>],
    /// The levels that the request accepts, lowest first.
    pub levels: &'a [Level],
    /// The people that can be found.
    pub people: &'a [TestPerson],
    /// What was wrong with what was sent before, each once.
    pub errors: &'a [EidasError],
}

/// The contents of the fields of [`EidasLogin`].
#[derive(Clone, Copy)]
pub struct EidasValues<'a> {
    /// The identifier without its countries.
    pub identifier: &'a str,
    /// Given name.
    pub given_name: &'a str,
    /// Family name.
    pub family_name: &'a str,
    /// `YYYY-MM-DD`
    pub date_of_birth: &'a str,
    /// The level.
    pub level: Level,
    /// `register`, `none`, `error` or an identity number.
    pub matched: &'a str,
}

/// An attribute that a service asks for, beside those that every login has. It may stay empty.
#[derive(Clone, Copy)]
pub struct EidasAttribute<'a> {
    /// The name of the field, and of the claim: `eidas_` and letters, digits or underscores.
    pub name: &'a str,
    /// What the field holds at first.
    pub value: &'a str,
}

/// A field that was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EidasError {
    /// `identifier`
    Identifier,
    /// `given_name`
    GivenName,
    /// `family_name`
    FamilyName,
    /// `date_of_birth`
    DateOfBirth,
    /// `match`
    Match,
}

impl EidasError {
    fn text(self, text: Texts) -> &'static str {
        match self {
            Self::Identifier => text.eidas_error_identifier(),
            Self::GivenName => text.eidas_error_given_name(),
            Self::FamilyName => text.eidas_error_family_name(),
            Self::DateOfBirth => text.eidas_error_date_of_birth(),
            Self::Match => text.eidas_error_match(),
        }
    }

    const fn field(self) -> &'static str {
        match self {
            Self::Identifier => "identifier",
            Self::GivenName => "given_name",
            Self::FamilyName => "family_name",
            Self::DateOfBirth => "date_of_birth",
            Self::Match => "match",
        }
    }
}

/// A text field of the form.
struct Field<'a> {
    name: &'static str,
    label: &'static str,
    hint: Option<&'static str>,
    value: &'a str,
    error: Option<&'static str>,
}

impl Field<'_> {
    fn is_described(&self) -> bool {
        self.hint.is_some() || self.error.is_some()
    }
}

impl EidasLogin<'_> {
    /// The page.
    pub fn page(&self) -> Page {
        Page::new(self, &self.frame, &Policy::of(&self.interaction))
    }

    fn heading(&self) -> String {
        let country = countries::name(self.country, self.frame.language);
        self.frame.text.eidas_login_title(country).to_string()
    }

    fn match_error(&self) -> Option<&'static str> {
        let wrong = self.errors.contains(&EidasError::Match);
        wrong.then(|| EidasError::Match.text(self.frame.text))
    }

    /// The fields to correct, with what is wrong.
    fn error_list(&self) -> Vec<(&'static str, &'static str)> {
        let errors = self.errors.iter();
        errors
            .map(|error| (error.field(), error.text(self.frame.text)))
            .collect()
    }

    fn fields(&self) -> [Field<'_>; 4] {
        let (text, values) = (self.frame.text, &self.values);
        let field = |kind: EidasError, label, hint, value| Field {
            name: kind.field(),
            label,
            hint,
            value,
            error: self.errors.contains(&kind).then(|| kind.text(text)),
        };
        let hint = Some(text.eidas_identifier_hint());
        let date_hint = Some(text.eidas_date_of_birth_hint());
        let (born, date) = (text.eidas_date_of_birth(), values.date_of_birth);
        [
            field(
                EidasError::Identifier,
                text.eidas_identifier(),
                hint,
                values.identifier,
            ),
            field(
                EidasError::GivenName,
                text.eidas_given_name(),
                None,
                values.given_name,
            ),
            field(
                EidasError::FamilyName,
                text.eidas_family_name(),
                None,
                values.family_name,
            ),
            field(EidasError::DateOfBirth, born, date_hint, date),
        ]
    }
}
