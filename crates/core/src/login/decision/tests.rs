use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::client::{ApplicationType, IntegrationType};
use crate::entropy::SeededEntropy;
use crate::login::acr::{AcceptableSet, AcrAliases};
use crate::login::record::{Attributes, PersonId, SessionId};
use crate::login::request::{EidasRequest, ResponseMode, ReturnAddress};
use crate::login::{Acr, Handle, Locale};
use crate::organization::OrgNumber;

const NOW: i64 = 1_772_442_900;
const API: &str = "eksempel:barnehage/plass.read";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOW + seconds)
}

fn event(acr: Acr, at: Timestamp) -> AuthenticationEvent {
    AuthenticationEvent {
        subject: PersonId::generate(&SeededEntropy::new(1)).unwrap(),
        matched: None,
        acr,
        amr: "TestID".to_owned(),
        provider: "testid".to_owned(),
        auth_time: at,
        locale: Locale::Nb,
        attributes: Attributes::default(),
    }
}

fn session(groups: &[(SsoGroup, AuthenticationEvent)]) -> Session {
    let entropy = SeededEntropy::new(2);
    Session {
        id: SessionId::generate(&entropy).unwrap(),
        cookie: Handle::generate(&entropy).unwrap().digest(),
        person: groups[0].1.subject.clone(),
        created_at: at(0),
        last_request_at: at(0),
        expires_at: at(1800),
        version: 1,
        groups: groups.iter().cloned().collect(),
        clients: BTreeMap::new(),
    }
}

fn request(acr_values: &str) -> ValidRequest {
    let acceptable = if acr_values.is_empty() {
        AcceptableSet::default()
    } else {
        AcceptableSet::parse(acr_values, AcrAliases::default()).unwrap()
    };
    ValidRequest {
        client_id: "eksempel-app".parse().unwrap(),
        return_to: ReturnAddress {
            redirect_uri: "https://app.eksempel.no/cb".to_owned(),
            response_mode: ResponseMode::Query,
            state: None,
            locale: None,
        },
        scopes: Vec::new(),
        acceptable,
        prompt: Prompt::Needed,
        max_age: None,
        nonce: None,
        code_challenge: None,
        resources: Vec::new(),
        on_behalf_of: None,
        eidas: EidasRequest::default(),
        dpop_jkt: None,
    }
}

fn scope(name: &str, change: impl FnOnce(&mut Scope)) -> Arc<Scope> {
    let orgno = OrgNumber::parse("310420107").unwrap();
    let mut scope = Scope::new(name.parse().unwrap(), orgno, "", at(0));
    change(&mut scope);
    Arc::new(scope)
}

fn openid() -> Arc<Scope> {
    scope("openid", |_| ())
}

/// An ordinary client's situation one minute after `session` began.
fn situation<'a>(
    request: &'a ValidRequest,
    scopes: &'a [Arc<Scope>],
    session: Option<&'a Session>,
) -> Situation<'a> {
    Situation {
        request,
        scopes,
        group: &SsoGroup::Shared,
        session,
        hint_names_another: false,
        fresh: None,
        consent: None,
        now: at(60),
    }
}

fn granted(next: Next) -> Granted {
    match next {
        Next::Finish(granted) => *granted,
        other => panic!("{other:?}"),
    }
}

fn authenticates(next: &Next) -> bool {
    matches!(next, Next::Authenticate { .. })
}

