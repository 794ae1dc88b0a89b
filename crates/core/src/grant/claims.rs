//! The claims of a grant (spec: maskinporten §4.2).

use std::fmt;

use serde::de::{Deserializer as _, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use crate::issuer::Issuer;
use crate::scope::{InvalidScope, ScopeToken};

/// The longest `jti`, in characters (spec: maskinporten §4.4).
const MAX_JWT_ID_CHARACTERS: usize = 255;

/// The largest whole number that every JSON reader agrees on (RFC 7493 §2.2).
pub(crate) const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

/// The claims of a grant, of the right types. Their values are checked later, one by one.
#[derive(Clone, PartialEq)]
pub struct GrantClaims {
    /// `aud`; one element when it was a string.
    pub audience: Vec<String>,
    /// `iss`: the client id.
    pub issuer: String,
    /// `iat`, seconds.
    pub issued_at: i64,
    /// `exp`, seconds.
    pub expires_at: i64,
    /// `nbf`, seconds.
    pub not_before: Option<i64>,
    /// `jti`; an empty one counts as absent.
    pub jwt_id: Option<String>,
    /// `scope`, without repetition, in the order of first occurrence.
    pub scopes: Vec<ScopeToken>,
    /// `resource`; none when absent.
    pub resource: Option<Vec<String>>,
    /// `pid`.
    pub pid: Option<String>,
    /// `consumer_org`.
    pub consumer_org: Option<String>,
    /// `iss_onbehalfof`.
    pub on_behalf_of: Option<String>,
    /// `authorization_details`.
    pub authorization_details: Option<Vec<Value>>,
}

impl fmt::Debug for GrantClaims {
    /// Leaves out what identifies people.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("GrantClaims")
            .field("issuer", &self.issuer)
            .field("scopes", &self.scopes)
            .field("consumer_org", &self.consumer_org)
            .finish_non_exhaustive()
    }
}

/// What is wrong with the claims. Names claims, never repeats their values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimFault {
    /// Not a JSON object, or one with a member twice.
    #[error("the payload is not a JSON object of claims, each at most once")]
    NotAnObject,
    /// A required claim is absent or null.
    #[error("the claim {0} is missing")]
    Missing(&'static str),
    /// A claim has another JSON type.
    #[error("the claim {claim} must be {expected}")]
    WrongType {
        /// Which.
        claim: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A claim that grants do not have.
    #[error("the claim {0:?} is unknown")]
    Unknown(String),
    /// Below zero or beyond 2^53 - 1.
    #[error("the claim {0} is out of range")]
    OutOfRange(&'static str),
    /// `exp` is before `iat`.
    #[error("exp is before iat")]
    ExpiresBeforeIssued,
    /// `jti` is too long.
    #[error("the claim jti has more than {MAX_JWT_ID_CHARACTERS} characters")]
    JwtIdTooLong,
    /// `scope` has no element.
    #[error("the claim scope is empty")]
    EmptyScope,
    /// An element of `scope` has a character that no scope has, or is too long.
    #[error("the claim scope: {0}")]
    Scope(InvalidScope),
    /// More scopes than the server accepts.
    #[error("the claim scope has more than {0} scopes")]
    TooManyScopes(usize),
    /// Two claims that exclude each other.
    #[error("the claims consumer_org and iss_onbehalfof exclude each other")]
    ConsumerAndOnBehalfOf,
    /// `sub` differs from `iss`, and the server is strict about it.
    #[error("the claim sub differs from iss")]
    SubjectDiffers,
    /// `iss_onbehalfof` where the server does not honor it.
    #[error("the claim iss_onbehalfof is not accepted by this server")]
    OnBehalfOfDisabled,
    /// `iss_onbehalfof` names no registration of the client.
    #[error("the claim iss_onbehalfof names no registration of the client")]
    UnknownOnBehalfOf,
    /// `resource` has no value.
    #[error("the claim resource is empty")]
    EmptyResource,
    /// `resource` has more than 10 values.
    #[error("the claim resource has more than {0} values")]
    TooManyResources(usize),
    /// A resource is no absolute URI without fragment, or longer than 2048 characters.
    #[error(
        "the claim resource must hold absolute URIs of at most 2048 characters without a fragment"
    )]
    Resource,
    /// `pid` is no national identity number.
    #[error("the claim pid is not a valid national identity number")]
    Person,
    /// `consumer_org` is no organization number.
    #[error("the claim consumer_org is not an organization number of nine digits")]
    ConsumerOrg,
}

