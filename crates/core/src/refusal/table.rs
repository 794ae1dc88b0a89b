//! The table of refusals: one row for each code (spec: maskinporten §11).

use portvakt_oauth_types::ErrorCode;

macro_rules! refusal_table {
    ($($code:ident {
        status: $status:literal, error: $error:ident, mp: $mp:expr, text: $text:literal,
        when: $when:literal, next: $next:literal $(,)?
    })*) => {
        /// Names a row of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum RefusalCode {
            $(#[doc = $when] $code,)*
        }

        impl RefusalCode {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$code,)*];

            /// The variant's name, which the documentation uses as the name of the row.
            pub fn name(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)* }
            }

            /// The row.
            pub fn row(self) -> &'static RefusalRow {
                match self {
                    $(Self::$code => &RefusalRow {
                        http_status: $status, error: ErrorCode::$error, mp_code: $mp,
                        text: $text, raised_when: $when, next_step: $next,
                    },)*
                }
            }
        }
    };
}

/// How a refusal looks on the wire, and what helps.
#[derive(Clone, Copy, Debug)]
pub struct RefusalRow {
    /// HTTP status.
    pub http_status: u16,
    /// OAuth error code.
    pub error: ErrorCode,
    /// National code, which travels as the last path segment of `error_uri`; none where no
    /// national code is known.
    pub mp_code: Option<&'static str>,
    /// How `error_description` begins; what stands in braces is filled in.
    pub text: &'static str,
    /// The situation, for the documentation.
    pub raised_when: &'static str,
    /// What to do, for the explanation and the documentation.
    pub next_step: &'static str,
}

