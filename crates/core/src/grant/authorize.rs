//! May the client have these scopes, and for whom? (spec: maskinporten §7 steps 10 to 16, §10, §15)

use std::sync::Arc;

use serde_json::Value;
use url::Url;

use super::authorization_details::{
    AuthorizationDetails, PartyAnswer, consent_element, consent_holds, system_user_element,
};
use super::check::{Check, Findings};
use super::claims::{ClaimFault, GrantClaims};
use crate::access::AccessState;
use crate::client::{Client, OnBehalfOf};
use crate::clock::Timestamp;
use crate::issuer::Issuer;
use crate::organization::OrgNumber;
use crate::person::Pid;
use crate::ports::ScopeFact;
use crate::refusal::{CombinationFault, Refusal, ScopeFault};
use crate::scope::{Scope, ScopeName};

/// Most values of `resource`, and most characters of one (spec: maskinporten §9.1).
const MAX_RESOURCES: usize = 10;
const MAX_RESOURCE_CHARACTERS: usize = 2048;

/// The organizations of a token, before it is known whether there will be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActingFor {
    /// `consumer` of the token.
    pub consumer: OrgNumber,
    /// `supplier` of the token, when the client acts for another organization.
    pub supplier: Option<OrgNumber>,
    /// Whose access to the scopes decides.
    pub accessing: OrgNumber,
    /// Whether the consumer must have delegated the scopes to the supplier.
    pub delegated: bool,
}

/// Whom a client acts for when it sends these claims. A `consumer_org` that is no organization
/// number is left to its own check; nobody is asked about it.
pub fn acting_for(
    claims: &GrantClaims,
    client: &Client,
    on_behalf_of: Option<&OnBehalfOf>,
) -> ActingFor {
    let named = claims
        .consumer_org
        .as_deref()
        .and_then(|text| OrgNumber::parse(text).ok());
    if let Some(consumer) = named {
        return ActingFor {
            consumer,
            supplier: Some(client.client_orgno),
            accessing: consumer,
            delegated: true,
        };
    }
    if let Some(registration) = on_behalf_of {
        return ActingFor {
            consumer: registration.orgno,
            supplier: Some(client.client_orgno),
            accessing: client.client_orgno,
            delegated: false,
        };
    }
    ActingFor {
        consumer: client.client_orgno,
        supplier: client.supplier_orgno,
        accessing: client.accessing_orgno(),
        delegated: false,
    }
}

/// What the registry and the registers know about the request.
#[derive(Clone, Copy, Debug)]
pub struct AuthorizationFacts<'a> {
    /// The client, found under the grant's `iss`.
    pub client: &'a Client,
    /// One fact for each scope of the grant, in its order, seen from [`ActingFor::accessing`].
    pub scopes: &'a [ScopeFact],
    /// The client's registration that `iss_onbehalfof` names, if any.
    pub on_behalf_of: Option<&'a OnBehalfOf>,
    /// Whether the consumer is another organization than the client's, and deactivated.
    pub consumer_deactivated: bool,
    /// For each scope, whether the consumer has delegated it; none when nobody was asked.
    pub delegated: Option<&'a [bool]>,
    /// What the registers said about `authorization_details`.
    pub party: &'a PartyAnswer,
}

impl<'a> AuthorizationFacts<'a> {
    /// The same with other facts about the scopes.
    pub(super) fn with_scopes(self, scopes: &'a [ScopeFact]) -> Self {
        Self { scopes, ..self }
    }
}

/// What the token will say beside who authenticated.
#[derive(Clone, Debug)]
pub struct Authorization {
    /// The organizations.
    pub acting_for: ActingFor,
    /// The scopes, in the order of the grant.
    pub scopes: Vec<Arc<Scope>>,
    /// `aud`; empty when the grant has no `resource`.
    pub audience: Vec<String>,
    /// `pid`.
    pub pid: Option<Pid>,
    /// Issuer of the delegation source, for delegated tokens.
    pub delegation_source: Option<String>,
    /// The element of `authorization_details`.
    pub authorization_details: Option<Value>,
}

/// Checks values, scopes, access and delegation, each into `findings`.
///
/// An authorization comes back only if everything that it says was granted; whether a token may
/// be issued is for the findings as a whole to say.
pub fn authorize(
    claims: &GrantClaims,
    facts: AuthorizationFacts<'_>,
    issuer: &Issuer,
    now: Timestamp,
    findings: &mut Findings,
) -> Option<Authorization> {
    let audience = findings.record(Check::Resource, resources(claims));
    let pid = findings.record(Check::Person, person(claims, issuer));
    let named = findings.record(Check::ConsumerOrg, consumer_org(claims, facts.on_behalf_of));
    let details = findings.record(Check::AuthorizationDetails, details(claims, issuer));
    let acting_for = acting_for(claims, facts.client, facts.on_behalf_of);

    let registered = findings.record(Check::Scopes, registered_scopes(claims, facts));
    let known: Vec<_> = facts
        .scopes
        .iter()
        .filter_map(|fact| fact.scope.as_ref())
        .collect();
    findings.record(
        Check::IntegrationType,
        integration_types(&known, facts.client),
    );
    let source = findings.record(Check::ActingFor, combination(claims, facts.client, &known));
    let access = named.and_then(|()| findings.record(Check::Access, access(&acting_for, facts)));
    let delegation = source.as_ref().and_then(|source| {
        named?;
        findings.record(
            Check::Delegation,
            delegation(&acting_for, source.as_deref(), facts)?,
        )
    });
    let party = details.and_then(|details| {
        let verdict = party(details.as_ref(), &acting_for, facts, now)?;
        findings.record(Check::Party, verdict)
    });

    access?;
    delegation?;
    Some(Authorization {
        acting_for,
        scopes: registered?,
        audience: audience?,
        pid: pid?,
        delegation_source: source?,
        authorization_details: party?,
    })
}

