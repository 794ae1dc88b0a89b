//! Every page, with all that can be on it.

use std::time::Duration;

use portvakt_idporten::pages::{
    Consent, ConsentScope, EidOption, EidasAttribute, EidasCountry, EidasError, EidasLogin,
    EidasValues, EmailAddressPage, EmailCode, EmailError, ErrorDetails, ErrorKind, ErrorPage,
    FooterLinks, FormPost, Frame, Interaction, Language, Level, LocalPath, Localized, LoggedOut,
    Logo, LogoutConfirmation, LogoutOf, LogoutProgress, Markdown, Name, Nonce, Notified, Onward,
    Page, Plain, ReturnAddress, Selector, Service, Setback, Site, StillLoggedIn, TestId,
    TestIdError, TestPerson, WebAddress,
};

/// Made by nobody who may use it.
pub(crate) const REFERENCE: &str = "01993f6e-8d1c-7b2a-9f10-3c1f5f0a7b21";

/// Three waves, 132 by 56 pixels.
const LOGO: &str = "data:image/png;base64,\
    iVBORw0KGgoAAAANSUhEUgAAAIQAAAA4AgMAAABBIrg6AAAADFBMVEUAAAAKXHovj6iMxtBUmTVWAAAABHRSTlMA\
    ////sy1AiAAAAY5JREFUeNrNlMFtwzAMReUIvfiSk5fIEvYIRmH1kBEyRTboCjkazKEj1CN5gACqLYn8pNKipwLV\
    ReDH5+Onbdi5/3hewpPU2SqEMFSGYAn7qaCmToYwKqWxHRlhpM6WxaAgTWoYaoTq6lI11QhAmuzn9YAQSFccE/wT\
    bpbGHT5iJOsDj53yPZQZg9Ne6cH0SedTmVEOJiAiA0G3GvKaJNnyQjRXixMlS6neqNSQzrt0lQ5Kx0CSMnOyc3Zo\
    yAVNPAOQBj1ZCSMbGOK2PUxPKw7iV32yAgwMOdiWU1mLb5bSLf4b67OMTV7iGbPTXvS4A0e4VvlUZiIgdEDZuzje\
    Y70k9VE77jHGxS7+sUlK+YxS88PblYc4dn+Mq4ZkaWEh5qMgdyXxDEBO6ElSS0cuOXy77WEkqRjivJWAEEhvJF/W\
    8ljPl+Zy99zrZT3xJrwTXbw95vXF8XjKx5l9cSzPAR0kJwgNWZXkgFCL4we5fQNA4OGtUPzm0H/lY43YIG41/3G8\
    85+OtzO+Pb8a/uZ8AXlrIR53OrO5AAAAAElFTkSuQmCC";

/// The texts that are not ours: everything that a client, a scope's owner, an operator or whoever sits
/// at the browser can put on a page.
pub(crate) struct Given {
    pub(crate) provider: String,
    pub(crate) service: String,
    pub(crate) eid: String,
    pub(crate) eid_description: String,
    pub(crate) person: String,
    pub(crate) person_pid: String,
    pub(crate) typed: String,
    pub(crate) scope: String,
    pub(crate) scope_long: String,
    pub(crate) transaction: String,
    pub(crate) state: String,
    pub(crate) description: String,
    pub(crate) client_id: String,
}

impl Given {
    /// As a deployment has them.
    pub(crate) fn usual() -> Self {
        Self {
            provider: "Fjordporten".to_owned(),
            service: "Havbris søknadsportal".to_owned(),
            eid: "FjordID".to_owned(),
            eid_description: "Med kodebrikke eller app".to_owned(),
            person: "Kari Nordmann".to_owned(),
            person_pid: "17869010057".to_owned(),
            typed: "Ola".to_owned(),
            scope: "Se inntektene dine fra de tre siste årene".to_owned(),
            scope_long: "Tjenesten får **lese** skattegrunnlaget ditt, *ikke endre det*.\n\nLes \
                [vilkårene](https://eksempel.no/vilkar?a=1&b=2)."
                .to_owned(),
            transaction: "Zm9yIHRlc3RzIG9ubHk".to_owned(),
            state: "a b&c=d".to_owned(),
            description: "redirect_uri is not registered for this client".to_owned(),
            client_id: "havbris-portal".to_owned(),
        }
    }

    /// The same text everywhere.
    pub(crate) fn everywhere(text: &str) -> Self {
        let text = || text.to_owned();
        Self {
            provider: text(),
            service: text(),
            eid: text(),
            eid_description: text(),
            person: text(),
            person_pid: text(),
            typed: text(),
            scope: text(),
            scope_long: text(),
            transaction: text(),
            state: text(),
            description: text(),
            client_id: text(),
        }
    }
}

