//! What happens at the login surface.

use portvakt_core::login::refusal::LoginRefusalCode;
use portvakt_idporten::{Event, Grant, Observer, Outcome};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

type Labels<const N: usize> = [(&'static str, &'static str); N];

const OUTCOMES: [Outcome; 3] = [Outcome::Completed, Outcome::Cancelled, Outcome::Failed];

/// Counts what the surface tells of: one addition at a known place.
#[derive(Debug)]
pub(crate) struct LoginMeter {
    /// By way to log in, in the order of `OUTCOMES`.
    proved: Vec<(String, [Counter; OUTCOMES.len()])>,
    answered: Counter,
    codes: Counter,
    refreshes: Counter,
    logged_out: Counter,
    /// In the order of the table of refusals.
    refused: Vec<Counter>,
}

impl LoginMeter {
    /// Every series of it, for these ways to log in.
    pub(super) fn register(registry: &mut Registry, eids: &[String]) -> Self {
        let proofs = Family::<[(&'static str, String); 2], Counter>::default();
        let proved = eids.iter().map(|eid| {
            let counters = OUTCOMES.map(|outcome| {
                let labels = [("eid", eid.clone()), ("outcome", word(outcome).to_owned())];
                proofs.get_or_create_owned(&labels)
            });
            (eid.clone(), counters)
        });
        let proved = proved.collect();
        registry.register(
            "logins",
            "Turns of people at ways to log in that came to an end",
            proofs.clone(),
        );
        let answered = Counter::default();
        registry.register(
            "authorization_answers",
            "Answers that browsers brought to clients, codes and errors",
            answered.clone(),
        );
        let grants = Family::<Labels<1>, Counter>::default();
        let issued = |grant| grants.get_or_create_owned(&[("grant", grant)]);
        let (codes, refreshes) = (issued("authorization_code"), issued("refresh_token"));
        registry.register(
            "login_tokens",
            "Times that clients of logged-in people got tokens",
            grants.clone(),
        );
        let logged_out = Counter::default();
        registry.register("logouts", "Sessions that people ended", logged_out.clone());
        let refusals = Family::<Labels<2>, Counter>::default();
        let refused = LoginRefusalCode::ALL.iter().map(|code| {
            let outcome = if code.row().http_status < 500 {
                "refused"
            } else {
                "failed"
            };
            refusals.get_or_create_owned(&[("outcome", outcome), ("refusal", code.name())])
        });
        let refused = refused.collect();
        registry.register(
            "login_refusals",
            "Refusals of the login surface, by row of its table of refusals",
            refusals.clone(),
        );
        Self {
            proved,
            answered,
            codes,
            refreshes,
            logged_out,
            refused,
        }
    }

    fn counter(&self, event: Event<'_>) -> Option<&Counter> {
        match event {
            Event::Refused(denied) => self.refused.get(denied.refusal.code() as usize),
            Event::Proved { eid, outcome } => {
                let mut known = self.proved.iter();
                let (_, counters) = known.find(|(known, _)| *known == eid)?;
                let place = OUTCOMES.iter().position(|known| *known == outcome)?;
                counters.get(place)
            }
            Event::Answered => Some(&self.answered),
            Event::Issued(Grant::AuthorizationCode) => Some(&self.codes),
            Event::Issued(Grant::RefreshToken) => Some(&self.refreshes),
            Event::LoggedOut => Some(&self.logged_out),
        }
    }
}

impl Observer for LoginMeter {
    fn heard(&self, event: Event<'_>) {
        if let Some(counter) = self.counter(event) {
            counter.inc();
        }
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "completed",
        Outcome::Cancelled => "cancelled",
        Outcome::Failed => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_its_place_in_the_table() {
        for (place, code) in LoginRefusalCode::ALL.iter().enumerate() {
            assert_eq!(*code as usize, place);
        }
    }
}
