//! Which scopes a login may have, and what they do to it (spec: idporten §5).

use std::sync::Arc;

use crate::access::AccessState;
use crate::client::Client;
use crate::login::refusal::{LoginRefusal, LoginRefusalCode};
use crate::ports::ScopeFact;
use crate::scope::{Scope, ScopeName, ScopeToken, TokenType};

/// Makes a request an OpenID Connect one: an `id_token` is issued.
pub const OPENID: &str = "openid";
/// The access token is good for the userinfo endpoint.
pub const PROFILE: &str = "profile";
/// No token tells who the person is.
pub const NO_PID: &str = "no_pid";
/// Attributes of foreign identities have their legacy names too.
pub const EIDAS: &str = "eidas";

/// Most scopes of a request.
const MAX_SCOPES: usize = 100;
/// Longest `scope`, in bytes.
const MAX_BYTES: usize = 4096;

/// Whether the scope is about the login itself and belongs to no API.
pub fn is_login_scope(name: &str) -> bool {
    matches!(name, OPENID | PROFILE | NO_PID | EIDAS)
}

/// Reads the `scope` parameter: without repetition, in the order in which they first occur.
pub fn parse(scope: Option<&str>) -> Result<Vec<ScopeToken>, LoginRefusal> {
    let scope = scope.unwrap_or_default();
    if scope.len() > MAX_BYTES {
        return Err(LoginRefusalCode::ScopesTooMany.into());
    }
    let mut tokens: Vec<ScopeToken> = Vec::new();
    for text in scope.split(' ').filter(|text| !text.is_empty()) {
        // What is no scope at all is none of the client's scopes.
        let token = ScopeToken::parse(text)
            .map_err(|_| LoginRefusal::Scopes(vec![text.chars().take(64).collect()]))?;
        if !tokens.contains(&token) {
            tokens.push(token);
        }
    }
    match tokens.len() {
        0 => Err(LoginRefusalCode::ScopeMissing.into()),
        1..=MAX_SCOPES => Ok(tokens),
        _ => Err(LoginRefusalCode::ScopesTooMany.into()),
    }
}

/// The scopes that were asked for, all of them, if the client may have every one. `facts` are what
/// the registry says of each, in the same order.
pub fn requested(
    tokens: &[ScopeToken],
    facts: &[ScopeFact],
    client: &Client,
) -> Result<Vec<Arc<Scope>>, LoginRefusal> {
    let mut refused = Vec::new();
    let mut scopes = Vec::with_capacity(tokens.len());
    for (position, token) in tokens.iter().enumerate() {
        let scope = usable(token, facts.get(position), client);
        match scope.filter(|scope| is_registered(scope, client)) {
            Some(scope) => scopes.push(Arc::clone(scope)),
            None => refused.push(token.as_str().to_owned()),
        }
    }
    if refused.is_empty() {
        Ok(scopes)
    } else {
        Err(LoginRefusal::Scopes(refused))
    }
}

/// Those of the granted scopes that may be used now. Asked whenever a token is issued, so that a
/// right that was withdrawn is in no new token. `facts` are of each, in the same order.
pub fn still_usable(
    granted: &[ScopeName],
    facts: &[ScopeFact],
    client: &Client,
) -> Vec<Arc<Scope>> {
    let usable = granted.iter().enumerate().filter_map(|(position, name)| {
        let scope = usable(name.token(), facts.get(position), client);
        scope.filter(|scope| is_registered(scope, client)).cloned()
    });
    usable.collect()
}

/// `no_pid` only takes away, so nobody needs to have it registered.
fn is_registered(scope: &Scope, client: &Client) -> bool {
    scope.name.as_str() == NO_PID || client.scopes.contains(&scope.name)
}

/// The scope, if it is one that the client's type and organization may use. A fact that is missing,
/// or is about another scope, is no permission.
fn usable<'f>(
    token: &ScopeToken,
    fact: Option<&'f ScopeFact>,
    client: &Client,
) -> Option<&'f Arc<Scope>> {
    let fact = fact?;
    let scope = fact.scope.as_ref()?;
    let accessible = scope.accessible_for_all || fact.access == Some(AccessState::Approved);
    let fits = scope.name.token() == token
        && scope.active
        && fact.owner_active
        && scope.admits(client.integration_type)
        && (accessible || scope.name.as_str() == NO_PID);
    fits.then_some(scope)
}

