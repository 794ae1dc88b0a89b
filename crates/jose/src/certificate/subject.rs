//! The organization number in a subject, by the safer order of maskinporten §6.2: organizationIdentifier
//! decides alone, then serialNumber, then O; attributes that disagree refuse the certificate.

use x509_parser::asn1_rs::{Any, Oid, Tag, oid};
use x509_parser::x509::X509Name;

use super::OrganizationNumberError;

static SERIAL_NUMBER: Oid<'static> = oid!(2.5.4.5);
static ORGANIZATION_NAME: Oid<'static> = oid!(2.5.4.10);
static ORGANIZATION_IDENTIFIER: Oid<'static> = oid!(2.5.4.97);

const NUMBER_DIGITS: usize = 9;

/// Every value of an attribute, in any RDN and at any place in it; `None` for one that cannot be decoded.
pub(super) fn values<'n>(
    name: &'n X509Name<'_>,
    attribute: &'n Oid<'_>,
) -> impl Iterator<Item = Option<String>> + 'n {
    name.iter_attributes()
        .filter(move |candidate| candidate.attr_type() == attribute)
        .map(|candidate| decode(candidate.attr_value()))
}

pub(super) fn organization_number(name: &X509Name<'_>) -> Result<String, OrganizationNumberError> {
    let identifiers: Vec<_> = values(name, &ORGANIZATION_IDENTIFIER)
        .map(|value| {
            value
                .as_deref()
                .and_then(from_identifier)
                .map(str::to_owned)
        })
        .collect();
    if identifiers.iter().any(Option::is_none) {
        return Err(OrganizationNumberError::UnknownIdentifier);
    }
    let serial_numbers =
        values(name, &SERIAL_NUMBER).map(|value| value.filter(|text| is_number(text)));
    let names = values(name, &ORGANIZATION_NAME)
        .map(|value| value.as_deref().and_then(from_name).map(str::to_owned));
    let mut numbers = identifiers
        .into_iter()
        .chain(serial_numbers)
        .chain(names)
        .flatten();
    let first = numbers.next().ok_or(OrganizationNumberError::Missing)?;
    if numbers.all(|number| number == first) {
        Ok(first)
    } else {
        Err(OrganizationNumberError::Conflict)
    }
}

/// `^(NTRNO-|PSDNO-[A-Z]+-)?[0-9]{9}$`
fn from_identifier(text: &str) -> Option<&str> {
    let number = if let Some(number) = text.strip_prefix("NTRNO-") {
        number
    } else if let Some(rest) = text.strip_prefix("PSDNO-") {
        let (authority, number) = rest.split_once('-')?;
        let named = !authority.is_empty() && authority.bytes().all(|b| b.is_ascii_uppercase());
        named.then_some(number)?
    } else {
        text
    };
    is_number(number).then_some(number)
}

/// Some text, a hyphen, characters that are not part of words, nine digits, and nothing after them.
fn from_name(text: &str) -> Option<&str> {
    let digits = text.len().checked_sub(NUMBER_DIGITS)?;
    let (before, number) = text.split_at_checked(digits)?;
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let words = before.trim_end_matches(|character| !is_word(character));
    let separated = before[words.len()..].contains('-');
    (is_number(number) && separated && !words.is_empty()).then_some(number)
}

fn is_number(text: &str) -> bool {
    text.len() == NUMBER_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn decode(value: &Any<'_>) -> Option<String> {
    match value.tag() {
        Tag::PrintableString | Tag::Utf8String | Tag::Ia5String | Tag::NumericString => {
            String::from_utf8(value.data.to_vec()).ok()
        }
        Tag::BmpString => decode_utf16(value.data),
        // T.61 as certificate authorities write it is Latin-1.
        Tag::T61String => Some(value.data.iter().copied().map(char::from).collect()),
        _ => None,
    }
}

fn decode_utf16(bytes: &[u8]) -> Option<String> {
    let (units, odd) = bytes.as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    char::decode_utf16(units.iter().map(|unit| u16::from_be_bytes(*unit)))
        .collect::<Result<_, _>>()
        .ok()
}

#[cfg(test)]
mod tests;
