//! When a certificate is made, trusted, used and forgotten.

use super::Generation;

/// How long things last, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// A certificate.
    pub lifetime: i64,
    /// The next one is made when the present one has less than this left.
    pub renew_before: i64,
    /// The next one is used when the API server has been told of its authority for so long: every API server of
    /// the cluster, and every replica of the operator, has heard of it by then.
    pub settle: i64,
}

impl Default for Schedule {
    /// Ninety days, of which the last thirty are there for mending what keeps the next one from being made.
    fn default() -> Self {
        const DAY: i64 = 24 * 60 * 60;
        Self {
            lifetime: 90 * DAY,
            renew_before: 30 * DAY,
            settle: 5 * 60,
        }
    }
}

/// Everything that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// What replicas serve with.
    pub current: Generation,
    /// What they will serve with.
    pub next: Option<Next>,
    /// Authorities of former generations, in PEM, whose certificates a replica may still serve with.
    pub former: Vec<String>,
}

/// A generation that is trusted before it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// The generation.
    pub generation: Generation,
    /// Since when the API server has been told of its authority, in seconds since 1970.
    pub trusted_since: Option<i64>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A first generation, used at once: there is none that works, or it was put back.
    Begin,
    /// A next generation.
    Prepare,
    /// Note that the API server has been told of the next one.
    Trust,
    /// Note that it has not, although it had.
    Distrust,
    /// Use the next one.
    Promote,
    /// Forget authorities whose certificates have expired.
    Forget,
    /// Nothing.
    Rest,
}

/// What is to be done now. `told` is what the API server has been told to trust, in PEM; `is_asked` says that
/// somebody wants another certificate.
pub fn decide(wallet: &Wallet, told: &str, is_asked: bool, now: i64, schedule: &Schedule) -> Step {
    if wallet.current.not_after() <= now {
        return Step::Begin;
    }
    let Some(next) = &wallet.next else {
        let is_due = wallet.current.not_after() - now < schedule.renew_before;
        return match (is_due || is_asked, wallet.has_expired_authorities(now)) {
            (true, _) => Step::Prepare,
            (false, true) => Step::Forget,
            (false, false) => Step::Rest,
        };
    };
    let is_told = told.contains(next.generation.authority().trim());
    match next.trusted_since {
        None if is_told => Step::Trust,
        Some(_) if !is_told => Step::Distrust,
        Some(since) if now - since >= schedule.settle => Step::Promote,
        _ => Step::Rest,
    }
}

impl Wallet {
    /// A first generation.
    pub fn begin(current: Generation) -> Self {
        Self {
            current,
            next: None,
            former: Vec::new(),
        }
    }

    /// With a next generation, which is not yet trusted.
    #[must_use]
    pub fn prepared(self, generation: Generation) -> Self {
        let trusted_since = None;
        Self {
            next: Some(Next {
                generation,
                trusted_since,
            }),
            ..self
        }
    }

    /// With the time since when the next generation is trusted.
    #[must_use]
    pub fn trusted(self, trusted_since: Option<i64>) -> Self {
        let next = self.next.map(|next| Next {
            trusted_since,
            ..next
        });
        Self { next, ..self }
    }

    /// With the next generation in use. The authority of the one before stays.
    #[must_use]
    pub fn promoted(mut self, now: i64) -> Self {
        if let Some(next) = self.next.take() {
            self.former.push(self.current.authority().to_owned());
            self.current = next.generation;
        }
        self.cleaned(now)
    }

    /// Without authorities whose certificates have expired.
    #[must_use]
    pub fn cleaned(mut self, now: i64) -> Self {
        self.former.retain(|authority| !has_expired(authority, now));
        self
    }

    /// What the API server is to trust, in PEM.
    pub fn authorities(&self) -> String {
        let next = self.next.as_ref().map(|next| next.generation.authority());
        let each = [self.current.authority()].into_iter().chain(next);
        let each = each.chain(self.former.iter().map(String::as_str));
        let each: Vec<_> = each.map(str::trim).collect();
        each.join("\n") + "\n"
    }

