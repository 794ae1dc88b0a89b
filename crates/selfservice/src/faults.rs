//! Faults of texts that every resource refuses, and faults of two readers put together.

use portvakt_core::administration::{FieldFault, FieldFaults};
use url::Url;

/// The longest address that is kept, in characters.
const MAX_URI_CHARACTERS: usize = 2000;

/// Refuses control characters: a text for people, on one line.
pub(crate) fn line(faults: &mut FieldFaults, field: &str, text: Option<&str>) {
    if text.is_some_and(|text| text.chars().any(char::is_control)) {
        faults.invalid(field, "has a control character");
    }
}

/// Refuses control characters but those that end lines and indent them.
pub(crate) fn paragraphs(faults: &mut FieldFaults, field: &str, text: Option<&str>) {
    let is_steering = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.is_some_and(|text| text.chars().any(is_steering)) {
        faults.invalid(field, "has a control character");
    }
}

/// Refuses what is no absolute `http` or `https` address.
pub(crate) fn web_address(faults: &mut FieldFaults, field: &str, text: Option<&str>) {
    let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    address(
        faults,
        field,
        text,
        is_web,
        "is not an absolute http or https address",
    );
}

/// Refuses what is no absolute address of any scheme; native clients have their own.
pub(crate) fn any_address(faults: &mut FieldFaults, field: &str, text: Option<&str>) {
    address(faults, field, text, |_| true, "is not an absolute address");
}

fn address(
    faults: &mut FieldFaults,
    field: &str,
    text: Option<&str>,
    accept: impl Fn(&Url) -> bool,
    message: &str,
) {
    let Some(text) = text else {
        return;
    };
    if text.chars().count() > MAX_URI_CHARACTERS {
        faults.invalid(
            field,
            format!("has more than {MAX_URI_CHARACTERS} characters"),
        );
    } else if text.chars().any(|c| c.is_control() || c.is_whitespace())
        || !Url::parse(text).is_ok_and(|url| accept(&url))
    {
        faults.invalid(field, message);
    }
}

/// Adds what another reader found, except about attributes that have a fault already.
pub(crate) fn merge(faults: &mut FieldFaults, others: FieldFaults) {
    let attribute = |fault: &FieldFault| {
        let end = fault.field.find('[').unwrap_or(fault.field.len());
        fault.field[..end].to_owned()
    };
    let known: Vec<_> = faults.invalid.iter().map(attribute).collect();
    let is_new = |fault: &FieldFault| !known.contains(&attribute(fault));
    faults
        .invalid
        .extend(others.invalid.into_iter().filter(is_new));
    faults
        .forbidden
        .extend(others.forbidden.into_iter().filter(is_new));
}