/// Reads the claims. The claims are there when everything that later checks need is; faults
/// beside them (an unknown claim, say) still refuse the grant.
pub fn parse_claims(payload: &[u8], issuer: &Issuer) -> (Option<GrantClaims>, Vec<ClaimFault>) {
    let mut deserializer = serde_json::Deserializer::from_slice(payload);
    let collected = deserializer.deserialize_map(ClaimVisitor { issuer });
    match collected.and_then(|raw| deserializer.end().map(|()| raw)) {
        Ok(raw) if !raw.repeats_inside(payload) => raw.finish(issuer),
        Ok(_) | Err(_) => (None, vec![ClaimFault::NotAnObject]),
    }
}

macro_rules! raw_claims {
    ($($field:ident = $name:literal,)*) => {
        /// Claims as they stand in the payload, before their types are looked at.
        #[derive(Default)]
        struct RawClaims {
            $($field: Option<Value>,)*
            unknown: Vec<String>,
        }

        impl RawClaims {
            /// The place for a claim of this name; none when it is not a claim of grants.
            fn slot(&mut self, name: &str) -> Option<&mut Option<Value>> {
                match name { $($name => Some(&mut self.$field),)* _ => None }
            }
        }
    };
}

raw_claims! {
    audience = "aud",
    issuer = "iss",
    issued_at = "iat",
    expires_at = "exp",
    not_before = "nbf",
    jwt_id = "jti",
    subject = "sub",
    scope = "scope",
    resource = "resource",
    pid = "pid",
    consumer_org = "consumer_org",
    on_behalf_of = "iss_onbehalfof",
    authorization_details = "authorization_details",
}

struct ClaimVisitor<'a> {
    issuer: &'a Issuer,
}

impl<'de> Visitor<'de> for ClaimVisitor<'_> {
    type Value = RawClaims;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawClaims, A::Error> {
        let mut raw = RawClaims::default();
        let mut extras: Vec<String> = Vec::new();
        while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if let Some(slot) = raw.slot(&name) {
                if slot.is_some() {
                    return Err(A::Error::custom("repeated claim"));
                }
                *slot = Some(map.next_value()?);
                continue;
            }
            map.next_value::<IgnoredAny>()?;
            if extras.iter().any(|seen| *seen == name) {
                return Err(A::Error::custom("repeated claim"));
            }
            if !self.issuer.allowed_extra_claims.contains(name.as_ref()) && raw.unknown.len() < 8 {
                raw.unknown.push(name.chars().take(64).collect());
            }
            // A stranger chooses how many there are, and finding repetitions is quadratic.
            if extras.len() >= 64 {
                return Err(A::Error::custom("too many claims"));
            }
            extras.push(name.into_owned());
        }
        Ok(raw)
    }
}

impl RawClaims {
    /// Whether an object inside `authorization_details`, the one claim with any, names a member
    /// twice: the first would be read here and the last elsewhere, or the reverse.
    fn repeats_inside(&self, payload: &[u8]) -> bool {
        self.authorization_details.is_some() && portvakt_jose::parse_json_object(payload).is_err()
    }

    fn finish(self, policy: &Issuer) -> (Option<GrantClaims>, Vec<ClaimFault>) {
        let mut faults: Vec<_> = self.unknown.into_iter().map(ClaimFault::Unknown).collect();
        let mut note = Faults(&mut faults);
        let audience = note.required("aud", self.audience, |value| strings(value, "aud"));
        let issuer = note.required("iss", self.issuer, |value| string(value, "iss"));
        let issued_at = note.required("iat", self.issued_at, |value| instant(&value, "iat"));
        let expires_at = note.required("exp", self.expires_at, |value| instant(&value, "exp"));
        let not_before = note.optional(self.not_before, |value| instant(&value, "nbf"));
        let jwt_id = note.optional(self.jwt_id, jwt_id);
        let subject = note.optional(self.subject, |value| string(value, "sub"));
        let scopes = note.required("scope", self.scope, |value| {
            scopes(&value, policy.max_scopes)
        });
        let resource = note.optional(self.resource, |value| strings(value, "resource"));
        let pid = note.optional(self.pid, |value| string(value, "pid"));
        let consumer_org = note.optional(self.consumer_org, |value| string(value, "consumer_org"));
        let on_behalf_of =
            note.optional(self.on_behalf_of, |value| string(value, "iss_onbehalfof"));
        let authorization_details = note.optional(self.authorization_details, details);

        if consumer_org.is_some() && on_behalf_of.is_some() {
            note.add(ClaimFault::ConsumerAndOnBehalfOf);
        }
        if on_behalf_of.is_some() && !policy.enable_iss_onbehalfof {
            note.add(ClaimFault::OnBehalfOfDisabled);
        }
        if policy.strict_subject && subject.is_some() && subject != issuer {
            note.add(ClaimFault::SubjectDiffers);
        }
        if let (Some(issued_at), Some(expires_at)) = (issued_at, expires_at)
            && expires_at < issued_at
        {
            note.add(ClaimFault::ExpiresBeforeIssued);
        }
        let claims = (|| {
            Some(GrantClaims {
                audience: audience?,
                issuer: issuer?,
                issued_at: issued_at?,
                expires_at: expires_at?,
                not_before,
                jwt_id: jwt_id.filter(|id| !id.is_empty()),
                scopes: scopes?,
                resource,
                pid,
                consumer_org,
                on_behalf_of,
                authorization_details,
            })
        })();
        (claims, faults)
    }
}