    fn has_expired_authorities(&self, now: i64) -> bool {
        let mut former = self.former.iter();
        former.any(|authority| has_expired(authority, now))
    }
}

/// An authority ends when its certificate does. What cannot be read is of no use.
fn has_expired(authority: &str, now: i64) -> bool {
    super::generation::not_after_of(authority).map_or(true, |not_after| not_after <= now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_772_442_900;

    const SCHEDULE: Schedule = Schedule {
        lifetime: 900,
        renew_before: 300,
        settle: 10,
    };

    fn made(at: i64) -> Generation {
        Generation::make(&["a.example".to_owned()], at, SCHEDULE.lifetime).unwrap()
    }

    fn step(wallet: &Wallet, told: &str, now: i64) -> Step {
        decide(wallet, told, false, now, &SCHEDULE)
    }

    /// What replicas do from here on, with an API server that hears of everything at once.
    #[test]
    fn the_next_certificate_is_used_when_it_has_been_trusted_for_a_while() {
        let first = Wallet::begin(made(NOW));
        let told = first.authorities();
        assert_eq!(step(&first, &told, NOW), Step::Rest);
        assert_eq!(step(&first, &told, NOW + 600), Step::Rest);
        assert_eq!(step(&first, &told, NOW + 601), Step::Prepare);

        let prepared = first.clone().prepared(made(NOW + 601));
        assert_eq!(step(&prepared, &told, NOW + 602), Step::Rest);
        let told = prepared.authorities();
        assert!(told.contains(first.current.authority().trim()));
        assert_eq!(step(&prepared, &told, NOW + 602), Step::Trust);
        let trusted = prepared.trusted(Some(NOW + 602));
        assert_eq!(step(&trusted, &told, NOW + 611), Step::Rest);
        assert_eq!(step(&trusted, &told, NOW + 612), Step::Promote);
        // Whoever has put the former text back has made it unknown again.
        assert_eq!(
            step(&trusted, &first.authorities(), NOW + 612),
            Step::Distrust
        );

        let promoted = trusted.promoted(NOW + 612);
        assert_ne!(promoted.current, first.current);
        assert!(
            promoted
                .authorities()
                .contains(first.current.authority().trim())
        );
        assert_eq!(step(&promoted, &told, NOW + 899), Step::Rest);
        assert_eq!(step(&promoted, &told, NOW + 900), Step::Forget);
        let cleaned = promoted.cleaned(NOW + 900);
        assert!(
            !cleaned
                .authorities()
                .contains(first.current.authority().trim())
        );
        assert_eq!(step(&cleaned, &told, NOW + 900), Step::Rest);
    }

    #[test]
    fn an_expired_certificate_is_replaced_at_once_and_another_on_request() {
        let wallet = Wallet::begin(made(NOW));
        assert_eq!(step(&wallet, "", NOW + 900), Step::Begin);
        assert_eq!(decide(&wallet, "", true, NOW, &SCHEDULE), Step::Prepare);
        let prepared = wallet.prepared(made(NOW));
        assert_eq!(decide(&prepared, "", true, NOW, &SCHEDULE), Step::Rest);
    }

    #[test]
    fn a_former_authority_that_cannot_be_read_is_forgotten() {
        let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let (whole, former) = (Wallet::begin(made(NOW)), made(NOW));
        let wallet = Wallet {
            former: vec![damaged.to_owned(), former.authority().to_owned()],
            ..whole
        };
        assert_eq!(step(&wallet, &wallet.authorities(), NOW), Step::Forget);
        let cleaned = wallet.cleaned(NOW);
        assert_eq!(cleaned.former, [former.authority()]);
        assert_eq!(step(&cleaned, &cleaned.authorities(), NOW), Step::Rest);
    }

    #[test]
    fn a_key_is_not_shown() {
        let shown = format!("{:?}", Wallet::begin(made(NOW)));
        assert!(
            !shown.contains("PRIVATE") && !shown.contains("BEGIN"),
            "{shown}"
        );
    }
}
