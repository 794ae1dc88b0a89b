//! `TestID`: log in as anybody synthetic, at any level, without a password (spec: idporten §18.4).

use std::sync::Arc;

use async_trait::async_trait;
use portvakt_core::login::acr::Acr;
use portvakt_core::login::provider::Proven;
use portvakt_core::login::record::{Attributes, Identity};
use portvakt_core::person::{AcceptedNumbers, Pid, RejectedNumber};
use portvakt_oauth_types::Parameters;

use super::levels::{accepted, reached};
use super::people::{PeopleSource, offered_people};
use super::{Context, Description, EidProvider, Kept, Turn};
use crate::pages::{EidOption, Language, Level, LocalPath, TestId, TestIdError};

/// Its id in addresses and records.
const ID: &str = "testid";
/// Its method in tokens.
const AMR: &str = "TestID";

/// The levels that it offers, lowest first.
const LEVELS: [Acr; 3] = [
    Acr::IdportenLow,
    Acr::IdportenSubstantial,
    Acr::IdportenHigh,
];

/// The built-in test provider.
pub struct TestIdProvider {
    people: Arc<dyn PeopleSource>,
}

impl TestIdProvider {
    /// A provider that offers these people, and everybody else who is synthetic.
    pub fn new(people: Arc<dyn PeopleSource>) -> Self {
        Self { people }
    }

    async fn page(&self, context: Context<'_>, form: Shown<'_>) -> Turn {
        let people = match offered_people(self.people.as_ref()).await {
            Ok(people) => people,
            Err(error) => return Turn::Failed(error.to_string()),
        };
        let levels = accepted(&LEVELS, context.acceptable);
        let lowest = levels.first().copied().unwrap_or(Level::Substantial);
        let hinted = context.test_person.filter(|_| form.person.is_none());
        let is_listed = |pid: &str| people.iter().any(|person| person.pid == pid);
        // A hint that is not in the list stands in the text field.
        let typed = match hinted {
            Some(pid) if form.pid.is_empty() && !is_listed(pid) => pid,
            _ => form.pid,
        };
        let page = TestId {
            frame: context.frame,
            interaction: context.interaction,
            people: &people,
            person: form.person.or(hinted),
            pid: typed,
            levels: &levels,
            level: form.level.unwrap_or(lowest),
            error: form.error,
        };
        Turn::Page(Box::new(page.page()))
    }
}

/// What stands in the form.
#[derive(Clone, Copy, Default)]
struct Shown<'a> {
    person: Option<&'a str>,
    pid: &'a str,
    level: Option<Level>,
    error: Option<TestIdError>,
}

#[async_trait]
impl EidProvider for TestIdProvider {
    fn describe(&self) -> Description {
        Description {
            id: ID.to_owned(),
            levels: LEVELS.to_vec(),
            test_only: true,
        }
    }

    fn option(&self, language: Language, level: Level, begins_at: LocalPath) -> EidOption {
        EidOption::testid(language, level, begins_at)
    }

    async fn begin(&self, context: Context<'_>, _kept: &mut Kept) -> Turn {
        self.page(context, Shown::default()).await
    }

    async fn resume(&self, context: Context<'_>, _kept: &mut Kept, form: &Parameters<'_>) -> Turn {
        let field = |name| form.one(name).ok().flatten();
        let random;
        let mut shown = Shown {
            person: field("person"),
            pid: field("pid").unwrap_or_default(),
            level: field("level").and_then(Level::from_value),
            error: None,
        };
        match field("action") {
            Some("cancel") => Turn::Cancelled,
            Some("random") => match Pid::random_synthetic(context.entropy) {
                Ok(pid) => {
                    random = pid;
                    shown.pid = random.expose();
                    self.page(context, shown).await
                }
                Err(error) => Turn::Failed(error.to_string()),
            },
            _ => match chosen(&shown) {
                Ok(pid) => completed(context, pid, shown.level),
                Err(error) => {
                    shown.error = Some(error);
                    self.page(context, shown).await
                }
            },
        }
    }
}

/// The number that was typed, or else that of the person who was chosen.
fn chosen(form: &Shown<'_>) -> Result<Pid, TestIdError> {
    let typed: String = form.pid.split_whitespace().collect();
    let text = match (typed.as_str(), form.person) {
        ("", Some(person)) => person,
        ("", None) => return Err(TestIdError::Missing),
        (typed, _) => typed,
    };
    Pid::accept(text, AcceptedNumbers::SyntheticOnly).map_err(|rejected| match rejected {
        RejectedNumber::Format => TestIdError::Format,
        RejectedNumber::Check => TestIdError::CheckDigits,
        RejectedNumber::Kind(_) => TestIdError::NotSynthetic,
    })
}

fn completed(context: Context<'_>, pid: Pid, level: Option<Level>) -> Turn {
    let Some(acr) = reached(&LEVELS, context.acceptable, level) else {
        return Turn::Failed("no level of TestID is accepted".to_owned());
    };
    Turn::Completed(Box::new(Proven {
        identity: Identity::Pid(pid),
        matched: None,
        acr,
        amr: AMR.to_owned(),
        provider: ID.to_owned(),
        locale: context.locale,
        attributes: Attributes::default(),
    }))
}