/// Collects faults while reading on.
struct Faults<'a>(&'a mut Vec<ClaimFault>);

impl Faults<'_> {
    fn add(&mut self, fault: ClaimFault) {
        self.0.push(fault);
    }

    fn required<T>(
        &mut self,
        claim: &'static str,
        value: Option<Value>,
        read: impl FnOnce(Value) -> Result<T, ClaimFault>,
    ) -> Option<T> {
        match value {
            None | Some(Value::Null) => {
                self.add(ClaimFault::Missing(claim));
                None
            }
            value => self.optional(value, read),
        }
    }

    fn optional<T>(
        &mut self,
        value: Option<Value>,
        read: impl FnOnce(Value) -> Result<T, ClaimFault>,
    ) -> Option<T> {
        let value = value.filter(|value| !value.is_null())?;
        read(value).map_err(|fault| self.add(fault)).ok()
    }
}

fn string(value: Value, claim: &'static str) -> Result<String, ClaimFault> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(ClaimFault::WrongType {
            claim,
            expected: "a string",
        }),
    }
}

/// A string, or an array of strings (RFC 7519 §4.1.3).
fn strings(value: Value, claim: &'static str) -> Result<Vec<String>, ClaimFault> {
    let wrong_type = ClaimFault::WrongType {
        claim,
        expected: "a string or an array of strings",
    };
    match value {
        Value::String(text) => Ok(vec![text]),
        Value::Array(values) => values
            .into_iter()
            .map(|value| string(value, claim).map_err(|_| wrong_type.clone()))
            .collect(),
        _ => Err(wrong_type),
    }
}

/// A `NumericDate`; a fraction is cut off. Negative, not finite and larger than what every JSON
/// reader agrees on are refused rather than wrapped.
fn instant(value: &Value, claim: &'static str) -> Result<i64, ClaimFault> {
    let Value::Number(number) = value else {
        return Err(ClaimFault::WrongType {
            claim,
            expected: "a whole number of seconds",
        });
    };
    if let Some(seconds) = number.as_i64() {
        return if (0..=MAX_SAFE_INTEGER).contains(&seconds) {
            Ok(seconds)
        } else {
            Err(ClaimFault::OutOfRange(claim))
        };
    }
    match number.as_f64() {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "cutting the fraction off is the rule"
        )]
        Some(seconds) if (0.0..=9_007_199_254_740_991.0).contains(&seconds) => Ok(seconds as i64),
        _ => Err(ClaimFault::OutOfRange(claim)),
    }
}

fn jwt_id(value: Value) -> Result<String, ClaimFault> {
    let text = string(value, "jti")?;
    if text.chars().count() > MAX_JWT_ID_CHARACTERS {
        return Err(ClaimFault::JwtIdTooLong);
    }
    Ok(text)
}

/// Splits on white space, drops repetitions, keeps the order (spec: maskinporten §2.3).
fn scopes(value: &Value, most: usize) -> Result<Vec<ScopeToken>, ClaimFault> {
    let Value::String(text) = value else {
        return Err(ClaimFault::WrongType {
            claim: "scope",
            expected: "a string",
        });
    };
    let mut scopes: Vec<ScopeToken> = Vec::new();
    for element in text
        .split([' ', '\t', '\r', '\n'])
        .filter(|element| !element.is_empty())
    {
        if scopes.iter().any(|scope| scope.as_str() == element) {
            continue;
        }
        if scopes.len() >= most {
            return Err(ClaimFault::TooManyScopes(most));
        }
        scopes.push(ScopeToken::parse(element).map_err(ClaimFault::Scope)?);
    }
    if scopes.is_empty() {
        Err(ClaimFault::EmptyScope)
    } else {
        Ok(scopes)
    }
}

fn details(value: Value) -> Result<Vec<Value>, ClaimFault> {
    match value {
        Value::Array(elements) if elements.iter().all(Value::is_object) => Ok(elements),
        _ => Err(ClaimFault::WrongType {
            claim: "authorization_details",
            expected: "an array of objects",
        }),
    }
}

#[cfg(test)]
mod tests;
