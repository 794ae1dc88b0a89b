//! Addresses and numbers, as the registry takes them (spec: companion-apis §6.8).

use crate::person::EmailAddress;

/// The longest address of e-mail, in characters.
const MAX_EMAIL: usize = 50;

/// A text that is no address of e-mail. The text is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not an address of e-mail of at most 50 characters")]
pub struct InvalidEmail;

/// A text that is no mobile number. The text is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not a mobile number: 8 to 20 digits, spaces, hyphens and underscores, perhaps after a plus; a \
     Norwegian one begins with 4 or 9"
)]
pub struct InvalidMobile;

/// Whether the registry takes this as an address of e-mail. It is kept as it was entered.
pub fn is_email(text: &str) -> Result<(), InvalidEmail> {
    let fits = text.len() <= MAX_EMAIL && text.trim() == text;
    if fits && EmailAddress::parse(text).is_ok() {
        Ok(())
    } else {
        Err(InvalidEmail)
    }
}

/// Whether the registry takes this as a mobile number. It is kept as it was entered.
pub fn is_mobile(text: &str) -> Result<(), InvalidMobile> {
    let number = text.strip_prefix('+').unwrap_or(text);
    let allowed = |byte: u8| byte.is_ascii_digit() || b"- _".contains(&byte);
    let fits = (8..=20).contains(&text.len()) && !number.is_empty() && number.bytes().all(allowed);
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let national = match () {
        () if text.starts_with('+') => digits.strip_prefix("47"),
        () if digits.len() == 8 => Some(&*digits),
        () => digits.strip_prefix("0047"),
    };
    let first_fits = national.is_none_or(|national| national.starts_with(['4', '9']));
    if fits && first_fits {
        Ok(())
    } else {
        Err(InvalidMobile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_one_at_sign_and_50_characters() {
        for text in ["kari@eksempel.no", "Kari.Nordmann+post@eksempel.no"] {
            assert_eq!(is_email(text), Ok(()), "{text}");
        }
        let long = format!("{}@eksempel.no", "a".repeat(39));
        for text in [
            "",
            "kari",
            "kari@eksempel",
            "a@b@c.no",
            " kari@eksempel.no",
            &long,
        ] {
            assert_eq!(is_email(text), Err(InvalidEmail), "{text}");
        }
    }

    #[test]
    fn norwegian_numbers_begin_with_4_or_9() {
        for text in [
            "+4799999999",
            "004741234567",
            "41234567",
            "+47 999 99 999",
            "+46701234567",
            "412-34_567",
        ] {
            assert_eq!(is_mobile(text), Ok(()), "{text}");
        }
        for text in [
            "",
            "+",
            "1234567",
            "22334455",
            "+4722334455",
            "004722334455",
            "+47999999999999999999",
            "4123456x",
            "++4799999999",
            "41234567\n",
        ] {
            assert_eq!(is_mobile(text), Err(InvalidMobile), "{text}");
        }
    }
}
