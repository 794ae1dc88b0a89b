//! Which national identity numbers a login may yield (spec: idporten §18.2).
//!
//! A number's kind is written into its date: the registers add 20, 40, 60 or 80 to the month, or 40
//! to the day. Nothing else is read from a number: from 2032 it says neither century nor sex.

use super::Pid;
use crate::entropy::{Entropy, EntropyUnavailable};

const FIRST_WEIGHTS: [u16; 10] = [3, 7, 6, 1, 8, 9, 4, 5, 2, 1];
const SECOND_WEIGHTS: [u16; 11] = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1];

/// What is added to the month, which says who assigned the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberSeries {
    /// Nothing: the population register.
    Population,
    /// 20: a person id of the health service (NPID).
    Npid,
    /// 40: a help number, or an agency's own synthetic series.
    Help,
    /// 60: a synthetic NPID.
    SyntheticNpid,
    /// 80: the synthetic population register ("Tenor").
    Synthetic,
}

/// What kind of number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberKind {
    /// Who assigned it.
    pub series: NumberSeries,
    /// 40 is added to the day: a D-number, for temporary residents.
    pub d_number: bool,
}

/// Which kinds a deployment accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcceptedNumbers {
    /// Synthetic ones of the population register, D-numbers included. Test environments.
    SyntheticOnly,
    /// Those of real people: fødselsnummer and D-numbers. Production.
    RealOnly,
    /// Both: where testers log in beside real people.
    RealAndSynthetic,
}

/// Why a text is not accepted as the number of a person who logs in. The text is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RejectedNumber {
    /// Not eleven digits.
    #[error("is not eleven digits")]
    Format,
    /// No date, or control digits that do not fit.
    #[error("is no national identity number: its date or its control digits are wrong")]
    Check,
    /// Right in itself, and of a kind that is not accepted here.
    #[error("is of a kind that is not accepted here")]
    Kind(NumberKind),
}

impl AcceptedNumbers {
    fn accepts(self, kind: NumberKind) -> bool {
        let (real, synthetic) = match self {
            Self::SyntheticOnly => (false, true),
            Self::RealOnly => (true, false),
            Self::RealAndSynthetic => (true, true),
        };
        match kind.series {
            NumberSeries::Population => real,
            NumberSeries::Synthetic => synthetic,
            NumberSeries::Npid | NumberSeries::Help | NumberSeries::SyntheticNpid => false,
        }
    }
}

impl NumberKind {
    /// The kind of a number with a date and control digits that fit.
    fn of(digits: &[u8; 11]) -> Option<Self> {
        let pair = |at: usize| digits[at] * 10 + digits[at + 1];
        let (day, d_number) = match pair(0) {
            day @ 41.. => (day - 40, true),
            day => (day, false),
        };
        let (month, series) = match pair(2) {
            month @ 0..=19 => (month, NumberSeries::Population),
            month @ 20..=39 => (month - 20, NumberSeries::Npid),
            month @ 40..=59 => (month - 40, NumberSeries::Help),
            month @ 60..=79 => (month - 60, NumberSeries::SyntheticNpid),
            month => (month - 80, NumberSeries::Synthetic),
        };
        let in_order = (1..=days_in(month, pair(4))).contains(&day) && control_digits_fit(digits);
        in_order.then_some(Self { series, d_number })
    }
}

/// The days of a month; none in a month that does not exist. The century is unknown, so every
/// fourth year is a leap year.
fn days_in(month: u8, year: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) => 29,
        2 => 28,
        _ => 0,
    }
}

/// The rule since 1964, and that for numbers issued from 2032, which lets the first sum leave a
/// remainder of up to three.
fn control_digits_fit(digits: &[u8; 11]) -> bool {
    remainder(&FIRST_WEIGHTS, digits) <= 3 && remainder(&SECOND_WEIGHTS, digits) == 0
}

fn remainder(weights: &[u16], digits: &[u8]) -> u16 {
    let products = weights.iter().zip(digits);
    let sum: u16 = products.map(|(w, digit)| w * u16::from(*digit)).sum();
    sum % 11
}

impl Pid {
    /// Reads the number of a person who logs in.
    pub fn accept(text: &str, accepted: AcceptedNumbers) -> Result<Self, RejectedNumber> {
        let digits = digits(text).ok_or(RejectedNumber::Format)?;
        let kind = NumberKind::of(&digits).ok_or(RejectedNumber::Check)?;
        if accepted.accepts(kind) {
            Ok(Self(text.into()))
        } else {
            Err(RejectedNumber::Kind(kind))
        }
    }

    /// Whether it is the number of a person who may log in here.
    pub fn is_accepted(&self, accepted: AcceptedNumbers) -> bool {
        self.kind().is_some_and(|kind| accepted.accepts(kind))
    }

    /// The kind of the number; none if its date or its control digits are wrong.
    pub fn kind(&self) -> Option<NumberKind> {
        NumberKind::of(&digits(&self.0)?)
    }

    /// A random number of the synthetic population register.
    pub fn random_synthetic(entropy: &dyn Entropy) -> Result<Self, EntropyUnavailable> {
        // One choice in nine or so has no control digits that fit, and is made again.
        loop {
            let mut random = [0; 8];
            entropy.fill(&mut random)?;
            if let Some(pid) = synthetic(random) {
                return Ok(pid);
            }
        }
    }
}