/// Values in the order of first occurrence, without repetition (RFC 8707 §2).
fn resources(claims: &GrantClaims) -> Result<Vec<String>, Refusal> {
    let Some(resources) = &claims.resource else {
        return Ok(Vec::new());
    };
    let refuse = |fault| Err(Refusal::InvalidClaims(vec![fault]));
    let mut unique: Vec<String> = Vec::new();
    for resource in resources {
        if unique.contains(resource) {
            continue;
        }
        if unique.len() >= MAX_RESOURCES {
            return refuse(ClaimFault::TooManyResources(MAX_RESOURCES));
        }
        if !is_absolute_uri(resource) {
            return refuse(ClaimFault::Resource);
        }
        unique.push(resource.clone());
    }
    if unique.is_empty() {
        refuse(ClaimFault::EmptyResource)
    } else {
        Ok(unique)
    }
}

/// RFC 3986 characters, a scheme, no fragment. The value is copied as it came, never normalized.
fn is_absolute_uri(text: &str) -> bool {
    let printable = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte));
    printable
        && text.len() <= MAX_RESOURCE_CHARACTERS
        && !text.contains('#')
        && Url::parse(text).is_ok()
}

fn person(claims: &GrantClaims, issuer: &Issuer) -> Result<Option<Pid>, Refusal> {
    let parse = |text: &String| Pid::parse(text, issuer.pid_check);
    let refusal = |_| Refusal::InvalidClaims(vec![ClaimFault::Person]);
    claims.pid.as_ref().map(parse).transpose().map_err(refusal)
}

fn consumer_org(claims: &GrantClaims, registration: Option<&OnBehalfOf>) -> Result<(), Refusal> {
    let malformed = claims
        .consumer_org
        .as_ref()
        .is_some_and(|text| OrgNumber::parse(text).is_err());
    let fault = if malformed {
        ClaimFault::ConsumerOrg
    } else if claims.on_behalf_of.is_some() && registration.is_none() {
        ClaimFault::UnknownOnBehalfOf
    } else {
        return Ok(());
    };
    Err(Refusal::InvalidClaims(vec![fault]))
}

fn details(claims: &GrantClaims, issuer: &Issuer) -> Result<Option<AuthorizationDetails>, Refusal> {
    let elements = claims.authorization_details.as_deref();
    elements
        .map(|elements| AuthorizationDetails::parse(elements, issuer))
        .transpose()
}

/// All or nothing: one scope that fails refuses the request; nothing is narrowed silently.
fn registered_scopes(
    claims: &GrantClaims,
    facts: AuthorizationFacts<'_>,
) -> Result<Vec<Arc<Scope>>, Refusal> {
    let mut faults = Vec::new();
    let mut scopes = Vec::with_capacity(claims.scopes.len());
    for (position, token) in claims.scopes.iter().enumerate() {
        // A fact that is missing is no permission.
        match usable_scope(facts.scopes.get(position), facts.client) {
            Ok(scope) if scope.name.token() == token => scopes.push(Arc::clone(scope)),
            Ok(_) => faults.push((token.clone(), ScopeFault::Unknown)),
            Err(fault) => faults.push((token.clone(), fault)),
        }
    }
    if faults.is_empty() {
        Ok(scopes)
    } else {
        Err(Refusal::InvalidScopes(faults))
    }
}

fn usable_scope<'a>(
    fact: Option<&'a ScopeFact>,
    client: &Client,
) -> Result<&'a Arc<Scope>, ScopeFault> {
    let fact = fact.ok_or(ScopeFault::Unknown)?;
    let scope = fact.scope.as_ref().ok_or(ScopeFault::Unknown)?;
    if !scope.active {
        Err(ScopeFault::Inactive)
    } else if !fact.owner_active {
        Err(ScopeFault::OwnerInactive)
    } else if !client.scopes.contains(&scope.name) {
        Err(ScopeFault::NotRegistered)
    } else {
        Ok(scope)
    }
}

fn integration_types(scopes: &[&Arc<Scope>], client: &Client) -> Result<(), Refusal> {
    let conflicts: Vec<_> = scopes
        .iter()
        .filter(|scope| !scope.admits(client.integration_type))
        .map(|scope| (scope.name.clone(), scope.allowed_integration_types.clone()))
        .collect();
    if conflicts.is_empty() {
        return Ok(());
    }
    Err(Refusal::IntegrationTypeNotAllowed {
        client: client.integration_type,
        scopes: conflicts,
    })
}