refusal_table! {
    MethodNotAllowed {
        status: 405, error: InvalidRequest, mp: None,
        text: "The token endpoint accepts POST only",
        when: "The request uses another method than POST.",
        next: "Send the request with POST.",
    }
    UnsupportedMediaType {
        status: 415, error: InvalidRequest, mp: None,
        text: "The request body must be application/x-www-form-urlencoded",
        when: "The body has another media type, or none is stated.",
        next: "Send `Content-Type: application/x-www-form-urlencoded` and a form body.",
    }
    BodyTooLarge {
        status: 413, error: InvalidRequest, mp: None,
        text: "The request body is too large",
        when: "The body is larger than 64 KiB.",
        next: "Send the certificate alone in `x5c`, and fewer scopes.",
    }
    RequestTimeout {
        status: 408, error: InvalidRequest, mp: None,
        text: "The request did not arrive in time",
        when: "The request did not arrive completely within the time limit.",
        next: "Send it again, at once and as a whole.",
    }
    MalformedRequest {
        status: 400, error: InvalidRequest, mp: None,
        text: "Malformed request",
        when: "A parameter is missing or repeated, or the form cannot be read.",
        next: "Send `grant_type` and `assertion` once each, form-encoded in UTF-8.",
    }
    UnsupportedGrantType {
        status: 400, error: UnsupportedGrantType, mp: None,
        text: "unsupported grant_type",
        when: "`grant_type` is not the JWT bearer grant.",
        next: "Send `grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer`.",
    }
    InvalidParameter {
        status: 400, error: InvalidRequest, mp: Some("MP-011"),
        text: "Invalid assertion. Invalid parameter value",
        when: "The assertion is malformed: JWS, header, JSON, a claim's type or value, an unknown or missing claim; a bad `resource`, `pid` or `consumer_org`.",
        next: "Correct what the description names; `portvakt inspect` shows the assertion as the server reads it.",
    }
    GrantReplayed {
        status: 400, error: InvalidGrant, mp: Some("MP-012"),
        text: "Invalid assertion. Grant is used before",
        when: "The same grant (client and `jti`) was used before.",
        next: "Make a new grant, with a new `jti`, for every request.",
    }
    ClientNotFound {
        status: 400, error: InvalidGrant, mp: Some("MP-100"),
        text: "Invalid assertion. Client authentication failed. Client not found.",
        when: "`iss` names no client, a deactivated one, or one that is not for machines.",
        next: "Check `iss` and that the grant goes to the environment where the client is registered.",
    }
    AudienceMismatch {
        status: 400, error: InvalidGrant, mp: Some("MP-110"),
        text: "Invalid assertion. Client authentication failed. Invalid JWT claim aud.",
        when: "`aud` names another server, another environment, or the issuer spelled differently.",
        next: "Set `aud` to the `issuer` of the metadata, character by character, slash included.",
    }
    InvalidCertificate {
        status: 400, error: InvalidGrant, mp: Some("MP-120"),
        text: "Invalid assertion. Client authentication failed. The JWT is signed with an invalid certificate.",
        when: "The certificate is expired, revoked, of the wrong kind, or from an issuer that is not trusted here.",
        next: "Use a valid organization certificate of this environment.",
    }
    ExpiredKey {
        status: 400, error: InvalidGrant, mp: Some("MP-121"),
        text: "Invalid assertion. Client authentication failed. Expired key.",
        when: "The registered key is past its life of at most one year.",
        next: "Register a new key, or the same one again.",
    }
    CertificateOrganizationMismatch {
        status: 400, error: InvalidGrant, mp: Some("MP-122"),
        text: "Invalid assertion. Client authentication failed. Invalid JWT. Invalid organization number for client. Does not match certificate orgno",
        when: "The certificate belongs to another organization than the client.",
        next: "Sign with the certificate of the client's organization.",
    }
    InvalidCertificateHeader {
        status: 400, error: InvalidGrant, mp: Some("MP-123"),
        text: "Invalid assertion. Client authentication failed. Invalid JWT header x5c",
        when: "`x5c` is not an array of certificates in standard base64 of DER.",
        next: "Send `x5c` as a JSON array of strings, the leaf first, without PEM armour.",
    }
    InvalidSignature {
        status: 400, error: InvalidGrant, mp: Some("MP-124"),
        text: "Invalid assertion. Client authentication failed. Invalid JWT signature.",
        when: "The signature does not verify with the key that the header names, or `alg` is not the key's.",
        next: "Sign with the private key that belongs to the registered one, and with its `alg`.",
    }
    UnknownKeyId {
        status: 400, error: InvalidGrant, mp: None,
        text: "Invalid assertion. Client authentication failed. Unknown key identifier (kid) for client.",
        when: "`kid` is not among the client's keys.",
        next: "Register the key, or use the `kid` that it was registered with.",
    }
    KeyIdRequired {
        status: 400, error: InvalidGrant, mp: None,
        text: "Invalid assertion. Client authentication failed. Invalid JWT. The client requires pre-registered jwk and no key identifier (kid) provided.",
        when: "The client has registered keys and the grant has no `kid`.",
        next: "Put the `kid` of a registered key in the header; a client with keys cannot use a certificate.",
    }
    GrantExpired {
        status: 400, error: InvalidGrant, mp: Some("MP-130"),
        text: "Invalid assertion. Client authentication failed. JWT is expired",
        when: "`exp` has passed.",
        next: "Make the grant right before it is sent, and keep the clock right.",
    }
    IssuedInFuture {
        status: 400, error: InvalidGrant, mp: None,
        text: "Invalid assertion. Client authentication failed. Issue time is after now",
        when: "`iat` is more than 10 seconds ahead of the server's clock.",
        next: "Correct the client's clock; `iat` is whole seconds, not milliseconds.",
    }
    LifetimeTooLong {
        status: 400, error: InvalidGrant, mp: None,
        text: "Invalid assertion. Client authentication failed. Invalid JWT. Expiration time is more than 120 seconds after issue time",
        when: "`exp - iat` is more than 120 seconds.",
        next: "Set `exp` to at most `iat` + 120.",
    }
    InvalidCombination {
        status: 400, error: InvalidRequest, mp: None,
        text: "Validation of JWT claim failed: The combination consumer_org in claim and delegation scope on client is invalid",
        when: "`consumer_org` is the client's own organization, the client acts for a customer already, or a scope cannot be delegated.",
        next: "Leave `consumer_org` out unless you act for another organization, and ask only for scopes with one and the same `delegation_source`.",
    }
    InvalidScopes {
        status: 400, error: InvalidScope, mp: Some("MP-200"),
        text: "Token request contains invalid scopes for client",
        when: "A scope does not exist, is not active, or is not registered on the client.",
        next: "Register the scope on the client; check its spelling.",
    }
    IntegrationTypeNotAllowed {
        status: 400, error: InvalidScope, mp: Some("MP-201"),
        text: "Token request contains scopes not allowed for maskinporten",
        when: "A scope's `allowed_integration_types` leaves out the client's type.",
        next: "Ask for scopes that admit machines; the scope's owner decides.",
    }
    AccessNotGranted {
        status: 403, error: Forbidden, mp: Some("MP-250"),
        text: "Consumer has not been granted access to the scope",
        when: "The consumer has no access to a scope. Without `consumer_org` the consumer is the client's own organization.",
        next: "Ask the scope's owner to grant the consumer access; a supplier must send `consumer_org`.",
    }
    NotDelegated {
        status: 403, error: Forbidden, mp: Some("MP-251"),
        text: "Consumer {consumer} has not delegated access to the scope {scope} to supplier {supplier}.",
        when: "The delegation source has no delegation from the consumer to the supplier.",
        next: "Ask the consumer to delegate the scope to the supplier in the delegation source.",
    }
    UnknownAuthorizationDetailsType {
        status: 400, error: InvalidAuthorizationDetails, mp: Some("MP-301"),
        text: "Unknown authorization details type",
        when: "`authorization_details` has a `type` that the server does not offer.",
        next: "Use a type of `authorization_details_types_supported` in the metadata.",
    }
    UnknownAuthorizationDetailsField {
        status: 400, error: InvalidAuthorizationDetails, mp: Some("MP-302"),
        text: "Unknown fields in the authorization details",
        when: "`authorization_details` has a member that its type does not have.",
        next: "Remove the member that the description names.",
    }
    InvalidAuthorizationDetails {
        status: 400, error: InvalidAuthorizationDetails, mp: Some("MP-303"),
        text: "Invalid authorization details values",
        when: "A value in `authorization_details` is wrong, or there is not exactly one element.",
        next: "Correct the value that the description names.",
    }
    NoSystemUser {
        status: 400, error: InvalidAltinnCustomerConfiguration, mp: Some("MP-303"),
        text: "No system user found for customer {customer} and client {client}",
        when: "The customer has no approved system user for the client.",
        next: "Have the customer approve the system user, and check `systemuser_org` and `externalRef`.",
    }
    NoConsent {
        status: 400, error: InvalidAltinnCustomerConfiguration, mp: Some("MP-303"),
        text: "No valid consent found for the consumer",
        when: "The consent does not exist, is not valid now, or was given by or to somebody else.",
        next: "Check `id` and `from`, and that the consent was given to the consumer and still holds.",
    }
    TooManyRequests {
        status: 429, error: TemporarilyUnavailable, mp: None,
        text: "Too many requests",
        when: "The address, the client or its organization sends more requests than it may. The grant is not used up.",
        next: "Wait for the seconds that `Retry-After` says; keep tokens until they expire.",
    }
    Overloaded {
        status: 503, error: TemporarilyUnavailable, mp: None,
        text: "The service has more requests than it can answer in time",
        when: "More token requests are under way than the server works on at once.",
        next: "Try again after the seconds that `Retry-After` says; the grant was not used up.",
    }
    Unavailable {
        status: 503, error: TemporarilyUnavailable, mp: None,
        text: "The service is temporarily unavailable",
        when: "A dependency is down, or the server cannot confirm that its data is fresh.",
        next: "Try again, with a new grant, after the seconds that `Retry-After` says.",
    }
    Internal {
        status: 500, error: ServerError, mp: None,
        text: "Internal error",
        when: "The server is at fault.",
        next: "Tell the operator the trace id.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_access_refusals_are_403_and_everything_else_a_client_causes_in_its_grant_is_400() {
        for code in RefusalCode::ALL {
            let row = code.row();
            let forbidden = matches!(
                code,
                RefusalCode::AccessNotGranted | RefusalCode::NotDelegated
            );
            if row.mp_code.is_some() {
                assert_eq!(
                    row.http_status,
                    if forbidden { 403 } else { 400 },
                    "{}",
                    code.name()
                );
            }
            assert_eq!(
                row.error == ErrorCode::Forbidden,
                forbidden,
                "{}",
                code.name()
            );
        }
    }

    #[test]
    fn every_row_says_when_and_what_to_do() {
        for code in RefusalCode::ALL {
            let row = code.row();
            assert!(
                !row.text.is_empty()
                    && row.raised_when.ends_with('.')
                    && row.next_step.ends_with('.')
            );
        }
    }
}
