//! Every operation of every companion API: what it is called, who may do it, what it takes and gives.

use portvakt_core::login::companion::Api;
use utoipa::openapi::HttpMethod::{self, Delete, Get, Patch, Post};

/// The description of one API.
pub(super) struct Document {
    pub(super) address: &'static str,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) operations: Vec<Operation>,
}

/// One operation.
pub(super) struct Operation {
    pub(super) method: HttpMethod,
    pub(super) path: &'static str,
    /// Unique in its document; generators name functions after it.
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) token: Token,
    pub(super) parameters: &'static [Parameter],
    /// The schema of the request's body.
    pub(super) body: Option<&'static str>,
    pub(super) success: Success,
}

/// Who may ask: whoever has a token of this kind with one of these scopes.
#[derive(Clone, Copy)]
pub(super) enum Token {
    None,
    Person(&'static [&'static str]),
    Organization(&'static [&'static str]),
    Either(&'static [&'static str]),
}

impl Token {
    pub(super) fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::None => &[],
            Self::Person(scopes) | Self::Organization(scopes) | Self::Either(scopes) => scopes,
        }
    }

    pub(super) fn text(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Person(_) => Some("Needs a token of somebody who is logged in (idporten)."),
            Self::Organization(_) => Some("Needs a token of an organization (maskinporten)."),
            Self::Either(_) => Some("Takes tokens of people and of organizations."),
        }
    }
}

