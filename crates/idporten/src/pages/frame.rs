//! What pages have in common: header, footer, the requesting service, and the login that a form is
//! part of.

use super::texts::Texts;
use super::{Language, LocalPath, Logo, Name, ReturnAddress, WebAddress};

/// What all pages of a deployment show.
#[derive(Clone, Debug)]
pub struct Site {
    /// Who runs the login.
    pub provider: Name,
    /// Its logo, in place of the built-in one.
    pub logo: Option<Logo>,
    /// Whether to say that this is a test environment.
    pub test_environment: bool,
    /// Whether to have browsers use nothing but TLS from now on (RFC 6797).
    pub strict_transport: bool,
    /// What the footer links to.
    pub links: FooterLinks,
}

/// The links of the footer. Those that are not set are not shown.
#[derive(Clone, Debug, Default)]
pub struct FooterLinks {
    /// Help and contact.
    pub help: Option<WebAddress>,
    /// Security and privacy.
    pub privacy: Option<WebAddress>,
    /// The accessibility statement, which Norwegian law requires.
    pub accessibility: Option<WebAddress>,
    /// How to get an electronic ID.
    pub get_eid: Option<WebAddress>,
}

/// The service that a person logs in to or out of.
#[derive(Clone, Debug)]
pub struct Service {
    /// `display_name`, or the name of whom it acts for.
    pub name: Name,
    /// Its logo.
    pub logo: Option<Logo>,
    /// `client_uri`: where a person finds it.
    pub home: Option<WebAddress>,
}

/// A page's surroundings.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    pub(super) site: &'a Site,
    pub(super) language: Language,
    pub(super) text: Texts,
    pub(super) service: Option<&'a Service>,
    here: Option<&'a LocalPath>,
}

impl<'a> Frame<'a> {
    /// The surroundings of a page without a service or a language switch.
    pub fn new(site: &'a Site, language: Language) -> Self {
        Self {
            site,
            language,
            text: Texts::of(language),
            service: None,
            here: None,
        }
    }

    /// Names the service that the person logs in to or out of.
    #[must_use]
    pub fn with_service(self, service: &'a Service) -> Self {
        Self {
            service: Some(service),
            ..self
        }
    }

    /// Lets the person change the language: with a GET request of this path, and the parameter `lang`.
    #[must_use]
    pub fn with_language_switch(self, here: &'a LocalPath) -> Self {
        Self {
            here: Some(here),
            ..self
        }
    }

    /// The texts, for templates to hand on: they hand fields on by reference.
    pub(super) fn text(&self) -> Texts {
        self.text
    }

    /// The language, for templates to hand on.
    pub(super) fn language(&self) -> Language {
        self.language
    }

    /// What the title of a page ends with: the service, or else the provider.
    pub(super) fn place(&self) -> &'a Name {
        self.service
            .map_or(&self.site.provider, |service| &service.name)
    }

    /// The links of the footer that are set, with their texts.
    pub(super) fn footer(&self) -> impl Iterator<Item = (&'static str, &'a WebAddress)> {
        let (text, links) = (self.text, &self.site.links);
        [
            (text.common_help(), &links.help),
            (text.common_privacy(), &links.privacy),
            (text.common_accessibility(), &links.accessibility),
            (text.common_get_eid(), &links.get_eid),
        ]
        .into_iter()
        .filter_map(|(label, address)| Some((label, address.as_ref()?)))
    }

    /// The languages with the addresses of this page in each; empty without a switch.
    pub(super) fn languages(&self) -> Vec<(Language, String)> {
        let Some(here) = self.here else {
            return Vec::new();
        };
        Language::ALL
            .into_iter()
            .map(|language| (language, here.with_language(language)))
            .collect()
    }
}

/// The login that a form is part of.
#[derive(Clone, Copy)]
pub struct Interaction<'a> {
    /// The transaction's handle: field `txn`.
    pub transaction: &'a str,
    /// Proves that the form is ours and was sent by the browser that got it: field `csrf`.
    pub csrf: &'a str,
    /// Where the answer to the form may redirect to, which the content security policy has to allow.
    pub returns_to: Option<&'a ReturnAddress>,
}

/// A text that somebody registered, and the language that it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Localized<T> {
    /// The text.
    pub text: T,
    /// Its language, which is marked where it differs from the page's.
    pub language: Language,
}

impl<T> Localized<T> {
    /// The language if it differs from the page's.
    pub(super) fn other_than(&self, language: Language) -> Option<Language> {
        Some(self.language).filter(|own| *own != language)
    }
}
