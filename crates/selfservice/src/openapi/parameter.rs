//! Parameters of addresses, queries and headers.

use portvakt_core::client::{IntegrationType as Type, SecretOverlap};
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter as Described, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type as JsonType};

use crate::clients::idempotency;

/// Nine digits, which may follow the number of their register.
const ORGNO: &str = "^(0192:)?[0-9]{9}$";

const CLIENT_ID: &str = "^[A-Za-z0-9._~-]{1,64}$";

/// `prefix:subscope`, or a reserved name without colon.
const SCOPE: &str = r"^([a-zæøå0-9][a-zæøå0-9._-]{0,63}:)?[!#-\[\]-~æøåÆØÅ]{1,255}$";

/// A parameter, with what its value must be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Parameter {
    AccessibleForAll,
    After,
    AllowedIntegrationType,
    ChangesLimit,
    ClientId,
    ClientOrgno,
    ConsumerFilter,
    ConsumerOrgno,
    CorrelationId,
    Cursor,
    DelegatingOrgno,
    DelegationSource,
    FirstDay,
    From,
    IdempotencyKey,
    IfMatch,
    IfNoneMatch,
    Inactive,
    IntegrationType,
    LastDay,
    Limit,
    MinRevision,
    NamedPrefix,
    NamedSource,
    Object,
    Organization,
    Orgno,
    Overlap,
    OwnScope,
    OwnerOrgno,
    PartLimit,
    Prefix,
    RequestId,
    RequiredConsumerOrgno,
    RequiredOrganization,
    RequiredScope,
    RequiredSupplierOrgno,
    ScopeFilter,
    Since,
    SomeClient,
    SupplierOrgno,
    To,
    Value,
}

impl Parameter {
    /// Whether what the value names may not exist.
    pub(super) fn names_resource(self) -> bool {
        matches!(
            self,
            Self::ClientId
                | Self::ConsumerOrgno
                | Self::NamedPrefix
                | Self::NamedSource
                | Self::Orgno
                | Self::OwnScope
                | Self::RequiredScope
        )
    }

    /// The parameter as the document describes it.
    pub(super) fn describe(self) -> Described {
        let place = self.place();
        let required = place == ParameterIn::Path
            || matches!(
                self,
                Self::RequiredConsumerOrgno
                    | Self::RequiredOrganization
                    | Self::RequiredScope
                    | Self::RequiredSupplierOrgno
            );
        ParameterBuilder::new()
            .name(self.name())
            .parameter_in(place)
            .required(if required {
                Required::True
            } else {
                Required::False
            })
            .description(Some(self.description()))
            .schema(Some(self.schema()))
            .build()
    }