/// What follows when nothing is wrong. The names are those of schemas.
#[derive(Clone, Copy)]
pub(super) enum Success {
    /// 200 with one of it.
    One(&'static str),
    /// 200 with one of it, signed if that is asked for.
    Signed(&'static str),
    /// 200 with a list of it.
    List(&'static str),
    /// 204.
    Nothing,
}

/// Something in the address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Parameter {
    AuthorizationId,
    RequireUserConsent,
    Visibility,
    MaxHits,
    ClientId,
    Since,
}

const READ: &[&str] = &[
    "idporten:authorizations",
    "idporten:authorizations.read",
    "idporten:authorizations.revoke",
];
const REVOKE: &[&str] = &["idporten:authorizations", "idporten:authorizations.revoke"];
const FILTERS: &[Parameter] = &[Parameter::RequireUserConsent, Parameter::Visibility];

pub(super) fn document(api: Api) -> Document {
    match api {
        Api::Authorizations => Document {
            address: "/authorizations/openapi.json",
            title: "Authorizations",
            description: "The active authorizations of a person that concern an organization's own clients or its own \
                 APIs. Every address is answered below `/authorizations` too.",
            operations: authorizations(),
        },
        Api::History => Document {
            address: "/innlogginger/openapi.json",
            title: "Login history",
            description: "The logins of whoever is logged in, to services of the caller's organization.",
            operations: vec![Operation {
                parameters: &[Parameter::MaxHits],
                ..on(
                    Get,
                    "/innlogginger/logg/idporten",
                    "listLogins",
                    "The last logins, the newest first",
                    Token::Person(&["idporten:user.log.read"]),
                    Success::List("HistoryResponse"),
                )
            }],
        },
        Api::AuthenticationLevel => Document {
            address: "/authlevel/openapi.json",
            title: "Authentication level",
            description: "Whether a person has lately logged in at the highest level of assurance.",
            operations: vec![Operation {
                body: Some("LevelRequest"),
                ..on(
                    Post,
                    "/authlevel/rest/v1/sikkerhetsnivaa",
                    "askForLevel",
                    "Whether the person has logged in at level 4 (high); 404 if they have never logged in",
                    Token::Organization(&["global/idporten.authlevel.read"]),
                    Success::One("LevelResponse"),
                )
            }],
        },
        Api::RevokeList => Document {
            address: "/revokelist/openapi.json",
            title: "Revoke list",
            description: "Access tokens that were revoked and would still live. Open to everybody.",
            operations: vec![Operation {
                parameters: &[Parameter::ClientId, Parameter::Since],
                ..on(
                    Get,
                    "/revokelist",
                    "listRevoked",
                    "Revoked tokens, the last that was revoked at the end; 503 beyond 100,000",
                    Token::None,
                    Success::One("RevokeListResponse"),
                )
            }],
        },
        Api::Contacts => Document {
            address: "/openapi.json",
            title: "Contact registry",
            description: "How people are reached electronically, and whether they may be. The versions differ in times alone: \
                 version 1 writes Norwegian local time and leaves out those of the reservation, version 2 writes UTC.",
            operations: contacts(),
        },
    }
}

fn contacts() -> Vec<Operation> {
    const LOOK_UP: Token = Token::Organization(&[
        "krr:global/kontaktinformasjon.read",
        "krr:global/digitalpost.read",
    ]);
    const READ_OWN: Token = Token::Person(&[
        "krr:user/kontaktinformasjon.read",
        "krr:user/digitalpost.read",
    ]);
    const CHOOSE: Token = Token::Person(&["krr:user/spraak.write"]);
    let look_up = |path, id| Operation {
        body: Some("PeopleRequest"),
        ..on(
            Post,
            path,
            id,
            "Up to a thousand people",
            LOOK_UP,
            Success::One("PeopleResponse"),
        )
    };
    let read = |path, id| {
        let success = Success::Signed("PersonResponse");
        on(Get, path, id, "Whoever is logged in", READ_OWN, success)
    };
    let choose = |path, id| Operation {
        body: Some("LanguageRequest"),
        ..on(
            Patch,
            path,
            id,
            "Change the language of whoever is logged in; tell them that it is the registry's",
            CHOOSE,
            Success::One("LanguageResponse"),
        )
    };
    vec![
        look_up("/rest/v2/personer", "lookUp"),
        read("/rest/v2/person", "readOwn"),
        choose("/rest/v2/person", "chooseLanguage"),
        look_up("/rest/v1/personer", "lookUpV1"),
        read("/rest/v1/person", "readOwnV1"),
        choose("/rest/v1/person", "chooseLanguageV1"),
    ]
}

fn authorizations() -> Vec<Operation> {
    let of_person = |path, id, summary| Operation {
        parameters: FILTERS,
        ..on(
            Get,
            path,
            id,
            summary,
            Token::Person(READ),
            Success::List(AUTHORIZATION),
        )
    };
    let of_body = |path, id, summary| Operation {
        parameters: FILTERS,
        body: Some("PersonRequest"),
        ..on(
            Post,
            path,
            id,
            summary,
            Token::Organization(READ),
            Success::List(AUTHORIZATION),
        )
    };
    let (clients, provider) = ("/clients/authorizations", "/api-provider/authorizations");
    vec![
        of_person(
            clients,
            "listOwnOfClients",
            "To clients of the organization, of whoever is logged in",
        ),
        of_body(
            clients,
            "listOfClients",
            "To clients of the organization, of the person in the body",
        ),
        of_person(
            provider,
            "listOwnOfApis",
            "With scopes of the organization, of whoever is logged in",
        ),
        of_body(
            provider,
            "listOfApis",
            "With scopes of the organization, of the person in the body",
        ),
        of_person(
            "/authorizations",
            "listOwn",
            "The same as `/clients/authorizations`",
        ),
        Operation {
            parameters: &[Parameter::AuthorizationId],
            ..on(
                Delete,
                "/authorizations/{authorization_id}",
                "revoke",
                "End an authorization with all its tokens",
                Token::Either(REVOKE),
                Success::Nothing,
            )
        },
    ]
}

const AUTHORIZATION: &str = "AuthorizationResponse";

/// Begins an operation.
fn on(
    method: HttpMethod,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    token: Token,
    success: Success,
) -> Operation {
    Operation {
        method,
        path,
        id,
        summary,
        token,
        parameters: &[],
        body: None,
        success,
    }
}
