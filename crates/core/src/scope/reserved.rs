//! Scopes that exist without being declared: reserved names and the operator's own
//! (spec: selfservice §9). Names are data here, never rules elsewhere.

use super::Visibility;
use crate::client::IntegrationType::{self, Ansattporten, ApiKlient, Idporten, Krr, Maskinporten};

/// Reads what the operator's API shows (spec: selfservice §14).
pub const OPERATOR_READ: &str = "portvakt:operator.read";

/// Does everything that the operator's API offers, reading included (spec: selfservice §14).
pub const OPERATOR_WRITE: &str = "portvakt:operator.write";

/// One scope that every registry has.
#[derive(Clone, Copy, Debug)]
pub struct ReservedScope {
    /// Full name; some have no colon.
    pub name: &'static str,
    /// Short text for people.
    pub description: &'static str,
    /// Client types that may use it; empty means every type.
    pub allowed_integration_types: &'static [IntegrationType],
    /// Every organization has access.
    pub accessible_for_all: bool,
    /// Only the operator can put it on a client.
    pub operator_only: bool,
    /// Who sees it in lists.
    pub visibility: Visibility,
}

const LOGIN: &[IntegrationType] = &[Idporten, ApiKlient, Ansattporten];
const LOGIN_OF_PEOPLE: &[IntegrationType] = &[Idporten, ApiKlient];
const CONTACT_REGISTRY: &[IntegrationType] = &[Krr, Maskinporten];
const USER_API: &[IntegrationType] = &[ApiKlient];
/// Of whoever is logged in, or of whom an organization asks about.
const PERSON_API: &[IntegrationType] = &[ApiKlient, Maskinporten];
const MACHINE: &[IntegrationType] = &[Maskinporten];

/// Every reserved and operator-owned scope.
pub const RESERVED_SCOPES: &[ReservedScope] = &[
    open("openid", "OpenID Connect login", LOGIN),
    open("profile", "Access to the userinfo endpoint", LOGIN),
    open("no_pid", "Pseudonymous login", LOGIN_OF_PEOPLE),
    open("eidas", "eIDAS attributes in the ID token", LOGIN_OF_PEOPLE),
    open(
        "krr:global/kontaktinformasjon.read",
        "Contact registry: contact information",
        CONTACT_REGISTRY,
    ),
    open(
        "krr:global/digitalpost.read",
        "Contact registry: digital mailbox",
        CONTACT_REGISTRY,
    ),
    open(
        "krr:user/kontaktinformasjon.read",
        "Contact information of the person logged in",
        USER_API,
    ),
    open(
        "krr:user/digitalpost.read",
        "Digital mailbox of the person logged in",
        USER_API,
    ),
    open(
        "krr:user/spraak.write",
        "Change the language of the person logged in",
        USER_API,
    ),
    open(
        "idporten:authorizations",
        "A person's authorizations: list and revoke",
        PERSON_API,
    ),
    open(
        "idporten:authorizations.read",
        "A person's authorizations: list",
        PERSON_API,
    ),
    open(
        "idporten:authorizations.revoke",
        "A person's authorizations: list and revoke",
        PERSON_API,
    ),
    open(
        "idporten:user.log.read",
        "Sign-in history of the person logged in",
        USER_API,
    ),
    on_request("idporten:dcr.read", "Read client registrations", MACHINE),
    on_request(
        "idporten:dcr.modify",
        "Change client registrations",
        MACHINE,
    ),
    on_request("idporten:dcr.write", "Create client registrations", MACHINE),
    on_request(
        "idporten:dcr/onbehalfof:write",
        "Administer on-behalf-of registrations",
        MACHINE,
    ),
    on_request(
        "idporten:dcr.supplier",
        "Administer clients for other organizations",
        MACHINE,
    ),
    on_request("idporten:scopes.read", "Read scopes and access", MACHINE),
    on_request(
        "idporten:scopes.write",
        "Create scopes, grant and withdraw access",
        MACHINE,
    ),
    on_request("idporten:token.introspection", "Introspect tokens", &[]),
    on_request(
        "global/idporten.authlevel.read",
        "Highest level of assurance used by a person",
        MACHINE,
    ),
    former("global/kontaktinformasjon.read", CONTACT_REGISTRY),
    former("global/varslingsstatus.read", CONTACT_REGISTRY),
    former("global/sikkerdigitalpost.read", CONTACT_REGISTRY),
    former("global/sertifikat.read", CONTACT_REGISTRY),
    former("global/spraak.read", CONTACT_REGISTRY),
    former("user/kontaktinformasjon.read", USER_API),
    former("user/varslingsstatus.read", USER_API),
    former("user/sikkerdigitalpost.read", USER_API),
    former("user/sertifikat.read", USER_API),
    former("user/spraak.read", USER_API),
    former("user/spraak.write", USER_API),
    internal(OPERATOR_READ, "Read what the operator's API shows"),
    internal(OPERATOR_WRITE, "Operate the server over its API"),
];

/// The reserved scope of this name, if it is one.
pub fn reserved_scope(name: &str) -> Option<&'static ReservedScope> {
    RESERVED_SCOPES.iter().find(|scope| scope.name == name)
}

const fn open(
    name: &'static str,
    description: &'static str,
    allowed_integration_types: &'static [IntegrationType],
) -> ReservedScope {
    ReservedScope {
        name,
        description,
        allowed_integration_types,
        accessible_for_all: true,
        operator_only: false,
        visibility: Visibility::Public,
    }
}

const fn on_request(
    name: &'static str,
    description: &'static str,
    allowed_integration_types: &'static [IntegrationType],
) -> ReservedScope {
    ReservedScope {
        name,
        description,
        allowed_integration_types,
        accessible_for_all: false,
        operator_only: true,
        visibility: Visibility::Public,
    }
}

/// A scope of the contact registry from before 2023, for clients that still ask for it: the operator
/// gives it out, and no list shows it (spec: companion-apis §6.2).
const fn former(
    name: &'static str,
    allowed_integration_types: &'static [IntegrationType],
) -> ReservedScope {
    ReservedScope {
        visibility: Visibility::Internal,
        ..on_request(
            name,
            "Contact registry, as it was",
            allowed_integration_types,
        )
    }
}

/// The operator's own; nobody else is told that it exists.
const fn internal(name: &'static str, description: &'static str) -> ReservedScope {
    ReservedScope {
        visibility: Visibility::Internal,
        ..on_request(name, description, MACHINE)
    }
}
