//! `authorization_details` of a grant: system users and consents
//! (RFC 9396; spec: maskinporten §10.4, §10.5).

use serde_json::{Map, Value, json};

use crate::clock::Timestamp;
use crate::issuer::Issuer;
use crate::organization::{IDENTIFIER_AUTHORITY, OrgNumber};
use crate::party::{Consent, SystemUser};
use crate::refusal::Refusal;

/// The type of a system user.
pub const SYSTEM_USER_TYPE: &str = "urn:altinn:systemuser";

/// The type of a consent.
pub const CONSENT_TYPE: &str = "urn:altinn:consent";

/// The one element of `authorization_details`, with its values checked.
#[derive(Clone, PartialEq, Eq)]
pub enum AuthorizationDetails {
    /// A customer's system user.
    SystemUser {
        /// The customer.
        owner: OrgNumber,
        /// Picks one of several.
        external_ref: Option<String>,
    },
    /// A consent. It names a person or an organization, so there is no `Debug`.
    Consent {
        /// Its id.
        id: String,
        /// URN of who gave it.
        from: String,
    },
}

/// What the registers said about the party that a grant refers to.
#[derive(Clone, Debug, Default)]
pub enum PartyAnswer {
    /// Nobody was asked.
    #[default]
    NotAsked,
    /// The system user, if there is one.
    SystemUser(Option<SystemUser>),
    /// The consent, if there is one.
    Consent(Option<Consent>),
}

impl AuthorizationDetails {
    /// Reads the elements: exactly one, of a type that the issuer offers.
    pub fn parse(elements: &[Value], issuer: &Issuer) -> Result<Self, Refusal> {
        let [Value::Object(element)] = elements else {
            return Err(Refusal::InvalidAuthorizationDetails(
                "exactly one element is needed",
            ));
        };
        match element.get("type").and_then(Value::as_str) {
            Some(SYSTEM_USER_TYPE) if issuer.system_users => system_user(element),
            Some(CONSENT_TYPE) if issuer.consents => consent(element),
            Some(other) => Err(Refusal::UnknownAuthorizationDetailsType(
                other.chars().take(64).collect(),
            )),
            None => Err(Refusal::InvalidAuthorizationDetails("type")),
        }
    }
}

fn system_user(element: &Map<String, Value>) -> Result<AuthorizationDetails, Refusal> {
    allow_members(element, &["type", "systemuser_org", "externalRef"])?;
    let organization = element
        .get("systemuser_org")
        .and_then(Value::as_object)
        .ok_or(Refusal::InvalidAuthorizationDetails("systemuser_org"))?;
    allow_members(organization, &["authority", "ID"])?;
    if organization.get("authority").and_then(Value::as_str) != Some(IDENTIFIER_AUTHORITY) {
        return Err(Refusal::InvalidAuthorizationDetails(
            "systemuser_org.authority",
        ));
    }
    let owner = organization
        .get("ID")
        .and_then(Value::as_str)
        .filter(|id| id.starts_with("0192:"))
        .and_then(|id| OrgNumber::parse(id).ok())
        .ok_or(Refusal::InvalidAuthorizationDetails("systemuser_org.ID"))?;
    let external_ref = match element.get("externalRef") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if (1..=255).contains(&text.len()) => Some(text.clone()),
        Some(_) => return Err(Refusal::InvalidAuthorizationDetails("externalRef")),
    };
    Ok(AuthorizationDetails::SystemUser {
        owner,
        external_ref,
    })
}

fn consent(element: &Map<String, Value>) -> Result<AuthorizationDetails, Refusal> {
    allow_members(element, &["type", "id", "from"])?;
    let text = |name| element.get(name).and_then(Value::as_str);
    let id = text("id")
        .filter(|id| is_uuid(id))
        .ok_or(Refusal::InvalidAuthorizationDetails("id"))?;
    let from = text("from")
        .filter(|from| is_party_urn(from))
        .ok_or(Refusal::InvalidAuthorizationDetails("from"))?;
    Ok(AuthorizationDetails::Consent {
        id: id.to_ascii_lowercase(),
        from: from.to_owned(),
    })
}

fn allow_members(object: &Map<String, Value>, allowed: &[&str]) -> Result<(), Refusal> {
    match object.keys().find(|name| !allowed.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Refusal::UnknownAuthorizationDetailsField(
            name.chars().take(64).collect(),
        )),
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(position, byte)| match position {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
}

const PERSON_URN: &str = "urn:altinn:person:identifier-no:";
const ORGANIZATION_URN: &str = "urn:altinn:organization:identifier-no:";

fn is_party_urn(text: &str) -> bool {
    let is_person = text
        .strip_prefix(PERSON_URN)
        .is_some_and(|rest| rest.len() == 11 && rest.bytes().all(|byte| byte.is_ascii_digit()));
    is_person || giving_organization(text).is_some()
}

/// The organization that a URN names, if it names one and not a person.
pub(super) fn giving_organization(urn: &str) -> Option<OrgNumber> {
    let number = urn.strip_prefix(ORGANIZATION_URN)?;
    OrgNumber::parse(number)
        .ok()
        .filter(|parsed| parsed.as_str() == number)
}

/// The element that the token carries.
pub(super) fn system_user_element(system_user: &SystemUser) -> Value {
    json!({
        "type": SYSTEM_USER_TYPE,
        "systemuser_id": [system_user.id],
        "systemuser_org": { "authority": IDENTIFIER_AUTHORITY, "ID": system_user.owner_orgno.iso6523() },
        "system_id": system_user.system_id,
    })
}

/// The element that the token carries.
pub(super) fn consent_element(consent: &Consent) -> Value {
    json!({
        "type": CONSENT_TYPE,
        "id": consent.id,
        "from": consent.from,
        "to": { "authority": IDENTIFIER_AUTHORITY, "ID": consent.to_orgno.iso6523() },
        "consented": consent.consented,
        "validTo": consent.valid_to,
        "consentRights": consent.consent_rights,
    })
}

/// Whether the consent was given by `from` to `consumer` and holds at `now`. An end that cannot be
/// read has passed.
pub(super) fn consent_holds(
    consent: &Consent,
    from: &str,
    consumer: OrgNumber,
    now: Timestamp,
) -> bool {
    consent.active
        && consent.from == from
        && consent.to_orgno == consumer
        && Timestamp::parse(&consent.valid_to).is_ok_and(|end| now < end)
}