/// Whether this client may introspect tokens with the scope: its owner has listed it, and it still is
/// the owner's. With `owner_fallback`, a scope without a list is any client's of its owner.
pub fn may_introspect(scope: &Scope, caller: &Client, owner_fallback: bool) -> bool {
    let listed = &scope.enforced_aud_for_introspection;
    scope.active
        && scope.owner_orgno == caller.client_orgno
        && (listed.contains(&caller.client_id) || (owner_fallback && listed.is_empty()))
}

/// Whether no token may tell who the person is: `no_pid` was asked for or is registered on the
/// client, or a granted scope demands it (spec: idporten §5.4).
pub fn is_pseudonymous(client: &Client, requested: &[ScopeName], granted: &[Arc<Scope>]) -> bool {
    let is_no_pid = |name: &ScopeName| name.as_str() == NO_PID;
    requested.iter().chain(&client.scopes).any(is_no_pid)
        || granted
            .iter()
            .any(|scope| scope.requires_pseudonymous_tokens)
}

/// Whether the access token is a reference that only this server can read.
pub fn is_opaque(scopes: &[Arc<Scope>]) -> bool {
    scopes
        .iter()
        .any(|scope| scope.token_type == TokenType::Opaque)
}

/// Whether logging out ends what was granted.
pub fn is_login_only(scopes: &[Arc<Scope>]) -> bool {
    scopes
        .iter()
        .all(|scope| is_login_scope(scope.name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{ClientId, IntegrationType};
    use crate::clock::Timestamp;
    use crate::organization::OrgNumber;

    const API: &str = "eksempel:barnehage/plass.read";

    fn client(scopes: &[&str]) -> Client {
        let orgno = OrgNumber::parse("312773023").unwrap();
        let scopes = scopes.iter().map(|name| name.parse().unwrap()).collect();
        let now = Timestamp::from_seconds(0);
        let mut client = Client::machine(ClientId::parse("c").unwrap(), "C", orgno, scopes, now);
        client.integration_type = IntegrationType::ApiKlient;
        client
    }

    fn fact(name: &str, change: impl FnOnce(&mut Scope, &mut ScopeFact)) -> ScopeFact {
        let orgno = OrgNumber::parse("310420107").unwrap();
        let mut scope = Scope::new(name.parse().unwrap(), orgno, "", Timestamp::from_seconds(0));
        let mut fact = ScopeFact {
            scope: None,
            owner_active: true,
            access: Some(AccessState::Approved),
        };
        change(&mut scope, &mut fact);
        fact.scope = Some(Arc::new(scope));
        fact
    }

    fn tokens(scope: &str) -> Vec<ScopeToken> {
        parse(Some(scope)).unwrap()
    }

    #[test]
    fn the_parameter_is_split_bounded_and_without_repetition() {
        assert_eq!(tokens("openid  profile openid"), tokens("openid profile"));
        let many: Vec<_> = (0..=MAX_SCOPES).map(|n| format!("a:{n}")).collect();
        assert_eq!(tokens(&many[1..].join(" ")).len(), MAX_SCOPES);
        for (scope, code) in [
            (None, LoginRefusalCode::ScopeMissing),
            (Some("  "), LoginRefusalCode::ScopeMissing),
            (Some("open\"id"), LoginRefusalCode::ScopeRefused),
            (Some(&*many.join(" ")), LoginRefusalCode::ScopesTooMany),
            (Some(&*"a".repeat(4097)), LoginRefusalCode::ScopesTooMany),
        ] {
            assert_eq!(parse(scope).unwrap_err().code(), code);
        }
    }

    #[test]
    fn a_scope_needs_registration_type_and_access() {
        type Change = fn(&mut Scope, &mut ScopeFact);
        let cases: [(&str, Change, bool); 8] = [
            ("as it should be", |_, _| (), true),
            ("inactive", |scope, _| scope.active = false, false),
            ("owner inactive", |_, fact| fact.owner_active = false, false),
            ("no access", |_, fact| fact.access = None, false),
            (
                "access withdrawn",
                |_, fact| fact.access = Some(AccessState::Denied),
                false,
            ),
            (
                "open to everybody",
                |scope, fact| {
                    scope.accessible_for_all = true;
                    fact.access = None;
                },
                true,
            ),
            (
                "for machines",
                |scope, _| scope.allowed_integration_types = vec![IntegrationType::Maskinporten],
                false,
            ),
            (
                "for clients like this one",
                |scope, _| scope.allowed_integration_types = vec![IntegrationType::ApiKlient],
                true,
            ),
        ];
        for (name, change, may) in cases {
            let facts = [fact(API, change)];
            let asked = requested(&tokens(API), &facts, &client(&[API]));
            assert_eq!(asked.is_ok(), may, "{name}");
            let granted = [API.parse().unwrap()];
            let left = still_usable(&granted, &facts, &client(&[API]));
            assert_eq!(left.len(), usize::from(may), "{name}");
            assert!(requested(&tokens(API), &facts, &client(&[])).is_err());
        }
    }

    #[test]
    fn facts_about_another_scope_permit_nothing() {
        let client = client(&[API, "openid"]);
        let facts = [fact(API, |_, _| ())];
        assert!(requested(&tokens("openid"), &facts, &client).is_err());
        let refused = requested(&tokens(&format!("{API} openid")), &facts, &client);
        assert_eq!(
            refused.unwrap_err(),
            LoginRefusal::Scopes(vec!["openid".to_owned()]),
            "the offending scopes alone are named"
        );
    }

    /// Spec: idporten §5.3: it only removes data.
    #[test]
    fn no_pid_may_always_be_asked_for() {
        let facts = [fact(NO_PID, |_, fact| fact.access = None)];
        assert!(requested(&tokens(NO_PID), &facts, &client(&[])).is_ok());
    }

    /// Spec: idporten §12.2.
    #[test]
    fn tokens_are_read_by_the_clients_that_the_scopes_owner_lists() {
        type Case<'c> = (fn(&mut Scope), &'c Client, bool, bool);
        let other = || ClientId::parse("other").unwrap();
        let of_owner = client(&[]);
        let scope = |change: fn(&mut Scope)| {
            let mut scope = Scope::clone(fact(API, |_, _| ()).scope.as_ref().unwrap());
            scope = scope.owned_by(of_owner.client_orgno);
            scope.enforced_aud_for_introspection = vec![other(), of_owner.client_id.clone()];
            change(&mut scope);
            scope
        };
        let stranger = Client {
            client_orgno: OrgNumber::parse("310420107").unwrap(),
            ..of_owner.clone()
        };
        let cases: [Case<'_>; 6] = [
            (|_| (), &of_owner, true, true),
            (|_| (), &stranger, false, false),
            (|scope| scope.active = false, &of_owner, false, false),
            (
                |scope| scope.enforced_aud_for_introspection.clear(),
                &of_owner,
                false,
                true,
            ),
            (
                |scope| scope.enforced_aud_for_introspection.clear(),
                &stranger,
                false,
                false,
            ),
            (
                |scope| scope.enforced_aud_for_introspection.truncate(1),
                &of_owner,
                false,
                false,
            ),
        ];
        for (number, (change, caller, strictly, with_fallback)) in cases.into_iter().enumerate() {
            let scope = scope(change);
            assert_eq!(may_introspect(&scope, caller, false), strictly, "{number}");
            let fallback = may_introspect(&scope, caller, true);
            assert_eq!(fallback, with_fallback, "{number}");
        }
    }

    #[test]
    fn pseudonymity_comes_from_the_request_the_client_or_a_granted_scope() {
        let names = |names: &[&str]| -> Vec<ScopeName> {
            names.iter().map(|name| name.parse().unwrap()).collect()
        };
        let demanding = fact(API, |scope, _| scope.requires_pseudonymous_tokens = true);
        let demanding = [demanding.scope.unwrap()];
        let ordinary = client(&["openid"]);
        assert!(!is_pseudonymous(&ordinary, &names(&["openid"]), &[]));
        assert!(is_pseudonymous(&ordinary, &names(&["openid", NO_PID]), &[]));
        assert!(is_pseudonymous(
            &client(&[NO_PID]),
            &names(&["openid"]),
            &[]
        ));
        assert!(is_pseudonymous(&ordinary, &names(&[API]), &demanding));
        // A scope that was declined has no say.
        assert!(!is_pseudonymous(&ordinary, &names(&[API]), &[]));
    }
}
