//! Who a login was of, and what of it may be told.

use serde_json::{Map, Value};

use crate::login::acr::Framework;
use crate::login::issuer::EidasClaimNames;
use crate::login::record::{AuthenticationEvent, Identity, LoginPerson};
use crate::login::request::EidasRequest;
use crate::person::Pid;

/// The attribute of a foreign identity that holds the given name.
pub const ATTRIBUTE_GIVEN_NAME: &str = "given_name";
/// The attribute that holds the family name.
pub const ATTRIBUTE_FAMILY_NAME: &str = "family_name";
/// The attribute that holds the date of birth, `YYYY-MM-DD`.
pub const ATTRIBUTE_BIRTHDATE: &str = "birthdate";
/// The attribute that holds the country of the eID.
pub const ATTRIBUTE_COUNTRY: &str = "country";

/// The attribute that says `ERROR` if nobody could be asked for a Norwegian identity number.
pub const ATTRIBUTE_MATCH: &str = "identitymatch";

/// How the attributes begin that clients ask for by the names of their claims.
const REQUESTED: &str = "eidas_";

/// A login, and the person or persons that it was of.
#[derive(Clone, Copy)]
pub struct PersonFacts<'a> {
    /// The login.
    pub event: &'a AuthenticationEvent,
    /// Whose identity was proven.
    pub subject: &'a LoginPerson,
    /// The person with a national identity number whom a foreign identity was matched with.
    pub matched: Option<&'a LoginPerson>,
    /// Nothing may be told.
    pub pseudonymous: bool,
}

/// Claim names of one attribute, by generation (spec: idporten §18.5).
struct Names {
    of_2024: &'static [&'static str],
    of_2026: &'static [&'static str],
    legacy: &'static [&'static str],
}

const IDENTIFIER: Names = Names {
    of_2024: &["eidas_identifier"],
    of_2026: &["eidas_person_identifier"],
    legacy: &["eidas-personidentifier"],
};
const ATTRIBUTES: [(&str, Names); 4] = [
    (
        ATTRIBUTE_GIVEN_NAME,
        Names {
            of_2024: &["eidas_firstname"],
            of_2026: &["given_name"],
            legacy: &["eidas-firstname"],
        },
    ),
    (
        ATTRIBUTE_FAMILY_NAME,
        Names {
            of_2024: &["eidas_lastname"],
            of_2026: &["family_name"],
            legacy: &["eidas-familityname", "eidas-familyname"],
        },
    ),
    (
        ATTRIBUTE_BIRTHDATE,
        Names {
            of_2024: &["eidas_date_of_birth"],
            of_2026: &["birthdate"],
            legacy: &["eidas-dateofbirth"],
        },
    ),
    (
        ATTRIBUTE_COUNTRY,
        Names {
            of_2024: &["eidas_citizen_country_code"],
            of_2026: &["eidas_citizen_country_code"],
            legacy: &[],
        },
    ),
];

impl Names {
    fn chosen(&self, generations: EidasClaimNames) -> impl Iterator<Item = &'static str> {
        let of = |wanted: bool, names: &'static [&'static str]| if wanted { names } else { &[] };
        let chosen = [
            of(generations.of_2024, self.of_2024),
            of(generations.of_2026, self.of_2026),
            of(generations.legacy, self.legacy),
        ];
        chosen.into_iter().flatten().copied()
    }
}

impl<'a> PersonFacts<'a> {
    /// The national identity number, if there is one and it may be told.
    pub fn pid(&self) -> Option<&'a str> {
        self.revealed_pid()
            .filter(|_| !self.pseudonymous)
            .map(Pid::expose)
    }

    /// The national identity number, whatever the mode: for the API that is entitled to it.
    pub fn revealed_pid(&self) -> Option<&'a Pid> {
        let known = self.matched.and_then(|person| person.identity.pid());
        known.or(self.subject.identity.pid())
    }

    /// The address of somebody who logged in with one, if it may be told.
    pub fn email(&self) -> Option<&'a str> {
        match &self.subject.identity {
            Identity::Email(address) if !self.pseudonymous => Some(address.expose()),
            _ => None,
        }
    }

    /// The attributes of a foreign identity under their claim names, if they may be told.
    pub fn foreign_claims(&self, generations: EidasClaimNames) -> Map<String, Value> {
        let mut claims = Map::new();
        let Identity::Eidas(identifier) = &self.subject.identity else {
            return claims;
        };
        if self.pseudonymous || self.event.acr.framework() != Framework::Eidas {
            return claims;
        }
        let attributes = &self.event.attributes.0;
        let mut tell = |name: &str, value: &str| {
            claims.insert(name.to_owned(), value.into());
        };
        for name in IDENTIFIER.chosen(generations) {
            tell(name, identifier.expose());
        }
        for (attribute, names) in &ATTRIBUTES {
            let value = attributes.get(*attribute);
            for name in names.chosen(generations) {
                value.inspect(|value| tell(name, value));
            }
        }
        for (name, value) in attributes {
            if name.starts_with(REQUESTED) {
                tell(name, value);
            }
        }
        claims
    }
}

impl EidasRequest {
    /// The login as this client may know it: with the four core attributes, and of the others only
    /// those that it asked for. A session's login may have more, for another client.
    pub fn narrowed(&self, event: &AuthenticationEvent) -> AuthenticationEvent {
        let core = |name: &str| ATTRIBUTES.iter().any(|(core, _)| *core == name);
        let asked = |name: &String| self.attributes.contains(name);
        let mut narrowed = event.clone();
        let attributes = &mut narrowed.attributes.0;
        attributes.retain(|name, _| core(name) || asked(name));
        if self.tell_match && event.acr.framework() == Framework::Eidas {
            attributes.insert("eidas_identitymatch".to_owned(), match_result(event));
        }
        narrowed
    }
}

fn match_result(event: &AuthenticationEvent) -> String {
    let failed = event.attributes.0.get(ATTRIBUTE_MATCH);
    let result = match (&event.matched, failed.map(String::as_str)) {
        (Some(_), _) => "UNAMBIGUOUS",
        (None, Some("ERROR")) => "ERROR",
        (None, _) => "NOT_FOUND",
    };
    result.to_owned()
}
