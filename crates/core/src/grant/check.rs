//! The checks of a token request in their order, and what came of each.

use crate::refusal::Refusal;

macro_rules! checks {
    ($($check:ident: $title:literal,)*) => {
        /// One check of a token request (spec: maskinporten §7). The order of the variants is the
        /// order in which failures are answered.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Check {
            $(#[doc = $title] $check,)*
        }

        impl Check {
            /// Every check, in order.
            pub const ALL: &'static [Self] = &[$(Self::$check,)*];

            /// What the check asks, for people.
            pub fn title(self) -> &'static str {
                match self { $(Self::$check => $title,)* }
            }

            /// The variant's name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$check => stringify!($check),)* }
            }
        }
    };
}

checks! {
    Shape: "The assertion is a compact JWS with an accepted header.",
    Claims: "The claims are known, complete and of the right types.",
    Client: "The issuer of the grant is an active client for machines.",
    Key: "The header names a key or certificate of the client.",
    Signature: "The signature verifies.",
    Audience: "The audience is this server.",
    Lifetime: "The grant lives at most 120 seconds.",
    IssuedAt: "The grant was not issued in the future.",
    NotBefore: "The grant is valid already.",
    Expiry: "The grant has not expired.",
    OneTimeUse: "The grant was not used before.",
    Resource: "Every `resource` is an absolute URI.",
    Person: "The `pid` is a national identity number.",
    ConsumerOrg: "The `consumer_org` is an organization number.",
    AuthorizationDetails: "The authorization details have a known type and right values.",
    Scopes: "Every scope exists, is active and is registered on the client.",
    IntegrationType: "Every scope admits the client's integration type.",
    ActingFor: "The client may act for the organization that the grant names.",
    Access: "The consumer has access to every scope.",
    Delegation: "The consumer has delegated every scope to the supplier.",
    Party: "The system user or consent exists and holds.",
}

/// What came of one check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// An earlier failure took away what the check needs.
    #[default]
    NotEvaluated,
    /// It holds, or asks nothing of this grant.
    Passed,
    /// It does not hold.
    Failed(Box<Refusal>),
}

/// The outcome of every check of one request.
#[derive(Clone, Debug)]
pub struct Findings([Outcome; Check::ALL.len()]);

impl Default for Findings {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Outcome::NotEvaluated))
    }
}

impl Findings {
    /// Notes a check's result and hands its value on.
    pub fn record<T>(&mut self, check: Check, result: Result<T, Refusal>) -> Option<T> {
        let (outcome, value) = match result {
            Ok(value) => (Outcome::Passed, Some(value)),
            Err(refusal) => (Outcome::Failed(Box::new(refusal)), None),
        };
        self.0[check as usize] = outcome;
        value
    }

    /// What came of a check.
    pub fn outcome(&self, check: Check) -> &Outcome {
        &self.0[check as usize]
    }

    /// The refusal to answer with: that of the first check that failed.
    pub fn first_refusal(&self) -> Option<&Refusal> {
        self.refusals().next().map(|(_, refusal)| refusal)
    }

    /// Every failure, in order.
    pub fn refusals(&self) -> impl Iterator<Item = (Check, &Refusal)> {
        Check::ALL
            .iter()
            .filter_map(|check| match self.outcome(*check) {
                Outcome::Failed(refusal) => Some((*check, refusal.as_ref())),
                Outcome::NotEvaluated | Outcome::Passed => None,
            })
    }

    /// The same without any check after `last`.
    #[must_use]
    pub fn through(&self, last: Check) -> Self {
        let mut kept = self.clone();
        kept.0[last as usize + 1..].fill(Outcome::NotEvaluated);
        kept
    }

    /// The same without whatever comes after the first failure from `first` on.
    #[must_use]
    pub fn through_failure_from(&self, first: Check) -> Self {
        let failure = self.refusals().find(|(check, _)| *check >= first);
        match failure {
            Some((check, _)) => self.through(check),
            None => self.clone(),
        }
    }

    /// Whether every check was made and passed. A check that was not made is no pass.
    pub fn all_passed(&self) -> bool {
        self.0.iter().all(|outcome| *outcome == Outcome::Passed)
    }

    /// Whether every check up to and with `last` was made and passed.
    pub fn passed_through(&self, last: Check) -> bool {
        self.0[..=last as usize]
            .iter()
            .all(|outcome| *outcome == Outcome::Passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_after_a_check_or_a_failure_can_be_left_out() {
        let mut findings = Findings::default();
        for check in Check::ALL {
            findings.record(*check, Ok(()));
        }
        findings.record::<()>(Check::Expiry, Err(Refusal::GrantReplayed));
        findings.record::<()>(Check::Scopes, Err(Refusal::InvalidScopes(Vec::new())));
        let through = findings.through(Check::Expiry);
        assert_eq!(*through.outcome(Check::NotBefore), Outcome::Passed);
        assert_eq!(through.refusals().count(), 1);
        assert_eq!(*through.outcome(Check::OneTimeUse), Outcome::NotEvaluated);
        let cut = findings.through_failure_from(Check::Scopes);
        assert_eq!(cut.refusals().count(), 2);
        assert_eq!(*cut.outcome(Check::Access), Outcome::NotEvaluated);
        let uncut = findings.through_failure_from(Check::Delegation);
        assert_eq!(*uncut.outcome(Check::Party), Outcome::Passed);
    }

    #[test]
    fn the_first_failure_in_order_answers_however_late_it_was_found() {
        let mut findings = Findings::default();
        findings.record::<()>(Check::Scopes, Err(Refusal::InvalidScopes(Vec::new())));
        findings.record::<()>(Check::Signature, Err(Refusal::KeyIdRequired));
        assert_eq!(findings.first_refusal(), Some(&Refusal::KeyIdRequired));
        assert_eq!(findings.refusals().count(), 2);
    }

    #[test]
    fn a_check_that_was_not_made_is_no_pass() {
        let mut findings = Findings::default();
        assert!(!findings.all_passed());
        for check in &Check::ALL[1..] {
            findings.record(*check, Ok(()));
        }
        assert!(!findings.all_passed());
        assert_eq!(findings.first_refusal(), None);
        findings.record(Check::Shape, Ok(()));
        assert!(findings.all_passed() && findings.passed_through(Check::Party));
    }
}
