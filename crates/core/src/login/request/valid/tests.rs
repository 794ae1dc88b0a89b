use super::*;
use crate::access::AccessState;
use crate::client::{ApplicationType, AuthenticationMethod, IntegrationType};
use crate::clock::Timestamp;
use crate::login::issuer::Environment;
use crate::login::locale::Locale;
use crate::organization::OrgNumber;

const CHALLENGE: &str = "ZAXbmzaXdMaXmF7t11VHM5SR3qvVBx3rvxsshIvtEl8";
const CALLBACK: &str = "https://nettsted.eksempel.no/oauth2/callback";
const ALL_LEVELS: &[Acr] = &[Acr::IdportenSubstantial, Acr::IdportenHigh];

struct Case {
    client: Client,
    issuer: LoginIssuer,
    parameters: AuthorizationParameters,
    on_behalf_of: Option<OnBehalfOf>,
}

/// A request with nothing wrong, of a confidential client for logins.
fn case() -> Case {
    let orgno = OrgNumber::parse("312773023").unwrap();
    let scopes = ["openid", "profile"].map(|name| name.parse().unwrap());
    let now = Timestamp::from_seconds(0);
    let id = "eksempel-nettsted".parse().unwrap();
    let mut client = Client::machine(id, "C", orgno, scopes.to_vec(), now);
    client.integration_type = IntegrationType::Idporten;
    client.application_type = ApplicationType::Web;
    client.grant_types = vec![GrantType::AuthorizationCode];
    client.login.redirect_uris = vec![CALLBACK.to_owned()];
    let text = |text: &str| Some(text.to_owned());
    let parameters = AuthorizationParameters {
        response_type: text("code"),
        client_id: text("eksempel-nettsted"),
        redirect_uri: text(CALLBACK),
        scope: text("openid profile"),
        state: text("s1"),
        nonce: text("n1"),
        code_challenge: text(CHALLENGE),
        code_challenge_method: text("S256"),
        ..AuthorizationParameters::default()
    };
    Case {
        client,
        issuer: LoginIssuer::new("https://idp.eksempel.no", Environment::Test),
        parameters,
        on_behalf_of: None,
    }
}

fn fact(name: &str) -> ScopeFact {
    let orgno = OrgNumber::parse("310420107").unwrap();
    let scope = Scope::new(name.parse().unwrap(), orgno, "", Timestamp::from_seconds(0));
    ScopeFact {
        scope: Some(Arc::new(scope)),
        owner_active: true,
        access: Some(AccessState::Approved),
    }
}

impl Case {
    fn judge(&self) -> Result<ValidRequest, RequestFault> {
        let address = ReturnAddress::find(&self.parameters, &self.client)?;
        let tokens = scopes::parse(self.parameters.scope.as_deref()).unwrap_or_default();
        let facts: Vec<_> = tokens.iter().map(|token| fact(token.as_str())).collect();
        let facts = RequestFacts {
            client: &self.client,
            scopes: &facts,
            on_behalf_of: self.on_behalf_of.as_ref(),
            levels: ALL_LEVELS,
        };
        ValidRequest::new(&self.parameters, facts, &address, &self.issuer)
            .map(|(request, _)| request)
    }

    fn error(&self) -> &'static str {
        self.judge().unwrap_err().refusal.code().name()
    }
}

fn with(change: impl FnOnce(&mut Case)) -> Case {
    let mut case = case();
    change(&mut case);
    case
}

type Change = fn(&mut AuthorizationParameters);

#[test]
fn a_request_with_nothing_wrong() {
    let request = case().judge().unwrap();
    assert!(request.is_openid());
    assert_eq!(request.nonce.as_deref(), Some("n1"));
    assert_eq!(request.return_to.state.as_deref(), Some("s1"));
    let kept = serde_json::to_string(&request).unwrap();
    assert_eq!(
        serde_json::from_str::<ValidRequest>(&kept).unwrap(),
        request
    );
}

