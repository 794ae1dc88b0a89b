//! The eIDAS test login: a country selector, and a form that plays the login of the country that was
//! chosen (spec: idporten §18.5).

mod form;

use std::sync::Arc;

use async_trait::async_trait;
use portvakt_core::login::acr::Acr;
use portvakt_core::login::matching::{ForeignIdentity, IdentityMatcher};
use portvakt_core::login::provider::Proven;
use portvakt_core::login::record::Identity;
use portvakt_core::person::{AcceptedNumbers, Pid};
use portvakt_oauth_types::Parameters;

use self::form::{Filled, Form, Matching};
use super::levels::{accepted, reached};
use super::people::{PeopleSource, offered_people};
use super::{Context, Description, EidProvider, Kept, Turn};
use crate::pages::{
    EidOption, EidasCountry, EidasError, EidasLogin, Language, Level, LocalPath, TestPerson,
};

/// Its id in addresses and records.
const ID: &str = "eidas";
/// Its method in tokens.
const AMR: &str = "eIDAS";

/// The levels that it offers, lowest first.
const LEVELS: [Acr; 3] = [Acr::EidasLow, Acr::EidasSubstantial, Acr::EidasHigh];

/// The states of the European Union and the European Economic Area but this one, and the country of
/// test environments.
const COUNTRIES: &str =
    "AT BE BG CA CY CZ DE DK EE EL ES FI FR HR HU IE IS IT LI LT LU LV MT NL PL PT RO SE SI SK";

/// The built-in test provider.
pub struct EidasProvider {
    people: Arc<dyn PeopleSource>,
    matcher: Arc<dyn IdentityMatcher>,
    countries: Vec<String>,
}

/// Countries of [`EidasProvider`] to choose from. One needs no choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EidasCountries(Vec<String>);

impl EidasCountries {
    /// Countries by their codes in eIDAS (`EL` for Greece), of those that take part in it; none if there
    /// is no code, or one that is of none of them.
    pub fn parse<T: AsRef<str>>(codes: &[T]) -> Option<Self> {
        let known = |code: &T| COUNTRIES.split(' ').find(|known| *known == code.as_ref());
        let countries: Option<Vec<_>> = codes
            .iter()
            .map(|code| known(code).map(str::to_owned))
            .collect();
        countries
            .filter(|countries| !countries.is_empty())
            .map(Self)
    }
}

impl EidasProvider {
    /// A provider of every country that takes part in eIDAS. The people are those that the form offers
    /// to match with.
    pub fn new(people: Arc<dyn PeopleSource>, matcher: Arc<dyn IdentityMatcher>) -> Self {
        Self {
            people,
            matcher,
            countries: COUNTRIES.split(' ').map(str::to_owned).collect(),
        }
    }

    /// The same with these countries alone.
    #[must_use]
    pub fn with_countries(self, countries: EidasCountries) -> Self {
        Self {
            countries: countries.0,
            ..self
        }
    }

    fn country_page(&self, context: Context<'_>, country: Option<&str>, invalid: bool) -> Turn {
        let page = EidasCountry {
            frame: context.frame,
            interaction: context.interaction,
            countries: &self.countries,
            country,
            invalid,
        };
        Turn::Page(Box::new(page.page()))
    }

    /// The form as it is shown first.
    async fn first_page(&self, context: Context<'_>, country: &str) -> Turn {
        let form = Form::example(country, context.attributes);
        match offered_people(self.people.as_ref()).await {
            Ok(people) => login_page(context, &form, &people, &[]),
            Err(error) => Turn::Failed(error.to_string()),
        }
    }