/// Who serves the pages, and another origin that stands in for services.
#[derive(Clone, Copy)]
pub(crate) struct Hosts<'a> {
    pub(crate) service: &'a str,
}

/// What the pages of one language are made of.
struct World<'a> {
    given: &'a Given,
    site: Site,
    service: Service,
    language: Language,
    here: LocalPath,
    redirect_uri: ReturnAddress,
    people: Vec<TestPerson>,
    hosts: Hosts<'a>,
}

/// Every page in a language, by its name.
pub(crate) fn pages(given: &Given, language: Language, hosts: Hosts<'_>) -> Vec<(String, Page)> {
    let world = World::new(given, language, hosts);
    let mut pages = vec![
        ("selector", world.selector(None)),
        ("selector-failed", world.selector(Some(Setback::Failed))),
        ("selector-nomatch", world.selector(Some(Setback::NoMatch))),
        ("testid", world.testid(None)),
        ("testid-missing", world.testid(Some(TestIdError::Missing))),
        ("testid-format", world.testid(Some(TestIdError::Format))),
        ("eidas-country", world.country(false)),
        ("eidas-country-error", world.country(true)),
        ("eidas-login", world.eidas_login(&[])),
        (
            "eidas-login-errors",
            world.eidas_login(&[
                EidasError::Identifier,
                EidasError::DateOfBirth,
                EidasError::Match,
            ]),
        ),
        ("email-address", world.email_address(None)),
        (
            "email-address-error",
            world.email_address(Some(EmailError::Address)),
        ),
        ("email-code", world.email_code(None)),
        ("email-code-error", world.email_code(Some(EmailError::Code))),
        ("consent", world.consent()),
        ("form-post", world.form_post()),
        ("logout-progress", world.logout_progress(LogoutOf::Oneself)),
        ("logout-former", world.logout_progress(LogoutOf::Former)),
        ("logged-out", world.logged_out()),
        ("logout-confirmation", world.logout_confirmation()),
        ("still-logged-in", world.still_logged_in()),
    ]
    .into_iter()
    .map(|(name, page)| (name.to_owned(), page))
    .collect::<Vec<_>>();
    for kind in ErrorKind::ALL {
        pages.push((format!("error-{}", kind_name(kind)), world.error(kind)));
    }
    pages
}

fn kind_name(kind: ErrorKind) -> String {
    format!("{kind:?}").to_lowercase()
}

impl<'a> World<'a> {
    fn new(given: &'a Given, language: Language, hosts: Hosts<'a>) -> Self {
        let link = |path| WebAddress::parse(&format!("https://eksempel.no/{path}"), Plain::Refused);
        let site = Site {
            provider: Name::new(&given.provider),
            logo: None,
            test_environment: true,
            strict_transport: false,
            links: FooterLinks {
                help: link("hjelp"),
                privacy: link("personvern"),
                accessibility: link("uu"),
                get_eid: link("eid"),
            },
        };
        let service = Service {
            name: Name::new(&given.service),
            logo: Logo::parse(LOGO),
            home: link(""),
        };
        let people = vec![
            TestPerson {
                pid: given.person_pid.clone(),
                name: Name::new(&given.person),
            },
            TestPerson {
                pid: "21917299811".to_owned(),
                name: Name::new("Áilu Sara Hætta"),
            },
        ];
        Self {
            given,
            site,
            service,
            language,
            here: LocalPath::parse("/login?txn=1").expect("a path"),
            redirect_uri: ReturnAddress::parse(&format!("{}/callback", hosts.service))
                .expect("an address"),
            people,
            hosts,
        }
    }

