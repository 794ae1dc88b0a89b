//! Which addresses a login client may register (spec: idporten §3.4).
//!
//! Whoever answers at such an address receives what a login gives out, so each has to be one that
//! only the client can answer at. Texts are judged as they are written, and a host that a browser
//! would read differently is refused: what is compared later is the text.

mod reach;

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use self::reach::Reach;
pub use self::reach::is_public_address;
use super::ApplicationType;

/// The longest address, in characters.
const MAX_CHARACTERS: usize = 2000;

/// ASCII characters that no address has unencoded (RFC 3986 §2). Browsers read some of them as
/// others.
const NEVER: &[u8] = br#"\"<>^`{|}"#;

/// What kind of deployment the addresses are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UriPolicy {
    /// `https` on hosts that everybody reaches.
    #[default]
    Production,
    /// Plain `http`, private networks and the developer's own machine too.
    Test,
}

/// Why an address cannot be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLoginUri {
    /// More than 2000 characters.
    #[error("has more than {MAX_CHARACTERS} characters")]
    TooLong,
    /// Not absolute, not ASCII, or written in a way that browsers read as another address.
    #[error("is not an absolute address in its plain ASCII form")]
    Malformed,
    /// RFC 6749 §3.1.2.
    #[error("has a fragment")]
    Fragment,
    /// `user@host` hides which host it is.
    #[error("has user information")]
    UserInformation,
    /// Something is left open that may not be.
    #[error(
        "leaves something open: only the port may be, with 0 or *, for a native client on 127.0.0.1, [::1] or localhost"
    )]
    Wildcard,
    /// Not encrypted, or no web address at all.
    #[error("must begin with https://")]
    NotHttps,
    /// The machine at hand has no certificate.
    #[error("is on the machine at hand, which has no certificate: write http://")]
    LocalHttps,
    /// Different machines answer at it for different people.
    #[error("is on a private network or the machine at hand, which everybody has one of")]
    NotPublic,
    /// Not one of the three forms of RFC 8252 §7.
    #[error(
        "must be an https address, http on 127.0.0.1, [::1] or localhost, or have a private-use scheme with a dot, such as no.eksempel.app:/cb"
    )]
    Native,
    /// Not the client's by any other address.
    #[error("has another host than every redirect_uri")]
    OtherHost,
}

/// Whether a login or a logout may return to this address.
pub fn check_return_uri(
    text: &str,
    application_type: ApplicationType,
    policy: UriPolicy,
) -> Result<(), InvalidLoginUri> {
    let address = Address::parse(text)?;
    match application_type {
        ApplicationType::Web | ApplicationType::Browser => address.check_web(policy),
        ApplicationType::Native => address.check_native(),
    }
}

/// Whether a person's browser may be sent to this address when a session ends: its host is that of
/// a redirect URI.
pub fn check_frontchannel_uri(
    text: &str,
    redirect_uris: &[String],
    policy: UriPolicy,
) -> Result<(), InvalidLoginUri> {
    let address = Address::parse(text)?;
    let Address::Web(web) = &address else {
        return Err(InvalidLoginUri::NotHttps);
    };
    if web.port == Port::Any {
        return Err(InvalidLoginUri::Wildcard);
    }
    if policy == UriPolicy::Production && !web.encrypted {
        return Err(InvalidLoginUri::NotHttps);
    }
    let is_host_of = |known: &String| match Address::parse(known) {
        Ok(Address::Web(known)) => known.host == web.host,
        Ok(Address::PrivateUse(_)) | Err(_) => false,
    };
    if redirect_uris.iter().any(is_host_of) {
        Ok(())
    } else {
        Err(InvalidLoginUri::OtherHost)
    }
}

/// As [`check_frontchannel_uri`], for what the server itself calls: in production never a host
/// that is only reached from where the server is.
pub fn check_backchannel_uri(
    text: &str,
    redirect_uris: &[String],
    policy: UriPolicy,
) -> Result<(), InvalidLoginUri> {
    check_frontchannel_uri(text, redirect_uris, policy)?;
    match Address::parse(text)? {
        Address::Web(web)
            if policy == UriPolicy::Production && Reach::of(&web.host) != Reach::Public =>
        {
            Err(InvalidLoginUri::NotPublic)
        }
        Address::Web(_) | Address::PrivateUse(_) => Ok(()),
    }
}

/// An address whose text is in order.
enum Address<'t> {
    Web(WebAddress),
    /// Of a scheme that an app has to itself.
    PrivateUse(&'t str),
}

