//! What people are known by: national identity numbers, foreign identities, addresses of e-mail.

mod birth_date;
mod email;
mod foreign;
mod login_number;

use std::fmt;

pub use self::birth_date::{BirthDate, InvalidBirthDate};
pub use self::email::{EmailAddress, InvalidEmailAddress};
pub use self::foreign::{EidasIdentifier, IdentityMatch, InvalidEidasIdentifier};
pub use self::login_number::{AcceptedNumbers, NumberKind, NumberSeries, RejectedNumber};
use crate::contact::Contact;

/// A person's national identity number: eleven digits whose syntax was checked.
///
/// It never appears in logs, errors or metrics: `Debug` hides it and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Pid(Box<str>);

/// How much of the syntax is checked (spec: maskinporten §9.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PidCheck {
    /// Eleven digits, a date, both control digits. Production.
    #[default]
    Strict,
    /// As [`PidCheck::Strict`] without the first control digit, which numbers issued from 2032 may fail.
    SecondControlDigit,
    /// Eleven digits. Development, where documented examples fail the control digits.
    LengthOnly,
}

impl Pid {
    /// Reads a national identity number. Synthetic populations (month + 40, + 65, + 80) pass.
    pub fn parse(text: &str, check: PidCheck) -> Result<Self, InvalidPid> {
        let digits: [u8; 11] = text.as_bytes().try_into().map_err(|_| InvalidPid)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(InvalidPid);
        }
        let digits = digits.map(|digit| digit - b'0');
        let valid = match check {
            PidCheck::LengthOnly => true,
            PidCheck::SecondControlDigit => has_date(&digits) && second_control_digit(&digits),
            PidCheck::Strict => {
                has_date(&digits) && first_control_digit(&digits) && second_control_digit(&digits)
            }
        };
        if valid {
            Ok(Self(text.into()))
        } else {
            Err(InvalidPid)
        }
    }

    /// The eleven digits, for the token's `pid` claim and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

fn has_date(digits: &[u8; 11]) -> bool {
    let pair = |at: usize| digits[at] * 10 + digits[at + 1];
    let day = if pair(0) > 40 { pair(0) - 40 } else { pair(0) };
    let month = match pair(2) {
        month @ 1..=12 => month,
        month @ 41..=52 => month - 40,
        month @ 66..=77 => month - 65,
        month @ 81..=92 => month - 80,
        _ => return false,
    };
    // The century is not known here, so 29 February always passes.
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (1..=days).contains(&day)
}

fn first_control_digit(digits: &[u8; 11]) -> bool {
    control_digit(&[3, 7, 6, 1, 8, 9, 4, 5, 2], digits) == Some(digits[9])
}

fn second_control_digit(digits: &[u8; 11]) -> bool {
    control_digit(&[5, 4, 3, 2, 7, 6, 5, 4, 3, 2], digits) == Some(digits[10])
}

fn control_digit(weights: &[u16], digits: &[u8; 11]) -> Option<u8> {
    let sum: u16 = weights
        .iter()
        .zip(digits)
        .map(|(weight, digit)| weight * u16::from(*digit))
        .sum();
    match 11 - sum % 11 {
        11 => Some(0),
        10 => None,
        check => u8::try_from(check).ok(),
    }
}

impl fmt::Debug for Pid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Pid(hidden)")
    }
}

/// A text that is not a national identity number. The text is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid national identity number of eleven digits")]
pub struct InvalidPid;

/// A test person of a registry file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// National identity number; synthetic.
    pub pid: Pid,
    /// Shown in test logins.
    pub name: String,
    /// How they are reached, if they are in the contact registry. Saving somebody without it leaves
    /// their record as it is.
    pub contact: Option<Contact>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_wants_a_date_and_both_control_digits() {
        // 11849000170 is synthetic (month + 80); its control digits are computed by the rule.
        for valid in ["17869010057", "11849000170"] {
            assert!(Pid::parse(valid, PidCheck::LengthOnly).is_ok());
        }
        let made = (0..100)
            .map(|k| format!("118490001{k:02}"))
            .filter(|text| Pid::parse(text, PidCheck::Strict).is_ok());
        assert!(
            made.count() <= 1,
            "at most one pair of control digits fits nine digits"
        );
    }

    #[test]
    fn second_control_digit_alone_accepts_up_to_ten_times_as_many() {
        let count = |check| {
            (0..100_000_u32)
                .filter(|n| Pid::parse(&format!("118490{n:05}"), check).is_ok())
                .count()
        };
        let (strict, relaxed) = (count(PidCheck::Strict), count(PidCheck::SecondControlDigit));
        assert!(strict > 500 && relaxed > 5 * strict, "{strict} {relaxed}");
    }

    #[test]
    fn no_check_accepts_anything_but_eleven_digits() {
        for text in [
            "",
            "1184900017",
            "118490001700",
            "1184900017x",
            "１１８４９００",
        ] {
            assert_eq!(Pid::parse(text, PidCheck::LengthOnly), Err(InvalidPid));
        }
    }

    #[test]
    fn impossible_dates_are_refused_and_d_numbers_are_dates() {
        let digits = |text: &str| {
            let bytes: [u8; 11] = text.as_bytes().try_into().unwrap();
            bytes.map(|digit| digit - b'0')
        };
        for (text, expected) in [
            ("01019000000", true),
            ("41019000000", true),
            ("71019000000", true),
            ("72019000000", false),
            ("31049000000", false),
            ("00019000000", false),
            ("01139000000", false),
            ("01419000000", true),
            ("01669000000", true),
            ("01819000000", true),
            ("01939000000", false),
        ] {
            assert_eq!(has_date(&digits(text)), expected, "{text}");
        }
    }

    #[test]
    fn debug_hides_the_number() {
        let pid = Pid::parse("17869010057", PidCheck::LengthOnly).unwrap();
        assert!(!format!("{pid:?}").contains("1786"));
    }
}
