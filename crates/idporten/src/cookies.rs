//! The cookies of the login surface: what ties a login to a browser, the session, and the language
//! (spec: idporten §6.5, §16.2).

use axum::http::{HeaderMap, HeaderValue};
use portvakt_core::login::locale::LANGUAGE_COOKIE;
use portvakt_core::login::{Handle, Locale};
use portvakt_http::find_cookie;

/// How long a chosen language is remembered, in seconds: a year.
const LANGUAGE_SECONDS: u32 = 31_536_000;

/// How this deployment names and marks its cookies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cookies {
    /// Whether browsers reach it by TLS alone. Only then can cookies be bound to the host.
    secure: bool,
}

impl Cookies {
    pub(crate) fn new(login_base_url: &str) -> Self {
        Self {
            secure: login_base_url.starts_with("https://"),
        }
    }

    fn browser_name(self) -> &'static str {
        if self.secure {
            "__Host-portvakt-browser"
        } else {
            "portvakt-browser"
        }
    }

    fn session_name(self) -> &'static str {
        if self.secure {
            "__Host-portvakt-session"
        } else {
            "portvakt-session"
        }
    }

    /// What ties logins to the browser.
    pub(crate) fn browser(self, headers: &HeaderMap) -> Option<Handle> {
        find_cookie(headers, self.browser_name()).and_then(|value| Handle::parse(value).ok())
    }

    /// The session.
    pub(crate) fn session(self, headers: &HeaderMap) -> Option<Handle> {
        find_cookie(headers, self.session_name()).and_then(|value| Handle::parse(value).ok())
    }

    /// The language that the person chose.
    pub(crate) fn language(headers: &HeaderMap) -> Option<&str> {
        find_cookie(headers, LANGUAGE_COOKIE)
    }

    /// Sets what ties logins to the browser, until it closes.
    pub(crate) fn set_browser(self, handle: &Handle) -> Option<HeaderValue> {
        self.set(self.browser_name(), handle.expose(), None)
    }

    /// Sets the session, until the browser closes.
    pub(crate) fn set_session(self, handle: &Handle) -> Option<HeaderValue> {
        self.set(self.session_name(), handle.expose(), None)
    }

    /// Takes the session away.
    pub(crate) fn clear_session(self) -> Option<HeaderValue> {
        self.set(self.session_name(), "", Some(0))
    }

    /// Sets the language.
    pub(crate) fn set_language(self, locale: Locale) -> Option<HeaderValue> {
        self.set(LANGUAGE_COOKIE, locale.as_str(), Some(LANGUAGE_SECONDS))
    }

    fn set(self, name: &str, value: &str, max_age: Option<u32>) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        let max_age = max_age.map_or(String::new(), |seconds| format!("; Max-Age={seconds}"));
        let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{max_age}");
        HeaderValue::try_from(cookie).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_bound_to_the_host_where_there_is_tls() {
        let handle = Handle::parse(&"A".repeat(43)).unwrap();
        let set = |base: &str| {
            let set = Cookies::new(base).set_session(&handle).unwrap();
            set.to_str().unwrap().to_owned()
        };
        let value = "A".repeat(43);
        assert_eq!(
            set("https://login.eksempel.no"),
            format!("__Host-portvakt-session={value}; Path=/; HttpOnly; SameSite=Lax; Secure")
        );
        assert_eq!(
            set("http://localhost:7701"),
            format!("portvakt-session={value}; Path=/; HttpOnly; SameSite=Lax")
        );
    }
}
