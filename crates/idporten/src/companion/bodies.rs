//! What requests and answers of the companion APIs hold.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A person to ask about.
#[derive(Deserialize, ToSchema)]
pub(super) struct PersonRequest {
    /// National identity number: eleven digits.
    #[schema(pattern = "^[0-9]{11}$")]
    pub(super) pid: String,
}

/// What a person let a client have.
#[derive(Serialize, ToSchema)]
pub(super) struct AuthorizationResponse {
    /// Names it; not to be taken apart.
    pub(super) authorization_id: String,
    /// The client.
    pub(super) client_id: String,
    /// The client's name.
    pub(super) client_name: String,
    /// What the client is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    /// When it was given, in milliseconds since 1970.
    pub(super) authorized_at: i64,
    /// When it ends, in milliseconds since 1970. Tokens of it end before.
    pub(super) expires: i64,
    /// All its scopes, whatever the filter.
    pub(super) scopes: Vec<ScopeResponse>,
    /// The browser in which it was given.
    pub(super) user_agent: String,
    /// The client's organization.
    pub(super) consumer: OrganizationResponse,
    /// The supplier that acts for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) supplier: Option<OrganizationResponse>,
}

/// A scope of an authorization.
#[derive(Serialize, ToSchema)]
pub(super) struct ScopeResponse {
    /// The full name.
    pub(super) name: String,
    /// Short text for people.
    pub(super) description: String,
    /// Longer text, with Markdown; may be empty.
    pub(super) long_description: String,
    /// Whether the person was asked.
    pub(super) requires_user_consent: bool,
    /// `PUBLIC`, `PRIVATE` or `INTERNAL`.
    pub(super) visibility: &'static str,
    /// The organization that owns it.
    pub(super) owner_orgno: String,
}

/// An organization, as tokens name it.
#[derive(Serialize, ToSchema)]
pub(super) struct OrganizationResponse {
    /// The register of identifiers.
    pub(super) authority: &'static str,
    /// `0192:` and nine digits.
    #[serde(rename = "ID")]
    pub(super) id: String,
}

/// One login.
#[derive(Serialize, ToSchema)]
pub(super) struct HistoryResponse {
    /// Norwegian local time, without offset.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$")]
    pub(super) tidspunkt: String,
    /// The service.
    pub(super) tjeneste: String,
    /// The method; `Federated` if a session was reused.
    pub(super) eid: String,
    /// The client.
    pub(super) integrasjon_id: String,
    /// The organization of the service.
    pub(super) orgno: String,
}

/// A person, and since when to look.
#[derive(Deserialize, ToSchema)]
pub(super) struct LevelRequest {
    /// National identity number: eleven digits.
    #[schema(pattern = "^[0-9]{11}$")]
    pub(super) personidentifikator: String,
    /// A day, which begins in Norway, or an instant of RFC 3339; 18 months ago if it is absent.
    #[serde(rename = "fraDato", default)]
    pub(super) since: Option<String>,
}

/// Whether the person has logged in at the highest level.
#[derive(Serialize, ToSchema)]
pub(super) struct LevelResponse {
    /// The number that was asked about.
    pub(super) personidentifikator: String,
    /// Whether they have, at level 4 (high).
    pub(super) harbruktnivaa4: bool,
}

/// Access tokens that were revoked and would still live.
#[derive(Serialize, ToSchema)]
pub(super) struct RevokeListResponse {
    /// The moment of the list, in milliseconds since 1970.
    pub(super) created: i64,
    /// The tokens, the last that was revoked at the end.
    pub(super) revoked_access_tokens: Vec<RevokedTokenResponse>,
}

/// A token that was revoked.
#[derive(Serialize, ToSchema)]
pub(super) struct RevokedTokenResponse {
    /// When it would have ended, in milliseconds since 1970.
    pub(super) expires: i64,
    /// When it was revoked, in milliseconds since 1970.
    pub(super) revoked: i64,
    /// Its `jti`.
    pub(super) access_token_id: String,
}

/// People to look up.
#[derive(Deserialize, ToSchema)]
pub(super) struct PeopleRequest {
    /// National identity numbers: eleven digits each.
    #[schema(min_items = 1, max_items = 1000)]
    pub(super) personidentifikatorer: Vec<String>,
}

/// People who were looked up, in the order in which they were asked about.
#[derive(Serialize, ToSchema)]
pub(super) struct PeopleResponse {
    /// The people.
    pub(super) personer: Vec<PersonResponse>,
}

/// How a person is reached. What has no value, or is not released, is left out.
#[derive(Serialize, ToSchema)]
pub(super) struct PersonResponse {
    /// National identity number.
    pub(super) personidentifikator: String,
    /// `JA` if the person has reserved against being reached electronically, or `NEI`.
    pub(super) reservasjon: &'static str,
    /// When they reserved; version 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reservasjonstidspunkt: Option<String>,
    /// When the reservation last changed; version 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reservasjon_oppdatert: Option<String>,
    /// `AKTIV`, `SLETTET` or `IKKE_REGISTRERT`.
    pub(super) status: &'static str,
    /// `KAN_VARSLES` or `KAN_IKKE_VARSLES`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) varslingsstatus: Option<&'static str>,
    /// Address of e-mail and mobile number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kontaktinformasjon: Option<ContactResponse>,
    /// The digital mailbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) digital_post: Option<MailboxResponse>,
    /// The certificate that mail to the mailbox is encrypted for: base64 of its DER form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sertifikat: Option<String>,
    /// `nb`, `nn`, `en` or `se`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) spraak: Option<&'static str>,
    /// When it was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) spraak_oppdatert: Option<String>,
}

/// Address of e-mail and mobile number, with the instants at which they were entered and confirmed.
/// Version 1 writes Norwegian local time (`2025-11-02T09:12:40+01`), version 2 UTC
/// (`2025-11-02T08:12:40.120Z`).
#[derive(Serialize, ToSchema)]
pub(super) struct ContactResponse {
    /// Address of e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) epostadresse: Option<String>,
    /// When it was entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) epostadresse_oppdatert: Option<String>,
    /// When the person last confirmed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) epostadresse_sist_verifisert: Option<String>,
    /// Mobile number, as it was entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mobiltelefonnummer: Option<String>,
    /// When it was entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mobiltelefonnummer_oppdatert: Option<String>,
    /// When the person last confirmed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mobiltelefonnummer_sist_verifisert: Option<String>,
}

/// A digital mailbox.
#[derive(Serialize, ToSchema)]
pub(super) struct MailboxResponse {
    /// Its address at the supplier.
    pub(super) postkasseadresse: String,
    /// Organization number of the supplier.
    pub(super) postkasseleverandoeradresse: String,
}

/// The language that somebody wants. Nothing else can be changed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LanguageRequest {
    /// `nb`, `nn`, `en` or `se`.
    #[schema(pattern = "^(nb|nn|en|se)$")]
    pub(super) spraak: String,
}

/// The language that somebody has now.
#[derive(Serialize, ToSchema)]
pub(super) struct LanguageResponse {
    /// National identity number.
    pub(super) personidentifikator: String,
    /// The language.
    pub(super) spraak: &'static str,
    /// When it was chosen.
    pub(super) spraak_oppdatert: String,
}

/// A refusal.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is written elsewhere, and described here")]
pub(super) struct ErrorResponse {
    /// What kind of refusal it is.
    error: String,
    /// What was wrong, for people; it repeats no value of the request.
    error_description: String,
}
