//! What an access token proves at our own resources (spec: companion-apis §1.3).
//!
//! Which kind a token is follows from its issuer alone, never from a `pid` in it: tokens of
//! organizations may be restricted to a person, and tokens of people may keep silent about them.

use portvakt_jose::{Jws, parse_json_object, verify_jwt};
use serde_json::{Map, Value};

use super::{Api, Companion, MachineIssuer};
use crate::bearer::{BearerError, Caller, UNRESTRICTED};
use crate::clock::Timestamp;
use crate::login::Handle;
use crate::login::provider::{Denied, PresentedToken, TokenScheme};
use crate::login::record::{Authorization, PersonId};
use crate::login::refusal::{LoginRefusal, LoginRefusalCode};
use crate::person::{Pid, PidCheck};
use crate::ports::AsOf;

/// Who asks.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// The organization, the supplier that acts for it, the client and the scopes.
    pub caller: Caller,
    /// For whom.
    pub holder: Holder,
    /// The request, for the audit log.
    pub request_id: Option<String>,
    /// The moment of the registry's facts that this and the answer rest on.
    pub(super) as_of: AsOf,
}

/// For whom a token stands.
#[derive(Clone, Debug)]
pub enum Holder {
    /// Somebody who logged in: what they let the client have.
    Person(Box<Authorization>),
    /// The organization itself.
    Organization {
        /// The only person whom it may ask about, if the token says so.
        pid: Option<Pid>,
    },
}

impl Bearer {
    /// Refuses a token that has none of these scopes.
    pub fn require_one_of(&self, scopes: &'static [&'static str]) -> Result<(), Denied> {
        if scopes.iter().any(|scope| self.caller.has_scope(scope)) {
            Ok(())
        } else {
            Err(LoginRefusal::OneOf(scopes).into())
        }
    }

    /// The person who is logged in.
    pub fn person(&self) -> Result<&PersonId, Denied> {
        match &self.holder {
            Holder::Person(authorization) => Ok(&authorization.person),
            Holder::Organization { .. } => Err(super::wrong_kind("a person has to be logged in")),
        }
    }

    /// Refuses a token of somebody who logged in.
    pub fn require_organization(&self) -> Result<(), Denied> {
        match self.holder {
            Holder::Organization { .. } => Ok(()),
            Holder::Person(_) => Err(super::wrong_kind("the token has to be an organization's")),
        }
    }

    /// Whether the organization may ask about this person: about everybody, unless its token is
    /// restricted to one.
    pub fn require_person(&self, pid: &Pid) -> Result<(), Denied> {
        self.require_organization()?;
        match &self.holder {
            Holder::Organization { pid: Some(only) } if only != pid => {
                Err(LoginRefusalCode::PersonNotInToken.into())
            }
            Holder::Organization { .. } | Holder::Person(_) => Ok(()),
        }
    }
}

impl Companion {
    /// Says what a token proves at an API, if it counts now. One that is bound to a key comes with a
    /// proof of it; only tokens of people are.
    pub async fn bearer(
        &self,
        presented: PresentedToken<'_>,
        api: Api,
        request_id: Option<String>,
    ) -> Result<Bearer, Denied> {
        let audience = self.base_url(api);
        let as_of = self.registry().as_of()?;
        let bearer = match self.machine_issuer_of(presented.token) {
            Some(_) if presented.scheme == TokenScheme::Dpop => Err(BearerError::Bound),
            Some(issuer) => {
                let now = self.provider().now();
                of_organization(presented.token, issuer, audience, now)
            }
            None => {
                // If it is bound to a key, that was proven.
                let (claims, authorization) = self.provider().presented_token(presented).await?;
                let holder = Holder::Person(Box::new(authorization));
                admit(&claims.to_object(), audience, holder)
            }
        };
        let bearer = bearer.map_err(|error| Denied::of(LoginRefusalCode::TokenInvalid, &error))?;
        let caller = &bearer.caller;
        let organizations = [Some(caller.organization), caller.supplier];
        for orgno in organizations.into_iter().flatten() {
            if self.registry().is_deactivated(orgno).await? {
                let cause = &BearerError::Deactivated;
                let denied = Denied::of(LoginRefusalCode::TokenInvalid, cause);
                return Err(self.denied(&bearer, denied).await);
            }
        }
        Ok(Bearer {
            request_id,
            as_of,
            ..bearer
        })
    }

    /// The machine-to-machine issuer, if the token says that it is from there. What it says is
    /// believed only as far as that it is verified with that issuer's keys.
    fn machine_issuer_of(&self, token: &str) -> Option<&MachineIssuer> {
        if Handle::parse(token).is_ok() {
            return None;
        }
        let issuer = self.0.machines.as_ref()?;
        let jws = Jws::parse(token).ok()?;
        let claims = parse_json_object(jws.payload()).ok()?;
        (claims.get("iss")? == issuer.identifier.as_str()).then_some(issuer)
    }
}