/// Spec: idporten §6.1, §6.6, §6.7, §7: each fault goes back to the client with its state.
#[test]
fn each_fault_is_told_to_the_client() {
    let rows: [(&str, Change); 22] = [
        ("ResponseTypeUnsupported", |p| {
            p.response_type = Some("token".to_owned());
        }),
        ("ParameterMissing", |p| p.response_type = None),
        ("ScopeMissing", |p| p.scope = None),
        ("ScopeRefused", |p| p.scope = Some("openid a:b".to_owned())),
        ("CodeChallengeRequired", |p| {
            p.code_challenge = None;
            p.code_challenge_method = None;
        }),
        ("CodeChallengeRequired", |p| p.code_challenge = None),
        ("CodeChallengeMethod", |p| p.code_challenge_method = None),
        ("CodeChallengeMethod", |p| {
            p.code_challenge_method = Some("plain".to_owned());
        }),
        ("CodeChallengeMalformed", |p| {
            p.code_challenge = Some(format!("{CHALLENGE}="));
        }),
        ("ParameterMalformed", |p| p.state = Some("a\nb".to_owned())),
        ("ParameterMalformed", |p| p.nonce = Some("æ".to_owned())),
        ("ParameterMalformed", |p| p.nonce = Some("n".repeat(513))),
        ("ParameterMalformed", |p| p.max_age = Some("-1".to_owned())),
        ("ParameterMalformed", |p| p.max_age = Some("1.5".to_owned())),
        ("ParameterMalformed", |p| p.dpop_jkt = Some("x".to_owned())),
        ("PromptUnsupported", |p| {
            p.prompt = Some("none login".to_owned());
        }),
        ("AcrUnknown", |p| p.acr_values = Some("gold".to_owned())),
        ("AcrUnreachable", |p| {
            p.acr_values = Some("eidas-loa-low".to_owned());
        }),
        ("OnBehalfOfUnknown", |p| p.onbehalfof = Some("x".to_owned())),
        ("TargetInvalid", |p| p.resource = vec!["/a".to_owned()]),
        ("TargetInvalid", |p| {
            p.resource = vec!["https://a.no/#f".to_owned()];
        }),
        ("RegistrationNotSupported", |p| {
            p.registration = Some("{}".to_owned());
        }),
    ];
    for (code, change) in rows {
        let case = with(|case| change(&mut case.parameters));
        let fault = case.judge().unwrap_err();
        assert_eq!(fault.refusal.code().name(), code);
        assert!(fault.told.is_some(), "{code}");
    }
    let repeated = with(|case| case.parameters.repeated = Some("scope"));
    assert_eq!(repeated.error(), "ParameterRepeated");
    let machine = with(|case| case.client.grant_types = vec![GrantType::RefreshToken]);
    assert_eq!(machine.error(), "GrantNotRegistered");
}

/// Spec: idporten §7.
#[test]
fn only_a_confidential_client_can_be_exempt_from_pkce_and_needs_state_and_nonce_then() {
    let without_pkce = |case: &mut Case| {
        case.client.login.code_challenge_method = Some("none".to_owned());
        case.parameters.code_challenge = None;
        case.parameters.code_challenge_method = None;
    };
    assert!(with(without_pkce).judge().is_ok());
    let error = |change: Change| {
        with(|case| {
            without_pkce(case);
            change(&mut case.parameters);
        })
        .error()
    };
    assert_eq!(error(|p| p.state = None), "StateRequired");
    assert_eq!(error(|p| p.nonce = None), "NonceRequired");
    let plain_oauth = with(|case| {
        without_pkce(case);
        case.parameters.nonce = None;
        case.parameters.scope = Some("profile".to_owned());
    });
    assert!(plain_oauth.judge().is_ok());
    // A challenge that is sent all the same counts.
    let sent = with(|case| {
        case.client.login.code_challenge_method = Some("none".to_owned());
        case.parameters.code_challenge_method = None;
    });
    assert_eq!(sent.error(), "CodeChallengeMethod");
    let public = with(|case| {
        without_pkce(case);
        case.client.token_endpoint_auth_method = AuthenticationMethod::None;
    });
    assert_eq!(public.error(), "CodeChallengeRequired");
}

#[test]
fn state_is_everybodys_duty_where_it_is_configured_and_public_clients_always() {
    let without = |case: &mut Case| case.parameters.state = None;
    assert!(with(without).judge().is_ok());
    let public = with(|case| {
        without(case);
        case.client.token_endpoint_auth_method = AuthenticationMethod::None;
    });
    assert_eq!(public.error(), "StateRequired");
    let strict = with(|case| {
        case.issuer.require_state_and_nonce = true;
        case.parameters.nonce = None;
    });
    assert_eq!(strict.error(), "NonceRequired");
}

#[test]
fn values_are_read_as_the_specification_says() {
    let request = with(|case| {
        let text = |text: &str| Some(text.to_owned());
        let parameters = &mut case.parameters;
        parameters.acr_values = text("Level4");
        parameters.ui_locales = text("de nn nb");
        parameters.max_age = text("99999999999");
        parameters.prompt = text("login");
        parameters.resource = ["urn:a", "https://b.no/", "urn:a"]
            .map(str::to_owned)
            .to_vec();
        parameters.claims = text("no JSON, and ignored");
    });
    let request = request.judge().unwrap();
    assert!(request.acceptable.accepts(Acr::IdportenHigh));
    assert!(!request.acceptable.accepts(Acr::IdportenSubstantial));
    assert_eq!(request.return_to.locale, Some(Locale::Nn));
    assert_eq!(request.max_age, Some(u32::MAX));
    assert!(request.prompt.wants_login());
    assert_eq!(request.resources, ["urn:a", "https://b.no/"]);
}
