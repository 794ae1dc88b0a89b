//! What is told of foreign identities, under the names that four generations of clients know
//! (spec: idporten §5.3, §6.12, §18.5).

use serde_json::{Map, Value};

use super::PersonFacts;
use crate::login::acr::Framework;
use crate::login::issuer::EidasClaimNames;
use crate::login::matching::ForeignIdentity;
use crate::login::record::{Attributes, AuthenticationEvent, Identity};
use crate::login::request::EidasRequest;

/// The attribute of a foreign identity that holds the given name.
const ATTRIBUTE_GIVEN_NAME: &str = "given_name";
/// The attribute that holds the family name.
const ATTRIBUTE_FAMILY_NAME: &str = "family_name";
/// The attribute that holds the date of birth, `YYYY-MM-DD`.
const ATTRIBUTE_BIRTHDATE: &str = "birthdate";
/// The attribute that holds the country of the eID.
const ATTRIBUTE_COUNTRY: &str = "country";

/// The attribute that says that nobody could be asked for a Norwegian identity number.
const ATTRIBUTE_MATCH: &str = "identitymatch";
/// What it says.
const MATCH_FAILED: &str = "ERROR";
/// The claim that says what came of it.
const MATCH_CLAIM: &str = "eidas_identitymatch";

/// How the attributes begin that clients ask for by the names of their claims.
const REQUESTED: &str = "eidas_";

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

impl ForeignIdentity {
    /// What a login keeps of it beside the identifier.
    pub fn attributes(&self) -> Attributes {
        let attributes = [
            (ATTRIBUTE_GIVEN_NAME, self.given_name.clone()),
            (ATTRIBUTE_FAMILY_NAME, self.family_name.clone()),
            (ATTRIBUTE_BIRTHDATE, self.birthdate.to_string()),
            (ATTRIBUTE_COUNTRY, self.identifier.country().to_owned()),
        ];
        Attributes(
            attributes
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
        )
    }
}

impl PersonFacts<'_> {
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

/// Every claim that a foreign login can have, in these generations of names.
pub fn foreign_claim_names(generations: EidasClaimNames) -> Vec<&'static str> {
    let attributes = ATTRIBUTES.iter().map(|(_, names)| names);
    let names = std::iter::once(&IDENTIFIER).chain(attributes);
    let mut claims: Vec<_> = names.flat_map(|names| names.chosen(generations)).collect();
    claims.push(MATCH_CLAIM);
    claims
}

/// Whether this is what a claim of ours is called, of whatever generation. Nobody else's attribute
/// takes its place.
pub(in crate::login) fn is_foreign_claim(name: &str) -> bool {
    let every = EidasClaimNames {
        of_2024: true,
        of_2026: true,
        legacy: true,
    };
    foreign_claim_names(every).contains(&name)
}

impl Attributes {
    /// Notes that nobody could be asked for a Norwegian identity number.
    pub fn match_failed(&mut self) {
        let (name, value) = (ATTRIBUTE_MATCH.to_owned(), MATCH_FAILED.to_owned());
        self.0.insert(name, value);
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
            attributes.insert(MATCH_CLAIM.to_owned(), match_result(event));
        }
        narrowed
    }
}

fn match_result(event: &AuthenticationEvent) -> String {
    let failed = event.attributes.0.get(ATTRIBUTE_MATCH);
    let result = match (&event.matched, failed.map(String::as_str)) {
        (Some(_), _) => "UNAMBIGUOUS",
        (None, Some(MATCH_FAILED)) => MATCH_FAILED,
        (None, _) => "NOT_FOUND",
    };
    result.to_owned()
}
