//! Parameters of addresses, queries and headers.

use portvakt_core::client::IntegrationType as Type;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter as Described, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type as JsonType};

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
    ClientId,
    ClientOrgno,
    ConsumerOrgno,
    From,
    IfMatch,
    IfNoneMatch,
    Inactive,
    IntegrationType,
    Limit,
    Object,
    OwnScope,
    OwnerOrgno,
    Prefix,
    RequestId,
    RequiredScope,
    ScopeFilter,
    To,
    Value,
}

impl Parameter {
    /// Whether what the value names may not exist.
    pub(super) fn names_resource(self) -> bool {
        matches!(
            self,
            Self::ClientId | Self::ConsumerOrgno | Self::OwnScope | Self::RequiredScope
        )
    }

    /// The parameter as the document describes it.
    pub(super) fn describe(self) -> Described {
        let place = self.place();
        let required = place == ParameterIn::Path || self == Self::RequiredScope;
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
            Self::ClientId | Self::ConsumerOrgno | Self::Value => ParameterIn::Path,
            Self::IfMatch | Self::IfNoneMatch => ParameterIn::Header,
            _ => ParameterIn::Query,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::AccessibleForAll => "accessible_for_all",
            Self::After => "after",
            Self::From => "from",
            Self::Limit => "limit",
            Self::Object => "object",
            Self::RequestId => "request_id",
            Self::To => "to",
            Self::AllowedIntegrationType => "allowed_integration_type",
            Self::ClientId => "client_id",
            Self::ClientOrgno => "client_orgno",
            Self::ConsumerOrgno => "consumer_orgno",
            Self::IfMatch => "If-Match",
            Self::IfNoneMatch => "If-None-Match",
            Self::Inactive => "inactive",
            Self::IntegrationType => "integration_type",
            Self::OwnScope | Self::RequiredScope | Self::ScopeFilter => "scope",
            Self::OwnerOrgno => "owner_orgno",
            Self::Prefix => "prefix",
            Self::Value => "value",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::AccessibleForAll => "Only scopes that are, or are not, open to everybody",
            Self::After => "Only entries with a greater number: `next` of the page before",
            Self::From => "Only entries from this instant on, RFC 3339",
            Self::Limit => "Most entries of the page; 100 unless stated",
            Self::Object => "Only entries about the object with this key, or what belongs to it",
            Self::RequestId => "Only entries of this request",
            Self::To => "Only entries before this instant, RFC 3339",
            Self::AllowedIntegrationType => "Only scopes that admit clients of this type",
            Self::ClientId => "The client",
            Self::ClientOrgno => "Only clients that act for this organization",
            Self::ConsumerOrgno => "The organization that has access",
            Self::IfMatch => "The ETag of the version that is meant; without it any is",
            Self::IfNoneMatch => "The ETag of the version that the caller has",
            Self::Inactive => "Add what was deactivated; any case of `true` and `false` is read",
            Self::IntegrationType => "Only clients of this type",
            Self::OwnScope => "Read this scope alone; the answer is then an object",
            Self::OwnerOrgno => "Only scopes of this organization",
            Self::Prefix => "Only scopes below this prefix",
            Self::RequiredScope => "The scope by its full name",
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
            Self::ClientId => text.pattern(Some(CLIENT_ID)),
            Self::ClientOrgno | Self::ConsumerOrgno | Self::OwnerOrgno => text.pattern(Some(ORGNO)),
            Self::OwnScope | Self::RequiredScope | Self::ScopeFilter => {
                text.pattern(Some(SCOPE)).max_length(Some(255))
            }
            Self::Value => text.min_length(Some(1)),
            Self::After => number().minimum(Some(0)),
            Self::Limit => number().minimum(Some(1)).maximum(Some(1000)),
            Self::From | Self::To => {
                text.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            }
            Self::Object => text.max_length(Some(1000)),
            Self::RequestId => text.pattern(Some("^[0-9a-fA-F]{32}$")),
            Self::IfMatch | Self::IfNoneMatch | Self::Prefix => text,
        }
    }
}

fn number() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(JsonType::Integer)
}
