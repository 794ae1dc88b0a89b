//! Addresses that pages lead to. What could run a script, or lead elsewhere than it says, has no
//! type.

use std::fmt;

use url::Url;

/// The longest address that is written to a page, in bytes.
const MAX_LENGTH: usize = 4000;

/// An address on the web that a link or a frame may lead to: `https`, or also `http` in a test
/// environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebAddress(String);

impl WebAddress {
    /// Reads an absolute address. `None` if a page may not lead there.
    pub fn parse(text: &str, plain: Plain) -> Option<Self> {
        let url = parse(text)?;
        let allowed = match url.scheme() {
            "https" => true,
            "http" => plain == Plain::Allowed,
            _ => false,
        };
        // What is before an @ looks like the host and is none.
        let named = url.username().is_empty() && url.password().is_none();
        (allowed && named && Origin::of(&url).is_some()).then(|| Self(url.into()))
    }

    /// Where it leads, as content security policies name it.
    pub(super) fn origin(&self) -> Option<Origin> {
        parse(&self.0).as_ref().and_then(Origin::of)
    }
}

/// Whether unencrypted addresses are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain {
    /// In test environments.
    Allowed,
    /// Everywhere else.
    Refused,
}

/// A registered address that a browser returns to: on the web, or of an installed application by a
/// private-use scheme with a dot (RFC 8252 §7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnAddress {
    text: String,
    origin: Origin,
}

impl ReturnAddress {
    /// Reads an absolute address. `None` if a page may not lead there.
    pub fn parse(text: &str) -> Option<Self> {
        let url = parse(text)?;
        let allowed = matches!(url.scheme(), "https" | "http") || url.scheme().contains('.');
        let origin = Origin::of(&url).filter(|_| allowed)?;
        let text = text.to_owned();
        Some(Self { text, origin })
    }

    pub(super) fn origin(&self) -> Origin {
        self.origin.clone()
    }
}

/// A path of this server, with its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPath(String);

impl LocalPath {
    /// Reads a path. `None` if browsers could read it as another server's address.
    pub fn parse(text: &str) -> Option<Self> {
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        let local = text.starts_with('/') && !text.starts_with("//") && !text.contains('\\');
        (printable && local && !text.contains('#') && text.len() <= MAX_LENGTH)
            .then(|| Self(text.to_owned()))
    }

    /// The same page in another language: the path with a parameter more.
    pub(super) fn with_language(&self, language: super::Language) -> String {
        let separator = if self.0.contains('?') { '&' } else { '?' };
        format!("{}{separator}lang={language}", self.0)
    }
}

/// A source as content security policies write it: scheme, host and port, or the scheme alone where
/// there is no host. It holds no character that means something in a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin(String);

impl Origin {
    fn of(url: &Url) -> Option<Self> {
        let text = match url.scheme() {
            "https" | "http" => url.origin().ascii_serialization(),
            scheme => format!("{scheme}:"),
        };
        let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b".-+_:/[]".contains(&byte);
        text.bytes().all(harmless).then_some(Self(text))
    }
}

/// An address that browsers read as it is written: they drop tabs and line breaks in the middle and
/// blanks around.
fn parse(text: &str) -> Option<Url> {
    let plain = !text.chars().any(|character| {
        character.is_control() || character.is_whitespace() || super::name::is_invisible(character)
    });
    (plain && text.len() <= MAX_LENGTH)
        .then(|| Url::parse(text).ok())
        .flatten()
}

impl fmt::Display for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ReturnAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for LocalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each runs a script, reads a file or hides where it leads.
    const HOSTILE: [&str; 14] = [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "\u{1}javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
        "file:///etc/passwd",
        "blob:https://eksempel.no/1",
        "about:blank",
        "//ond.example/",
        "/login",
        "ftp://eksempel.no/",
        "",
    ];

    #[test]
    fn what_could_run_or_mislead_is_no_address() {
        for text in HOSTILE {
            assert_eq!(WebAddress::parse(text, Plain::Allowed), None, "{text:?}");
            assert_eq!(ReturnAddress::parse(text), None, "{text:?}");
        }
        for text in [
            "https://skatteetaten.no@ond.example/",
            "http://eksempel.no/",
        ] {
            assert_eq!(WebAddress::parse(text, Plain::Refused), None, "{text:?}");
        }
        assert!(WebAddress::parse("http://eksempel.no/", Plain::Allowed).is_some());
    }

    #[test]
    fn a_host_adds_nothing_to_a_policy() {
        for text in [
            "https://a;script-src.example/",
            "https://a,b.example/",
            "https://a'b/",
        ] {
            assert_eq!(WebAddress::parse(text, Plain::Refused), None, "{text}");
            assert_eq!(ReturnAddress::parse(text), None, "{text}");
        }
    }

    #[track_caller]
    fn check_origin(text: &str, origin: &str) {
        let address = ReturnAddress::parse(text).expect(text);
        assert_eq!(address.origin().to_string(), origin);
        assert_eq!(address.to_string(), text, "it is returned to as registered");
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        check_origin("https://eksempel.no/retur?a=1", "https://eksempel.no");
        check_origin("https://eksempel.no:8443", "https://eksempel.no:8443");
        check_origin("http://[::1]:4000/cb", "http://[::1]:4000");
        check_origin("no.eksempel.app:/cb", "no.eksempel.app:");
        check_origin("https://blåbær.no/", "https://xn--blbr-roah.no");
    }

    #[test]
    fn a_path_is_of_this_server() {
        for text in [
            "https://a.no/",
            "//a.no",
            "/\\a.no",
            "login",
            "/a b",
            "/a#b",
            "/\n/a.no",
            "",
        ] {
            assert_eq!(LocalPath::parse(text), None, "{text:?}");
        }
        let language = super::super::Language::Nynorsk;
        let path = |text| LocalPath::parse(text).unwrap().with_language(language);
        assert_eq!(path("/logout"), "/logout?lang=nn");
        assert_eq!(path("/login?txn=a"), "/login?txn=a&lang=nn");
    }
}