/// Whether the claims that name another organization fit; the delegation source if they name one.
fn combination(
    claims: &GrantClaims,
    client: &Client,
    scopes: &[&Arc<Scope>],
) -> Result<Option<String>, Refusal> {
    let refuse = |fault| Err(Refusal::InvalidCombination(fault));
    if claims.on_behalf_of.is_some() {
        if claims.authorization_details.is_some() {
            return refuse(CombinationFault::OnBehalfOfWithAuthorizationDetails);
        }
        if let Some(scope) = scopes
            .iter()
            .find(|scope| scope.delegation_source.is_some())
        {
            return refuse(CombinationFault::DelegatedScope(scope.name.clone()));
        }
    }
    let Some(consumer) = claims.consumer_org.as_deref() else {
        return Ok(None);
    };
    if OrgNumber::parse(consumer) == Ok(client.client_orgno) {
        return refuse(CombinationFault::OwnOrganization);
    }
    if client.supplier_orgno.is_some() {
        return refuse(CombinationFault::SupplierManagedClient);
    }
    common_source(scopes).map_err(Refusal::InvalidCombination)
}

fn common_source(scopes: &[&Arc<Scope>]) -> Result<Option<String>, CombinationFault> {
    let mut common: Option<&String> = None;
    for scope in scopes {
        let source = scope
            .delegation_source
            .as_ref()
            .ok_or_else(|| CombinationFault::NotDelegable(scope.name.clone()))?;
        if *common.get_or_insert(source) != source {
            return Err(CombinationFault::SeveralSources);
        }
    }
    Ok(common.cloned())
}

/// Access belongs to organizations, and an owner has none of its own accord.
fn access(acting_for: &ActingFor, facts: AuthorizationFacts<'_>) -> Result<(), Refusal> {
    let lacks_access = |fact: &&ScopeFact| {
        let open = fact
            .scope
            .as_ref()
            .is_some_and(|scope| scope.accessible_for_all);
        facts.consumer_deactivated || !(open || fact.access == Some(AccessState::Approved))
    };
    let lacking: Vec<_> = facts
        .scopes
        .iter()
        .filter(lacks_access)
        .filter_map(|fact| fact.scope.as_ref())
        .collect();
    let Some(first) = lacking.first() else {
        return Ok(());
    };
    Err(Refusal::AccessNotGranted {
        consumer: if facts.consumer_deactivated {
            acting_for.consumer
        } else {
            acting_for.accessing
        },
        scope: first.name.clone(),
        owner: first.owner_orgno,
        all: lacking
            .iter()
            .map(|scope| scope.name.clone())
            .collect::<Vec<ScopeName>>(),
    })
}

/// None when the delegation source was not asked, which is no permission.
fn delegation(
    acting_for: &ActingFor,
    source: Option<&str>,
    facts: AuthorizationFacts<'_>,
) -> Option<Result<(), Refusal>> {
    let (true, Some(supplier)) = (acting_for.delegated, acting_for.supplier) else {
        return Some(Ok(()));
    };
    let answers = facts.delegated?;
    let missing = facts
        .scopes
        .iter()
        .enumerate()
        .find(|(position, fact)| fact.scope.is_some() && answers.get(*position) != Some(&true));
    Some(match missing.and_then(|(_, fact)| fact.scope.as_ref()) {
        None => Ok(()),
        Some(scope) => Err(Refusal::NotDelegated {
            consumer: acting_for.consumer,
            supplier,
            scope: scope.name.clone(),
            source: source.unwrap_or_default().to_owned(),
        }),
    })
}

/// None when the register was not asked, which is no permission.
fn party(
    details: Option<&AuthorizationDetails>,
    acting_for: &ActingFor,
    facts: AuthorizationFacts<'_>,
    now: Timestamp,
) -> Option<Result<Option<Value>, Refusal>> {
    match (details, facts.party) {
        (None, _) => Some(Ok(None)),
        (Some(AuthorizationDetails::SystemUser { owner, .. }), PartyAnswer::SystemUser(found)) => {
            let fits = found.as_ref().filter(|user| {
                user.active
                    && user.owner_orgno == *owner
                    && user.client_id == facts.client.client_id
            });
            let refusal = || Refusal::NoSystemUser {
                owner: *owner,
                client_id: facts.client.client_id.clone(),
            };
            Some(
                fits.map(|user| Some(system_user_element(user)))
                    .ok_or_else(refusal),
            )
        }
        (Some(AuthorizationDetails::Consent { from, .. }), PartyAnswer::Consent(found)) => {
            let fits = found
                .as_ref()
                .filter(|consent| consent_holds(consent, from, acting_for.consumer, now));
            Some(
                fits.map(|consent| Some(consent_element(consent)))
                    .ok_or(Refusal::NoConsent),
            )
        }
        (Some(_), _) => None,
    }
}