/// Spec: idporten, appendix B.
#[test]
fn appendix_b() {
    type Row = (Acr, &'static str, fn(&mut ValidRequest), bool);
    let none: fn(&mut ValidRequest) = |_| ();
    let rows: [Row; 15] = [
        (Acr::IdportenHigh, "", none, true),
        (Acr::IdportenHigh, "idporten-loa-substantial", none, true),
        (Acr::IdportenHigh, "idporten-loa-high", none, true),
        (Acr::IdportenSubstantial, "idporten-loa-high", none, false),
        (
            Acr::IdportenSubstantial,
            "idporten-loa-high idporten-loa-substantial",
            none,
            true,
        ),
        (Acr::IdportenHigh, "eidas-loa-substantial", none, false),
        (Acr::EidasHigh, "idporten-loa-substantial", none, false),
        (
            Acr::EidasSubstantial,
            "idporten-loa-high eidas-loa-substantial",
            none,
            true,
        ),
        (Acr::EidasLow, "eidas-loa-substantial", none, false),
        (
            Acr::IdportenHigh,
            "",
            |request| request.prompt = Prompt::parse(Some("login")).unwrap(),
            false,
        ),
        (
            Acr::IdportenHigh,
            "",
            |request| request.max_age = Some(59),
            false,
        ),
        (
            Acr::IdportenHigh,
            "",
            |request| request.max_age = Some(60),
            true,
        ),
        (
            Acr::IdportenHigh,
            "",
            |request| request.max_age = Some(0),
            false,
        ),
        (
            Acr::SelfregisteredEmail,
            "selfregistered-email idporten-loa-substantial",
            none,
            true,
        ),
        (
            Acr::SelfregisteredEmail,
            "idporten-loa-substantial",
            none,
            false,
        ),
    ];
    for (acr, acr_values, change, satisfied) in rows {
        let session = session(&[(SsoGroup::Shared, event(acr, at(0)))]);
        let mut request = request(acr_values);
        change(&mut request);
        let scopes = [openid()];
        let next = next(situation(&request, &scopes, Some(&session)));
        assert_eq!(!authenticates(&next), satisfied, "{acr} for {acr_values:?}");
        if satisfied {
            let granted = granted(next);
            assert_eq!(granted.event.acr, acr, "what was reached is told");
            assert!(granted.federated);
        }
    }
}

#[test]
fn a_scope_may_demand_a_login_of_its_own() {
    let session = session(&[(SsoGroup::Shared, event(Acr::IdportenHigh, at(0)))]);
    let request = request("");
    let scopes = [scope(API, |scope| {
        scope.requires_user_authentication = true;
    })];
    let mut situation = situation(&request, &scopes, Some(&session));
    assert_eq!(next(situation), Next::Authenticate { force_fresh: true });
    let fresh = event(Acr::IdportenHigh, at(60));
    situation.fresh = Some(&fresh);
    assert!(!granted(next(situation)).federated);
}

/// Spec: idporten §16.3.
#[test]
fn isolated_clients_share_with_themselves_alone() {
    let isolated = |id: &str| SsoGroup::Client(id.parse().unwrap());
    let high = || event(Acr::IdportenHigh, at(0));
    for (live, asks, satisfied) in [
        (SsoGroup::Shared, isolated("x"), false),
        (isolated("x"), isolated("x"), true),
        (isolated("x"), SsoGroup::Shared, false),
        (isolated("x"), isolated("y"), false),
        (SsoGroup::Shared, SsoGroup::Shared, true),
    ] {
        let session = session(&[(live.clone(), high())]);
        let (request, scopes) = (request(""), [openid()]);
        let mut situation = situation(&request, &scopes, Some(&session));
        situation.group = &asks;
        assert_eq!(!authenticates(&next(situation)), satisfied, "{live} {asks}");
    }
}

#[test]
fn the_group_follows_from_the_registration() {
    let orgno = OrgNumber::parse("312773023").unwrap();
    let mut client = Client::machine("x".parse().unwrap(), "X", orgno, vec![], at(0));
    client.integration_type = IntegrationType::Idporten;
    client.application_type = ApplicationType::Web;
    assert_eq!(group_of(&client), SsoGroup::Shared);
    client.login.sso_disabled = Some(true);
    assert_eq!(group_of(&client).to_string(), "client:x");
}

/// Spec: idporten §16.1; appendix C, line 7.
#[test]
fn a_session_that_is_over_is_none() {
    let session = session(&[(SsoGroup::Shared, event(Acr::IdportenHigh, at(0)))]);
    let (request, scopes) = (request(""), [openid()]);
    let mut situation = situation(&request, &scopes, Some(&session));
    situation.now = at(1799);
    assert!(!authenticates(&next(situation)));
    situation.now = at(1800);
    assert!(authenticates(&next(situation)));
}

/// Spec: idporten §6.6.
#[test]
fn without_pages_every_need_is_an_error() {
    let session = session(&[(SsoGroup::Shared, event(Acr::IdportenHigh, at(0)))]);
    let mut request = request("");
    request.prompt = Prompt::Nothing;
    let consent = [
        openid(),
        scope(API, |scope| scope.requires_user_consent = true),
    ];
    let plain = [openid()];
    let refused = |situation| match next(situation) {
        Next::Refuse(refusal) => refusal.error(),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(situation(&request, &plain, None)), "login_required");
    assert_eq!(
        refused(situation(&request, &consent, Some(&session))),
        "consent_required"
    );
    let mut hinted = situation(&request, &plain, Some(&session));
    hinted.hint_names_another = true;
    assert_eq!(refused(hinted), "login_required");
    granted(next(situation(&request, &plain, Some(&session))));
}

/// Spec: idporten §17.3.
#[test]
fn what_is_declined_is_left_out_and_the_login_goes_on() {
    let session = session(&[(SsoGroup::Shared, event(Acr::IdportenHigh, at(0)))]);
    let request = request("");
    let api = scope(API, |scope| scope.requires_user_consent = true);
    let implied = scope("eksempel:annet", |_| ());
    let scopes = [openid(), api.clone(), implied.clone()];
    let mut situation = situation(&request, &scopes, Some(&session));
    assert_eq!(next(situation), Next::AskConsent(vec![api.clone()]));

    situation.consent = Some(Consent::Accepted);
    let accepted = granted(next(situation));
    assert!(accepted.consented);
    assert_eq!(accepted.scopes, scopes);

    situation.consent = Some(Consent::Declined);
    let declined = granted(next(situation));
    assert!(!declined.consented);
    assert_eq!(declined.scopes, [openid(), implied]);

    let only = [api];
    situation.scopes = &only;
    let refused = next(situation);
    assert_eq!(
        refused,
        Next::Refuse(LoginRefusalCode::NothingGranted.into())
    );
}

#[test]
fn a_client_may_have_people_asked_about_every_scope_of_an_api() {
    let session = session(&[(SsoGroup::Shared, event(Acr::IdportenHigh, at(0)))]);
    let mut request = request("");
    request.prompt = Prompt::parse(Some("consent")).unwrap();
    let scopes = [openid(), scope(API, |_| ())];
    let asked = next(situation(&request, &scopes, Some(&session)));
    assert_eq!(asked, Next::AskConsent(vec![scope(API, |_| ())]));
    // A dialog about nothing is not shown.
    let scopes = [openid()];
    granted(next(situation(&request, &scopes, Some(&session))));
}

/// Spec: idporten §6.3 step 6, §6.12.
#[test]
fn a_login_that_delivered_less_than_was_asked_for_is_refused() {
    let (mut request, scopes) = (request("idporten-loa-high eidas-loa-low"), [openid()]);
    let less = event(Acr::IdportenSubstantial, at(60));
    let mut situation_ = situation(&request, &scopes, None);
    situation_.fresh = Some(&less);
    let refused = next(situation_);
    assert_eq!(
        refused,
        Next::Refuse(LoginRefusalCode::LevelNotReached.into())
    );

    request.eidas.require_match = true;
    let unmatched = event(Acr::EidasHigh, at(60));
    let mut matched = unmatched.clone();
    matched.matched = Some(PersonId::generate(&SeededEntropy::new(9)).unwrap());
    let mut situation = situation(&request, &scopes, None);
    situation.fresh = Some(&unmatched);
    let refused = next(situation);
    assert_eq!(
        refused,
        Next::Refuse(LoginRefusalCode::IdentityRequired.into())
    );
    situation.fresh = Some(&matched);
    granted(next(situation));
}

#[derive(Clone, Debug)]
struct Case {
    event: Acr,
    fresh: bool,
    age: i64,
    max_age: Option<u32>,
    acr_values: &'static str,
    prompt: Option<&'static str>,
    requires_consent: bool,
    consent: Option<Consent>,
}

prop_compose! {
    fn cases()(
        event in select(Acr::ALL.to_vec()),
        fresh: bool,
        age in 0..3000_i64,
        max_age in prop_oneof![Just(None), (0..3000_u32).prop_map(Some)],
        acr_values in select(vec!["", "Level4", "eidas-loa-low", "idporten-loa-low eidas-loa-high"]),
        prompt in select(vec![None, Some("none"), Some("login"), Some("consent"), Some("login consent")]),
        requires_consent: bool,
        consent in select(vec![None, Some(Consent::Accepted), Some(Consent::Declined)]),
    ) -> Case {
        Case { event, fresh, age, max_age, acr_values, prompt, requires_consent, consent }
    }
}

proptest! {
    /// Whatever the situation: nobody gets through below the level that was asked for, with a login
    /// that is too old or was not wanted, or with a scope that was not agreed to; and no page is
    /// shown where none may be.
    #[test]
    fn nobody_gets_more_than_the_situation_allows(case in cases()) {
        let mut request = request(case.acr_values);
        request.prompt = Prompt::parse(case.prompt).unwrap();
        request.max_age = case.max_age;
        let scopes = [openid(), scope(API, |scope| scope.requires_user_consent = case.requires_consent)];
        let event = event(case.event, at(60 - case.age));
        let session = session(&[(SsoGroup::Shared, event.clone())]);
        let mut situation = situation(&request, &scopes, Some(&session));
        situation.fresh = case.fresh.then_some(&event);
        situation.consent = case.consent;
        match next(situation) {
            Next::Finish(granted) => {
                prop_assert!(request.acceptable.accepts(granted.event.acr));
                if granted.federated {
                    prop_assert!(!request.prompt.wants_login());
                    prop_assert!(case.max_age.is_none_or(|most| case.age <= i64::from(most)));
                }
                let asked = case.requires_consent || request.prompt.wants_consent();
                let has_api = granted.scopes.iter().any(|scope| scope.name.as_str() == API);
                prop_assert_eq!(has_api, !asked || case.consent == Some(Consent::Accepted));
            }
            Next::Authenticate { .. } => {
                prop_assert!(!case.fresh && request.prompt != Prompt::Nothing);
            }
            Next::AskConsent(_) => {
                prop_assert!(case.consent.is_none() && request.prompt != Prompt::Nothing);
            }
            Next::Refuse(_) => {}
        }
    }
}