struct WebAddress {
    encrypted: bool,
    /// In lower case.
    host: Host<String>,
    port: Port,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Port {
    /// Stated, or that of the scheme.
    One,
    /// `0` or `*`.
    Any,
}

impl<'t> Address<'t> {
    fn parse(text: &'t str) -> Result<Self, InvalidLoginUri> {
        if text.chars().count() > MAX_CHARACTERS {
            return Err(InvalidLoginUri::TooLong);
        }
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !NEVER.contains(&byte);
        if !text.bytes().all(is_plain) {
            return Err(InvalidLoginUri::Malformed);
        }
        if text.contains('#') {
            return Err(InvalidLoginUri::Fragment);
        }
        let (scheme, rest) = text.split_once(':').ok_or(InvalidLoginUri::Malformed)?;
        let authority = rest.strip_prefix("//").map(authority);
        if authority.is_some_and(|authority| authority.contains('@')) {
            return Err(InvalidLoginUri::UserInformation);
        }
        match (scheme, authority) {
            ("http" | "https", Some(authority)) => {
                WebAddress::parse(text, authority).map(Self::Web)
            }
            ("http" | "https", None) => Err(InvalidLoginUri::Malformed),
            _ if rest.is_empty() || Url::parse(text).is_err() => Err(InvalidLoginUri::Malformed),
            _ if text.contains('*') => Err(InvalidLoginUri::Wildcard),
            _ => Ok(Self::PrivateUse(scheme)),
        }
    }

    fn check_web(&self, policy: UriPolicy) -> Result<(), InvalidLoginUri> {
        let Self::Web(web) = self else {
            return Err(InvalidLoginUri::NotHttps);
        };
        match (policy, web.encrypted, Reach::of(&web.host)) {
            _ if web.port == Port::Any => Err(InvalidLoginUri::Wildcard),
            (UriPolicy::Production, false, _) => Err(InvalidLoginUri::NotHttps),
            (UriPolicy::Production, true, Reach::Public) => Ok(()),
            (UriPolicy::Production, true, _) => Err(InvalidLoginUri::NotPublic),
            (UriPolicy::Test, true, Reach::Machine) => Err(InvalidLoginUri::LocalHttps),
            (UriPolicy::Test, _, _) => Ok(()),
        }
    }

    /// RFC 8252 §7, the same in every deployment.
    fn check_native(&self) -> Result<(), InvalidLoginUri> {
        match self {
            Self::PrivateUse(scheme) if scheme.contains('.') => Ok(()),
            Self::PrivateUse(_) => Err(InvalidLoginUri::Native),
            // Published examples have https here, too.
            Self::Web(web) if web.is_loopback_redirect() => Ok(()),
            Self::Web(web) if web.port == Port::Any => Err(InvalidLoginUri::Wildcard),
            Self::Web(web) if !web.encrypted => Err(InvalidLoginUri::Native),
            Self::Web(web) if Reach::of(&web.host) != Reach::Public => {
                Err(InvalidLoginUri::NotPublic)
            }
            Self::Web(_) => Ok(()),
        }
    }
}

impl WebAddress {
    fn parse(text: &str, authority: &str) -> Result<Self, InvalidLoginUri> {
        let (written, port) = host_and_port(authority)?;
        // The port is the one place for a wildcard, and has to be a number to be read.
        let readable = match port {
            Some("*") => text.replacen(":*", ":0", 1),
            _ => text.to_owned(),
        };
        if readable.contains('*') {
            return Err(InvalidLoginUri::Wildcard);
        }
        let url = Url::parse(&readable).map_err(|_| InvalidLoginUri::Malformed)?;
        let host = url.host().ok_or(InvalidLoginUri::Malformed)?.to_owned();
        // 127.1, 0x7f000001 and %6cocalhost are 127.0.0.1 and localhost for a browser.
        if !host.to_string().eq_ignore_ascii_case(written) {
            return Err(InvalidLoginUri::Malformed);
        }
        Ok(Self {
            encrypted: url.scheme() == "https",
            host,
            port: match url.port() {
                Some(0) => Port::Any,
                Some(_) | None => Port::One,
            },
        })
    }

    /// The three hosts by which an app names the machine that it runs on.
    fn is_loopback_redirect(&self) -> bool {
        match &self.host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => *address == Ipv4Addr::LOCALHOST,
            Host::Ipv6(address) => *address == Ipv6Addr::LOCALHOST,
        }
    }
}

fn authority(rest: &str) -> &str {
    rest.split(['/', '?']).next().unwrap_or(rest)
}

/// The host as it is written, and the port if there is one.
fn host_and_port(authority: &str) -> Result<(&str, Option<&str>), InvalidLoginUri> {
    let host_end = match authority.find(']') {
        Some(bracket) => bracket + 1,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(host_end);
    let port = match port.strip_prefix(':') {
        Some("") => return Err(InvalidLoginUri::Malformed),
        None if !port.is_empty() => return Err(InvalidLoginUri::Malformed),
        port => port,
    };
    Ok((host, port))
}

#[cfg(test)]
mod tests;