    /// The login, if everything in the form is right.
    async fn completed(&self, context: Context<'_>, form: &Form<'_>) -> Turn {
        let mut errors = Vec::new();
        let filled = form.read(context.now, &mut errors);
        let people = match offered_people(self.people.as_ref()).await {
            Ok(people) => people,
            Err(error) => return Turn::Failed(error.to_string()),
        };
        let matching = Matching::read(form.matched, &people);
        if matching.is_none() {
            errors.push(EidasError::Match);
        }
        let Some((filled, matching)) = filled.zip(matching) else {
            return login_page(context, form, &people, &errors);
        };
        let Some(acr) = reached(&LEVELS, context.acceptable, form.level) else {
            return Turn::Failed("no level of eIDAS is accepted".to_owned());
        };
        let Filled { foreign, more } = filled;
        let mut attributes = foreign.attributes();
        attributes.0.extend(more);
        let matched = match self.matched(matching, &foreign).await {
            Ok(matched) => matched,
            Err(cause) => {
                tracing::warn!(eid = ID, cause, "no identity could be matched");
                attributes.match_failed();
                None
            }
        };
        Turn::Completed(Box::new(Proven {
            identity: Identity::Eidas(foreign.identifier),
            matched,
            acr,
            amr: AMR.to_owned(),
            provider: ID.to_owned(),
            locale: context.locale,
            attributes,
        }))
    }

    async fn matched(
        &self,
        matching: Matching,
        foreign: &ForeignIdentity,
    ) -> Result<Option<Pid>, String> {
        match matching {
            Matching::Register => {
                let found = self.matcher.find_match(foreign).await;
                found.map_err(|error| error.to_string())
            }
            Matching::Nobody => Ok(None),
            Matching::Person(pid) => Ok(Some(pid)),
            Matching::Fails => Err("the test login was told to fail".to_owned()),
        }
    }

    /// The country that was chosen, if it is one of ours.
    fn country<'f>(&self, form: &'f Parameters<'_>) -> Option<&'f str> {
        let country = form.one("country").ok().flatten();
        country.filter(|country| self.countries.iter().any(|known| known == country))
    }
}

#[async_trait]
impl EidProvider for EidasProvider {
    fn describe(&self) -> Description {
        Description {
            id: ID.to_owned(),
            levels: LEVELS.to_vec(),
            test_only: true,
        }
    }

    fn option(&self, language: Language, level: Level, begins_at: LocalPath) -> EidOption {
        EidOption::eidas(language, level, begins_at)
    }

    async fn begin(&self, context: Context<'_>, _kept: &mut Kept) -> Turn {
        match &self.countries[..] {
            [only] => self.first_page(context, only).await,
            _ => self.country_page(context, None, false),
        }
    }

    async fn resume(&self, context: Context<'_>, kept: &mut Kept, form: &Parameters<'_>) -> Turn {
        let action = form.one("action").ok().flatten();
        match (action, self.country(form)) {
            (Some("cancel"), _) => Turn::Cancelled,
            (Some("back"), country) if self.countries.len() > 1 => {
                self.country_page(context, country, false)
            }
            (Some("back"), _) => self.begin(context, kept).await,
            (_, None) => self.country_page(context, None, true),
            (Some("country"), Some(country)) => self.first_page(context, country).await,
            (_, Some(country)) => {
                let form = Form::sent(country, form, context.attributes);
                self.completed(context, &form).await
            }
        }
    }
}

impl Matching {
    /// What the field says; none if it is nothing that was offered.
    fn read(text: &str, people: &[TestPerson]) -> Option<Self> {
        match text {
            "" | "register" => Some(Self::Register),
            "none" => Some(Self::Nobody),
            "error" => Some(Self::Fails),
            pid => {
                let offered = people.iter().find(|person| person.pid == pid)?;
                let pid = Pid::accept(&offered.pid, AcceptedNumbers::SyntheticOnly);
                pid.ok().map(Self::Person)
            }
        }
    }
}

/// The form, filled in as it was sent, with what is wrong in it.
fn login_page(
    context: Context<'_>,
    form: &Form<'_>,
    people: &[TestPerson],
    errors: &[EidasError],
) -> Turn {
    let levels = accepted(&LEVELS, context.acceptable);
    let page = EidasLogin {
        frame: context.frame,
        interaction: context.interaction,
        country: form.country,
        values: form.values(levels.first().copied()),
        attributes: &form.attributes,
        levels: &levels,
        people,
        errors,
    };
    Turn::Page(Box::new(page.page()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_those_of_eidas() {
        let known = EidasCountries::parse(&["SE", "EL"]).unwrap();
        assert_eq!(known.0, ["SE", "EL"]);
        for unknown in [&[][..], &["GR"], &["SE", "se"], &["NO"], &["SE "]] {
            assert_eq!(EidasCountries::parse(unknown), None, "{unknown:?}");
        }
    }
}