    fn frame(&self) -> Frame<'_> {
        Frame::new(&self.site, self.language)
            .with_service(&self.service)
            .with_language_switch(&self.here)
    }

    fn interaction(&self) -> Interaction<'_> {
        Interaction {
            transaction: &self.given.transaction,
            csrf: &self.given.transaction,
            returns_to: Some(&self.redirect_uri),
        }
    }

    fn selector(&self, setback: Option<Setback>) -> Page {
        let path = |text| LocalPath::parse(text).expect("a path");
        let in_bokmal = |text| Localized {
            text: Name::new(text),
            language: Language::Bokmal,
        };
        let options = [
            EidOption {
                name: in_bokmal(&self.given.eid),
                description: Some(in_bokmal(&self.given.eid_description)),
                logo: Logo::parse(LOGO),
                level: Level::High,
                begins_at: path("/login/fjordid?txn=1"),
            },
            EidOption::testid(self.language, Level::High, path("/login/testid?txn=1")),
            EidOption::eidas(
                self.language,
                Level::Substantial,
                path("/login/eidas?txn=1"),
            ),
        ];
        let selector = Selector {
            frame: self.frame(),
            interaction: self.interaction(),
            options: &options,
            setback,
        };
        selector.page()
    }

    fn testid(&self, error: Option<TestIdError>) -> Page {
        let typed = error.is_some_and(|error| error != TestIdError::Missing);
        let page = TestId {
            frame: self.frame(),
            interaction: self.interaction(),
            people: &self.people,
            person: None,
            pid: if typed { &self.given.typed } else { "" },
            levels: &[Level::Substantial, Level::High],
            level: Level::Substantial,
            error,
        };
        page.page()
    }

    fn country(&self, invalid: bool) -> Page {
        let codes = "AT BE BG CA CY CZ DE DK EE EL ES FI FR HR HU IE IS IT LI LT LU LV MT NL PL PT RO SE SI SK";
        let countries: Vec<_> = codes.split(' ').map(str::to_owned).collect();
        let page = EidasCountry {
            frame: self.frame(),
            interaction: self.interaction(),
            countries: &countries,
            country: None,
            invalid,
        };
        page.page()
    }

    fn eidas_login(&self, errors: &[EidasError]) -> Page {
        let typed = &self.given.typed;
        let page = EidasLogin {
            frame: self.frame(),
            interaction: self.interaction(),
            country: "CZ",
            values: EidasValues {
                identifier: typed,
                given_name: typed,
                family_name: typed,
                date_of_birth: typed,
                level: Level::High,
                matched: "none",
            },
            attributes: &[EidasAttribute {
                name: "eidas_birth_name",
                value: typed,
            }],
            levels: &Level::ALL,
            people: &self.people,
            errors,
        };
        page.page()
    }

    fn email_address(&self, error: Option<EmailError>) -> Page {
        let page = EmailAddressPage {
            frame: self.frame(),
            interaction: self.interaction(),
            email: &self.given.typed,
            error,
        };
        page.page()
    }

    fn email_code(&self, error: Option<EmailError>) -> Page {
        let page = EmailCode {
            frame: self.frame(),
            interaction: self.interaction(),
            shown: error.is_none().then_some("12345678"),
            error,
        };
        page.page()
    }

    fn consent(&self) -> Page {
        let localized = |text: &str, language| Localized {
            text: Name::new(text),
            language,
        };
        let scopes = [
            ConsentScope {
                description: localized(&self.given.scope, Language::Bokmal),
                long_description: Some(Localized {
                    text: Markdown::parse(&self.given.scope_long, Plain::Refused),
                    language: Language::Bokmal,
                }),
            },
            ConsentScope {
                description: localized("Hente navn og adresse fra Folkeregisteret", self.language),
                long_description: None,
            },
        ];
        let page = Consent {
            frame: self.frame(),
            interaction: self.interaction(),
            scopes: &scopes,
            lifetime: Duration::from_hours(30 * 24),
        };
        page.page()
    }

    fn form_post(&self) -> Page {
        let page = FormPost {
            frame: Frame::new(&self.site, self.language).with_service(&self.service),
            action: &self.redirect_uri,
            fields: &[
                ("code", "Y29kZQ"),
                ("iss", "https://login.eksempel.no"),
                ("state", &self.given.state),
            ],
            nonce: &Nonce::new([7; 16]),
        };
        page.page()
    }

    fn logout_progress(&self, of: LogoutOf) -> Page {
        let address = |path: &str| {
            let text = format!("{}/{path}?iss=a&sid=b", self.hosts.service);
            WebAddress::parse(&text, Plain::Allowed).expect("an address")
        };
        let services = [
            Notified {
                name: self.service.name.clone(),
                address: address("frontchannel/1"),
            },
            Notified {
                name: Name::new("Fjordetaten"),
                address: address("frontchannel/2"),
            },
        ];
        let page = LogoutProgress {
            frame: self.frame(),
            of,
            services: &services,
            onward: &Onward::Service(self.redirect_uri.clone()),
        };
        page.page()
    }

    fn logged_out(&self) -> Page {
        let page = LoggedOut {
            frame: self.frame(),
            return_to: Some(&self.redirect_uri),
        };
        page.page()
    }

    fn logout_confirmation(&self) -> Page {
        let page = LogoutConfirmation {
            frame: self.frame(),
            interaction: Interaction {
                returns_to: None,
                ..self.interaction()
            },
            other_person: true,
        };
        page.page()
    }

    fn still_logged_in(&self) -> Page {
        let page = StillLoggedIn {
            frame: self.frame(),
        };
        page.page()
    }

    fn error(&self, kind: ErrorKind) -> Page {
        let page = ErrorPage {
            frame: self.frame(),
            kind,
            reference: REFERENCE,
            time: "2026-11-26T04:20:15Z",
            details: Some(ErrorDetails {
                error: "invalid_request",
                description: &self.given.description,
                client_id: Some(&self.given.client_id),
            }),
        };
        page.page()
    }
}