/// What a token of the machine-to-machine issuer proves. That it says to be from there was read from the
/// same bytes as are verified here.
fn of_organization(
    token: &str,
    issuer: &MachineIssuer,
    audience: &str,
    now: Timestamp,
) -> Result<Bearer, BearerError> {
    // Nodes set the times of their own tokens, so that no leeway is due.
    let claims = verify_jwt(token, issuer.keys.current().published(), now.seconds(), 0)?;
    // Nothing else that the issuer signs says so.
    if claims.get("token_type").and_then(Value::as_str) != Some("Bearer") {
        return Err(BearerError::Claim("token_type"));
    }
    if claims.contains_key("cnf") {
        return Err(BearerError::Bound);
    }
    let pid = match claims.get("pid") {
        None => None,
        Some(value) => {
            let text = value.as_str().unwrap_or_default();
            // Which numbers are accepted was decided when the token was issued.
            let pid = Pid::parse(text, PidCheck::LengthOnly);
            Some(pid.map_err(|_| BearerError::Claim("pid"))?)
        }
    };
    admit(&claims, audience, Holder::Organization { pid })
}

/// The checks that tokens of both kinds pass.
fn admit(
    claims: &Map<String, Value>,
    audience: &str,
    holder: Holder,
) -> Result<Bearer, BearerError> {
    if !is_meant_for(claims.get("aud"), audience) {
        return Err(BearerError::Audience);
    }
    Ok(Bearer {
        caller: Caller::of_claims(claims)?,
        holder,
        request_id: None,
        as_of: AsOf::Reading,
    })
}

/// Absent, `unspecified`, or the address of the API.
fn is_meant_for(aud: Option<&Value>, audience: &str) -> bool {
    match aud {
        None => true,
        Some(Value::Array(several)) => several.iter().any(|one| one == audience),
        Some(one) => one == UNRESTRICTED || one == audience,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const API: &str = "https://idp.eksempel.no";

    fn claims(change: impl FnOnce(&mut Map<String, Value>)) -> Map<String, Value> {
        let claims = json!({
            "scope": "idporten:authorizations", "client_amr": "private_key_jwt", "client_id": "a",
            "consumer": {"authority": "iso6523-actorid-upis", "ID": "0192:312773023"},
        });
        let Value::Object(mut claims) = claims else {
            unreachable!("the literal is an object")
        };
        change(&mut claims);
        claims
    }

    fn admitted(change: impl FnOnce(&mut Map<String, Value>)) -> Result<Bearer, BearerError> {
        admit(&claims(change), API, Holder::Organization { pid: None })
    }

    #[test]
    fn a_token_names_this_api_or_none() {
        for aud in [json!("unspecified"), json!(API), json!(["urn:a", API])] {
            let told = aud.to_string();
            let admitted = admitted(|claims| drop(claims.insert("aud".to_owned(), aud)));
            assert!(admitted.is_ok(), "{told}");
        }
        for aud in [
            json!("https://idp.eksempel.no/"),
            json!("https://idp.eksempel.no.evil.example"),
            json!(["unspecified"]),
            json!([]),
            json!(null),
            json!(""),
        ] {
            let told = aud.to_string();
            let refused = admitted(|claims| drop(claims.insert("aud".to_owned(), aud)));
            assert_eq!(refused.unwrap_err(), BearerError::Audience, "{told}");
        }
    }

    #[test]
    fn a_token_that_lacks_a_claim_proves_nothing() {
        for name in ["scope", "client_id", "consumer"] {
            let refused = admitted(|claims| drop(claims.remove(name)));
            assert_eq!(refused.unwrap_err(), BearerError::Claim(name));
        }
    }

    #[test]
    fn a_restricted_token_is_about_one_person() {
        let pid = |text| Pid::parse(text, PidCheck::LengthOnly).unwrap();
        let bearer = |only| {
            let holder = Holder::Organization { pid: only };
            admit(&claims(|_| ()), API, holder).unwrap()
        };
        let (kari, ola) = (pid("17869010057"), pid("05857430060"));
        assert!(bearer(None).require_person(&ola).is_ok());
        let restricted = bearer(Some(kari.clone()));
        assert!(restricted.require_person(&kari).is_ok());
        let denied = restricted.require_person(&ola).unwrap_err();
        assert_eq!(denied.refusal, LoginRefusalCode::PersonNotInToken.into());
        assert!(restricted.person().is_err());
    }

    #[test]
    fn one_of_the_scopes_suffices_as_a_whole_word() {
        let bearer = admitted(|_| ()).unwrap();
        assert!(
            bearer
                .require_one_of(&["a", "idporten:authorizations"])
                .is_ok()
        );
        let denied = bearer.require_one_of(&["idporten:authorizations.read"]);
        let refusal = denied.unwrap_err().refusal;
        assert_eq!(
            refusal.description(),
            "The access token needs one of these scopes: idporten:authorizations.read"
        );
    }
}
