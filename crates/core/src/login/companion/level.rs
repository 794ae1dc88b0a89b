//! Whether somebody has lately logged in at the highest level (spec: companion-apis §4).

use super::recorded::Use;
use super::{Bearer, Companion};
use crate::clock::Timestamp;
use crate::local_time::{months_before, start_of_day};
use crate::login::Acr;
use crate::login::provider::Denied;
use crate::login::record::{Identity, PersonState};
use crate::login::refusal::{LoginRefusal, LoginRefusalCode};
use crate::person::Pid;

const READ: &[&str] = &["global/idporten.authlevel.read"];

/// How far back is looked if nobody says, in calendar months.
const MONTHS: u16 = 18;

impl Companion {
    /// Refuses a token that is good for something else.
    pub fn may_ask_for_level(&self, bearer: &Bearer) -> Result<(), Denied> {
        bearer.require_one_of(READ)?;
        bearer.require_organization()
    }

    /// Whether the person has logged in at level 4, which is called high today, since a day or an
    /// instant (`2026-03-02`, or RFC 3339). Reusing a session counts; a foreign eID does not. Refused
    /// if they have never logged in.
    pub async fn has_used_highest_level(
        &self,
        bearer: &Bearer,
        pid: Pid,
        since: Option<&str>,
    ) -> Result<bool, Denied> {
        self.may_ask_for_level(bearer)?;
        bearer.require_person(&pid)?;
        let now = self.provider().now();
        let since = beginning(since, now)?;
        let told = Use::told("level.read", self.pseudonym(&pid), 1);
        self.record(bearer, told).await?;
        let person = self.known(&Identity::Pid(pid)).await?.ok_or_else(|| {
            let never = "the person has never logged in";
            LoginRefusal::Detail(LoginRefusalCode::ResourceNotFound, never)
        })?;
        if person.state != PersonState::Active {
            return Ok(false);
        }
        let levels = self.store().list_levels(&person.id, since).await?;
        Ok(levels.contains(&Acr::IdportenHigh))
    }
}

/// The first instant that counts.
fn beginning(since: Option<&str>, now: Timestamp) -> Result<Timestamp, LoginRefusal> {
    let refused = |what| LoginRefusal::Detail(LoginRefusalCode::BodyInvalid, what);
    let Some(text) = since else {
        return Ok(months_before(now, MONTHS));
    };
    // Whole seconds, which `Timestamp` reads too, are none of this API's forms.
    let instant = Some(text).filter(|text| text.contains('T'));
    let instant = instant.and_then(|text| Timestamp::parse(text).ok());
    let since = start_of_day(text).or(instant);
    let since = since.ok_or_else(|| refused("fraDato is neither a date nor an instant"))?;
    if since > now {
        return Err(refused("fraDato is in the future"));
    }
    Ok(since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_a_day_an_instant_or_18_months_ago() {
        let at = |text| Timestamp::parse(text).unwrap();
        let now = at("2026-03-02T09:15:00Z");
        for (since, expected) in [
            (None, "2024-09-02T08:15:00Z"),
            (Some("2025-07-01"), "2025-06-30T22:00:00Z"),
            (Some("2025-07-01T12:00:00+02:00"), "2025-07-01T10:00:00Z"),
            (Some("2026-03-02"), "2026-03-01T23:00:00Z"),
            (Some("1990-01-01"), "1989-12-31T23:00:00Z"),
        ] {
            assert_eq!(beginning(since, now), Ok(at(expected)), "{since:?}");
        }
        for since in [
            "",
            "2026-03-03",
            "2026-03-02T09:15:00.001Z",
            "1772442900",
            "2025-02-30",
        ] {
            let refusal = beginning(Some(since), now).unwrap_err();
            assert_eq!(refusal.code(), LoginRefusalCode::BodyInvalid, "{since}");
        }
    }
}