    fn place(self) -> ParameterIn {
        match self {
            Self::ClientId
            | Self::ConsumerOrgno
            | Self::NamedPrefix
            | Self::NamedSource
            | Self::Orgno
            | Self::Value => ParameterIn::Path,
            Self::IdempotencyKey | Self::IfMatch | Self::IfNoneMatch | Self::MinRevision => {
                ParameterIn::Header
            }
            _ => ParameterIn::Query,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::AccessibleForAll => "accessible_for_all",
            Self::After => "after",
            Self::Object => "object",
            Self::RequestId => "request_id",
            Self::AllowedIntegrationType => "allowed_integration_type",
            Self::ClientId | Self::SomeClient => "client_id",
            Self::ClientOrgno => "client_orgno",
            Self::ConsumerFilter
            | Self::ConsumerOrgno
            | Self::DelegatingOrgno
            | Self::RequiredConsumerOrgno => "consumer_orgno",
            Self::CorrelationId => "correlation_id",
            Self::Cursor => "cursor",
            Self::DelegationSource => "delegation_source",
            Self::IdempotencyKey => idempotency::HEADER_NAME,
            Self::FirstDay | Self::From => "from",
            Self::IfMatch => "If-Match",
            Self::IfNoneMatch => "If-None-Match",
            Self::Inactive => "inactive",
            Self::IntegrationType => "integration_type",
            Self::MinRevision => "Portvakt-Min-Revision",
            Self::ChangesLimit | Self::Limit | Self::PartLimit => "limit",
            Self::NamedSource => "name",
            Self::Organization | Self::RequiredOrganization => "organization",
            Self::Orgno => "orgno",
            Self::Overlap => "overlap",
            Self::OwnScope | Self::RequiredScope | Self::ScopeFilter => "scope",
            Self::OwnerOrgno => "owner_orgno",
            Self::NamedPrefix | Self::Prefix => "prefix",
            Self::RequiredSupplierOrgno | Self::SupplierOrgno => "supplier_orgno",
            Self::LastDay | Self::To => "to",
            Self::Since => "since",
            Self::Value => "value",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::AccessibleForAll => "Only scopes that are, or are not, open to everybody",
            Self::After => "Only entries with a greater number: `next` of the page before",
            Self::PartLimit => "Most entries of the page; 100 unless stated",
            Self::ChangesLimit => {
                "Most records that are looked at, whoever's they are; 500 unless stated"
            }
            Self::Since => {
                "The revision of the answer before; without it nothing is listed, and the answer says \
                 where to begin"
            }
            Self::Object => "Only entries about the object with this key, or what belongs to it",
            Self::RequestId => "Only entries of this request",
            Self::AllowedIntegrationType => "Only scopes that admit clients of this type",
            Self::ClientId => "The client",
            Self::ClientOrgno => "Only clients that act for this organization",
            Self::ConsumerFilter => "Only tokens that were issued for this organization",
            Self::ConsumerOrgno => "The organization that has access",
            Self::CorrelationId => "Only what this request changed",
            Self::Cursor => "The next_cursor of the page before",
            Self::DelegatingOrgno | Self::RequiredConsumerOrgno => {
                "The organization that delegates"
            }
            Self::DelegationSource => "Issuer of the source",
            Self::From => "Not before this instant, RFC 3339",
            Self::IdempotencyKey => {
                "Names the request for 24 hours: sent again, it answers the client that it made, \
                 without its secret"
            }
            Self::FirstDay => {
                "The first day, UTC; by default 29 days before the last. A span has at most 400 days"
            }
            Self::IfMatch => "The ETag of the version that is meant; without it any is",
            Self::IfNoneMatch => "The ETag of the version that the caller has",
            Self::Inactive => "Add what was deactivated; any case of `true` and `false` is read",
            Self::IntegrationType => "Only clients of this type",
            Self::MinRevision => {
                "Wait for this revision of the registry, about two seconds at most, then 412"
            }
            Self::Limit => "How many entries at most; 50 unless it is stated",
            Self::NamedPrefix => "The prefix, without colon",
            Self::NamedSource => "The source's short name",
            Self::Organization => "Only what it did, or what concerns it",
            Self::Orgno => "The organization",
            Self::Overlap => "Seconds for which the present secret still counts; 0 by default",
            Self::LastDay => "The last day, UTC, which is part of the span; by default today",
            Self::OwnScope => "Read this scope alone; the answer is then an object",
            Self::OwnerOrgno => "Only scopes of this organization",
            Self::Prefix => "Only scopes below this prefix",
            Self::RequiredOrganization => "The organization that has or supplies the clients",
            Self::RequiredScope => "The scope by its full name",
            Self::RequiredSupplierOrgno | Self::SupplierOrgno => "The organization that may act",
            Self::SomeClient => "Only what it did, or what was done to it",
            Self::To => "Before this instant, RFC 3339",
            Self::ScopeFilter => "Only what has this scope, by its full name",
            Self::Value => "The value that logins send",
        }
    }

    fn schema(self) -> ObjectBuilder {
        let text = ObjectBuilder::new().schema_type(JsonType::String);
        match self {
            Self::AccessibleForAll | Self::Inactive => {
                ObjectBuilder::new().schema_type(JsonType::Boolean)
            }
            Self::AllowedIntegrationType | Self::IntegrationType => {
                text.enum_values(Some(Type::ALL.map(Type::as_str)))
            }
            Self::ClientId | Self::SomeClient => text.pattern(Some(CLIENT_ID)),
            Self::ClientOrgno
            | Self::ConsumerFilter
            | Self::ConsumerOrgno
            | Self::DelegatingOrgno
            | Self::Organization
            | Self::Orgno
            | Self::OwnerOrgno
            | Self::RequiredConsumerOrgno
            | Self::RequiredOrganization
            | Self::RequiredSupplierOrgno
            | Self::SupplierOrgno => text.pattern(Some(ORGNO)),
            Self::CorrelationId => text.pattern(Some("^[0-9A-Fa-f]{32}$")),
            Self::Cursor => text.pattern(Some("^[1-9][0-9]{0,19}$")),
            Self::From | Self::To => {
                text.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            }
            Self::Limit => number().minimum(Some(1)).maximum(Some(200)),
            Self::NamedSource => text.min_length(Some(1)).max_length(Some(64)),
            Self::FirstDay | Self::LastDay => {
                text.format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            }
            Self::OwnScope | Self::RequiredScope | Self::ScopeFilter => {
                text.pattern(Some(SCOPE)).max_length(Some(255))
            }
            Self::MinRevision | Self::After | Self::Since => number().minimum(Some(0)),
            Self::Overlap => number()
                .minimum(Some(0))
                .maximum(Some(SecretOverlap::MAX_SECONDS)),
            Self::IdempotencyKey => text.pattern(Some("^[!-~]{1,255}$")),
            Self::Value => text.min_length(Some(1)),
            Self::DelegationSource
            | Self::IfMatch
            | Self::IfNoneMatch
            | Self::NamedPrefix
            | Self::Prefix => text,
            Self::ChangesLimit | Self::PartLimit => number().minimum(Some(1)).maximum(Some(1000)),
            Self::Object => text.max_length(Some(1000)),
            Self::RequestId => text.pattern(Some("^[0-9a-fA-F]{32}$")),
        }
    }
}

fn number() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(JsonType::Integer)
}
