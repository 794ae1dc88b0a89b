//! Addresses of e-mail, as what people are known by who registered themselves.

use std::fmt;

/// The longest address, in bytes (RFC 5321 §4.5.3.1.3, without the brackets).
const MAX_BYTES: usize = 254;
/// The longest part before the `@`, in bytes (RFC 5321 §4.5.3.1.1).
const MAX_LOCAL: usize = 64;
/// The longest name between two dots of a domain, in bytes (RFC 1035 §2.3.4).
const MAX_LABEL: usize = 63;

/// An address of e-mail in its normal form: without spaces around it, and in lower case. The same
/// address is the same person, and hardly any server tells letters apart by their case.
///
/// What is accepted is what people have: a local part of atoms (RFC 5322 §3.2.3) and a domain with a
/// dot, in ASCII. Quoted local parts and addresses of machines are not.
///
/// It is personal: `Debug` hides it and there is no `Display`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(Box<str>);

impl EmailAddress {
    /// Reads an address.
    pub fn parse(text: &str) -> Result<Self, InvalidEmailAddress> {
        let address = text.trim_ascii().to_ascii_lowercase();
        let (local, domain) = address.split_once('@').ok_or(InvalidEmailAddress)?;
        let fits = address.len() <= MAX_BYTES && is_local(local) && is_domain(domain);
        if fits {
            Ok(Self(address.into()))
        } else {
            Err(InvalidEmailAddress)
        }
    }

    /// The address, for the claim, the message and the store and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

fn is_local(text: &str) -> bool {
    let atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    let mut atoms = text.split('.');
    text.len() <= MAX_LOCAL && atoms.all(|text| !text.is_empty() && text.bytes().all(atom))
}

fn is_domain(text: &str) -> bool {
    let label = |text: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=MAX_LABEL).contains(&text.len())
            && text.bytes().all(allowed)
            && !text.starts_with('-')
            && !text.ends_with('-')
    };
    let top = text.rsplit('.').next().unwrap_or_default();
    // An address of digits alone is a machine's.
    text.contains('.') && text.split('.').all(label) && !top.bytes().all(|b| b.is_ascii_digit())
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EmailAddress(hidden)")
    }
}

/// A text that is not an address of e-mail. The text is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address of e-mail")]
pub struct InvalidEmailAddress;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_into_its_normal_form() {
        for (text, normal) in [
            ("kari@eksempel.no", "kari@eksempel.no"),
            (
                "  Kari.Nordmann+test@Eksempel.NO ",
                "kari.nordmann+test@eksempel.no",
            ),
            ("o'brien@a-b.xn--p1ai", "o'brien@a-b.xn--p1ai"),
        ] {
            assert_eq!(EmailAddress::parse(text).unwrap().expose(), normal);
        }
    }

    #[test]
    fn what_is_no_address_of_a_person_is_refused() {
        let long_local = format!("{}@eksempel.no", "a".repeat(MAX_LOCAL + 1));
        let long_label = format!("a@{}.no", "a".repeat(MAX_LABEL + 1));
        let long = format!("a@{}no", "eksempel.".repeat(30));
        for text in [
            "",
            "kari",
            "@eksempel.no",
            "kari@",
            "kari@eksempel",
            "kari@@eksempel.no",
            "kari@eksempel.no@b.no",
            ".kari@eksempel.no",
            "ka..ri@eksempel.no",
            "kari@-eksempel.no",
            "kari@eksempel-.no",
            "kari@eksempel..no",
            "kari@127.0.0.1",
            "kari nordmann@eksempel.no",
            "kari@eksempel.no\r\nBcc: a@b.no",
            "\"kari\"@eksempel.no",
            "kåre@eksempel.no",
            "kari@eksempel.nо",
            &long_local,
            &long_label,
            &long,
        ] {
            assert_eq!(
                EmailAddress::parse(text),
                Err(InvalidEmailAddress),
                "{text:?}"
            );
        }
    }

    #[test]
    fn debug_hides_the_address() {
        let address = EmailAddress::parse("kari@eksempel.no").unwrap();
        assert_eq!(format!("{address:?}"), "EmailAddress(hidden)");
    }
}
