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

/// Refuses what no login of any kind may return to: for clients that have none and whose addresses
/// are only kept. The rules of login clients are core's (spec: idporten §3.4).
pub(crate) fn return_address(faults: &mut FieldFaults, field: &str, text: Option<&str>) {
    let text = text.map(|text| text.replacen(":*/", ":0/", 1));
    let message = "is not an absolute ASCII address without fragment and user information";
    let accept = |url: &Url| {
        let runs_here = ["javascript", "data", "file", "about", "blob"].contains(&url.scheme());
        let has_user = !url.username().is_empty() || url.password().is_some();
        !runs_here && !has_user && url.fragment().is_none()
    };
    address(
        faults,
        field,
        text.as_deref().map(ascii_or_nothing),
        accept,
        message,
    );
}

/// The text, or one that is no address.
fn ascii_or_nothing(text: &str) -> &str {
    if text.is_ascii() { text } else { "" }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn is_return_address(text: &str) -> bool {
        let mut faults = FieldFaults::default();
        return_address(&mut faults, "redirect_uris[0]", Some(text));
        faults == FieldFaults::default()
    }

    #[test]
    fn logins_return_to_plain_addresses() {
        for text in [
            "https://havbris.example/inn",
            "https://havbris.example/inn?a=b",
            "http://localhost:3000/inn",
            "http://127.0.0.1:*/inn",
            "http://[::1]:0/inn",
            "no.eksempel.app:/cb",
        ] {
            assert!(is_return_address(text), "{text}");
        }
        for text in [
            "",
            "/inn",
            "havbris.example/inn",
            "https://havbris.example/inn#a",
            "https://havbris.example/inn#",
            "https://a:b@havbris.example/",
            "https://a@havbris.example/",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,a",
            "file:///etc/passwd",
            "blob:https://havbris.example/a",
            "https://hav bris.example/",
            " https://havbris.example/",
            "https://håvbris.example/",
            "https://havbris.example/\n",
            &format!("https://havbris.example/{}", "a".repeat(2000)),
        ] {
            assert!(!is_return_address(text), "{text}");
        }
    }

    #[test]
    fn what_is_known_of_an_attribute_hides_what_follows_from_it() {
        let mut faults = FieldFaults::default();
        faults.invalid("scopes[1]", "is no scope");
        let mut others = FieldFaults::default();
        others.invalid("scopes", "is required");
        others.invalid("client_name", "is required");
        others.forbidden("scopes[0]", "is not yours");
        merge(&mut faults, others);
        let fields = |faults: &[FieldFault]| {
            let fields = faults.iter().map(|fault| fault.field.clone());
            fields.collect::<Vec<_>>()
        };
        assert_eq!(fields(&faults.invalid), ["scopes[1]", "client_name"]);
        assert!(faults.forbidden.is_empty());
    }
}
