use askama::Template;

use super::page::Policy;
use super::texts::Texts;
use super::{Frame, Interaction, Level, Page, TestPerson};

/// The login form of the built-in test provider.
///
/// `POST /login/testid` with the fields `txn`, `csrf`, `pid`, `level` (`low`, `substantial` or `high`)
/// and `action` (`login`, `cancel` or `random`). An element's id is the name of its field; of `level`
/// and `action` the ids are `level-low`, `action-login` and so on. The field `person` is the chosen
/// person's identity number, and counts where `pid` is empty.
#[derive(Clone, Copy, Template)]
#[template(path = "testid.html")]
pub struct TestId<'a> {
    /// The page's surroundings.
    pub frame: Frame<'a>,
    /// The login that this is part of.
    pub interaction: Interaction<'a>,
    /// The people of the registry.
    pub people: &'a [TestPerson],
    /// The identity number of the person that is chosen at first, if it is one of `people`.
    pub person: Option<&'a str>,
    /// What the text field holds at first.
    pub pid: &'a str,
    /// The levels that the request accepts, lowest first.
    pub levels: &'a [Level],
    /// The level that is chosen at first.
    pub level: Level,
    /// What was wrong with what was sent before.
    pub error: Option<TestIdError>,
}

/// Why an identity number was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestIdError {
    /// No person was chosen and no number entered.
    Missing,
    /// Not 11 digits.
    Format,
    /// The check digits are wrong.
    CheckDigits,
    /// No day of the calendar is in it.
    Date,
    /// The number could be a living person's.
    NotSynthetic,
}

impl TestIdError {
    /// The field that a person corrects.
    const fn field(self) -> &'static str {
        match self {
            Self::Missing => "person",
            Self::Format | Self::CheckDigits | Self::Date | Self::NotSynthetic => "pid",
        }
    }

    fn text(self, text: Texts) -> &'static str {
        match self {
            Self::Missing => text.testid_error_missing(),
            Self::Format => text.testid_error_format(),
            Self::CheckDigits => text.testid_error_check(),
            Self::Date => text.testid_error_date(),
            Self::NotSynthetic => text.testid_error_real(),
        }
    }
}

impl TestId<'_> {
    /// The page.
    pub fn page(&self) -> Page {
        Page::new(self, &self.frame, &Policy::of(&self.interaction))
    }

    /// The error, unless it is that nothing was chosen, which concerns the list.
    fn pid_error(&self) -> Option<TestIdError> {
        self.error.filter(|error| error.field() == "pid")
    }

    fn is_chosen(&self, person: &TestPerson) -> bool {
        self.person == Some(person.pid.as_str())
    }
}