/// The synthetic number of a random choice, if control digits fit it.
fn synthetic(random: [u8; 8]) -> Option<Pid> {
    let [day, month, year, individual @ .., _, _] = random;
    let individual = individual.map(|byte| byte % 10);
    let (day, month, year) = (day % 28 + 1, month % 12 + 81, year % 100);
    let nine = [
        day / 10,
        day % 10,
        month / 10,
        month % 10,
        year / 10,
        year % 10,
        individual[0],
        individual[1],
        individual[2],
    ];
    let first = completing(&FIRST_WEIGHTS, &nine)?;
    let mut ten = [0; 10];
    ten[..9].copy_from_slice(&nine);
    ten[9] = first;
    let second = completing(&SECOND_WEIGHTS, &ten)?;
    let all = ten.into_iter().chain([second]);
    let text: String = all.map(|digit| char::from(b'0' + digit)).collect();
    Some(Pid(text.into()))
}

/// The digit of weight 1 that leaves no remainder; there is none if it would have to be ten.
fn completing(weights: &[u16], digits: &[u8]) -> Option<u8> {
    let missing = (11 - remainder(weights, digits)) % 11;
    u8::try_from(missing).ok().filter(|digit| *digit < 10)
}

fn digits(text: &str) -> Option<[u8; 11]> {
    let bytes: [u8; 11] = text.as_bytes().try_into().ok()?;
    bytes
        .iter()
        .all(u8::is_ascii_digit)
        .then(|| bytes.map(|byte| byte - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    fn accept(text: &str) -> Result<(), RejectedNumber> {
        Pid::accept(text, AcceptedNumbers::SyntheticOnly).map(|_| ())
    }

    /// Spec: idporten §18.2, test vectors.
    #[test]
    fn the_vectors_of_the_specification() {
        for synthetic in ["17869010057", "05857430060", "29880051200", "01899940179"] {
            assert_eq!(accept(synthetic), Ok(()), "{synthetic}");
        }
        for d_number in ["57869010040", "41857430008"] {
            assert_eq!(accept(d_number), Ok(()), "{d_number}");
        }
        for either_rule in ["14863245169", "14863245177", "14863245185", "14863245193"] {
            assert_eq!(accept(either_rule), Ok(()), "{either_rule}");
        }
        for wrong_digits in ["17869010170", "17869010058", "17869010067"] {
            assert_eq!(accept(wrong_digits), Err(RejectedNumber::Check));
        }
        assert_eq!(accept("17899010057"), Err(RejectedNumber::Check), "no date");
        for malformed in [
            "1786901005",
            "178690100577",
            "17869 010057",
            "1786901005a",
            "",
        ] {
            assert_eq!(accept(malformed), Err(RejectedNumber::Format));
        }
    }

    /// A number with this beginning and control digits that fit.
    fn completed(nine: &str) -> String {
        let fits = |end: &u32| {
            let text = format!("{nine}{end:02}");
            digits(&text).is_some_and(|digits| NumberKind::of(&digits).is_some())
        };
        let end = (0..100).find(fits).expect("some control digits fit");
        format!("{nine}{end:02}")
    }

    #[test]
    fn each_kind_is_recognized_and_only_the_configured_ones_are_accepted() {
        use NumberSeries::{Help, Npid, Population, Synthetic, SyntheticNpid};
        for (nine, series, d_number) in [
            ("170690100", Population, false),
            ("570690100", Population, true),
            ("172690100", Npid, false),
            ("174690100", Help, false),
            ("176690100", SyntheticNpid, false),
            ("178690100", Synthetic, false),
            ("578690100", Synthetic, true),
        ] {
            let text = completed(nine);
            let kind = NumberKind { series, d_number };
            let expect = |right: bool| {
                if right {
                    Ok(())
                } else {
                    Err(RejectedNumber::Kind(kind))
                }
            };
            assert_eq!(accept(&text), expect(series == Synthetic), "{text}");
            let real = Pid::accept(&text, AcceptedNumbers::RealOnly).map(|_| ());
            assert_eq!(real, expect(series == Population), "{text}");
            let either = series == Population || series == Synthetic;
            let both = Pid::accept(&text, AcceptedNumbers::RealAndSynthetic).map(|_| ());
            assert_eq!(both, expect(either), "{text}");
            let pid = Pid(text.as_str().into());
            assert_eq!(pid.is_accepted(AcceptedNumbers::RealAndSynthetic), either);
        }
    }

    #[test]
    fn dates_exist() {
        for (six, exists) in [
            ("318100", true),
            ("298200", true),
            ("298204", true),
            ("298201", false),
            ("308200", false),
            ("318400", false),
            ("008100", false),
            ("408100", false),
            ("418100", true),
            ("728100", false),
            ("018000", false),
            ("019300", false),
        ] {
            let found = (0..2000).any(|rest| accept(&format!("{six}{rest:05}")).is_ok());
            assert_eq!(found, exists, "{six}");
        }
    }

    #[test]
    fn random_people_are_synthetic_and_differ() {
        let entropy = SeededEntropy::new(7);
        let people: Vec<_> = (0..50)
            .map(|_| Pid::random_synthetic(&entropy).unwrap())
            .collect();
        for pid in &people {
            assert_eq!(accept(pid.expose()), Ok(()));
        }
        assert!(people.windows(2).any(|pair| pair[0] != pair[1]));
    }
}
