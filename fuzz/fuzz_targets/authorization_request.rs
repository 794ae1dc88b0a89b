//! An authorization request: bytes from anyone, in a query or a form.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use portvakt_core::Timestamp;
use portvakt_core::access::AccessState;
use portvakt_core::client::{ApplicationType, Client, GrantType, IntegrationType};
use portvakt_core::login::Acr;
use portvakt_core::login::issuer::{Environment, LoginIssuer};
use portvakt_core::login::redirect_uri::is_registered;
use portvakt_core::login::request::{
    AuthorizationAnswer, AuthorizationParameters, RequestFacts, ReturnAddress, ValidRequest,
};
use portvakt_core::login::scopes;
use portvakt_core::ports::ScopeFact;
use portvakt_core::scope::Scope;
use portvakt_oauth_types::Parameters;

static ISSUER: LazyLock<LoginIssuer> =
    LazyLock::new(|| LoginIssuer::new("https://idp.example.no", Environment::Test));
/// A server's client, and an app's, which may listen on any port.
static CLIENTS: LazyLock<[Client; 2]> = LazyLock::new(|| {
    [
        client(ApplicationType::Web, "https://a.example.no/cb?x=1"),
        client(ApplicationType::Native, "http://127.0.0.1:0/cb"),
    ]
});

fn client(application_type: ApplicationType, redirect_uri: &str) -> Client {
    let id = "client".parse().expect("a client id");
    let owner = "312773023".parse().expect("an organization number");
    let scopes = ["openid", "profile", "eidas", "fjord:a.read"];
    let scopes = scopes.map(|name| name.parse().expect("a scope"));
    let now = Timestamp::from_seconds(0);
    let mut client = Client::machine(id, "Client", owner, scopes.to_vec(), now);
    client.integration_type = IntegrationType::ApiKlient;
    client.application_type = application_type;
    client.grant_types = vec![GrantType::AuthorizationCode];
    client.login.redirect_uris = vec![redirect_uri.to_owned()];
    client
}

fn fact(name: &str) -> Option<ScopeFact> {
    let owner = "310420107".parse().expect("an organization number");
    let scope = Scope::new(name.parse().ok()?, owner, "", Timestamp::from_seconds(0));
    Some(ScopeFact {
        scope: Some(scope.into()),
        owner_active: true,
        access: Some(AccessState::Approved),
    })
}

fuzz_target!(|request: &[u8]| {
    let Ok(parameters) = Parameters::parse(request) else {
        return;
    };
    let parameters = AuthorizationParameters::read(&parameters);
    for client in &*CLIENTS {
        judge(&parameters, client);
    }
});

fn judge(parameters: &AuthorizationParameters, client: &Client) {
    let address = match ReturnAddress::find(parameters, client) {
        Ok(address) => address,
        Err(fault) => {
            if let Some(told) = fault.told {
                assert_trusted(&told, client);
            }
            return;
        }
    };
    assert_trusted(&address, client);
    let tokens = scopes::parse(parameters.scope.as_deref()).unwrap_or_default();
    let facts: Vec<_> = tokens
        .iter()
        .filter_map(|token| fact(token.as_str()))
        .collect();
    let facts = RequestFacts {
        client,
        scopes: &facts,
        on_behalf_of: None,
        levels: &[Acr::IdportenSubstantial, Acr::IdportenHigh],
    };
    let answer = match ValidRequest::new(parameters, facts, &address, &ISSUER) {
        Ok((request, _)) => {
            let kept = serde_json::to_string(&request).expect("it can be kept");
            let read: ValidRequest = serde_json::from_str(&kept).expect("and read");
            assert_eq!(read, request);
            AuthorizationAnswer::code("code", &ISSUER, &address)
        }
        Err(fault) => {
            assert_eq!(fault.told.as_ref(), Some(&address));
            AuthorizationAnswer::refusal(&fault.refusal, &ISSUER, &address)
        }
    };
    let location = answer.location(&address);
    assert!(location.starts_with(&address.redirect_uri), "{location}");
    assert!(
        location.bytes().all(|byte| byte.is_ascii_graphic()),
        "{location}"
    );
    // What the client reads is what it sent.
    let query = location
        .split_once('?')
        .expect("an answer has parameters")
        .1;
    let read = Parameters::parse(query.as_bytes()).expect("and they can be read");
    assert_eq!(read.one("state").ok().flatten(), address.state.as_deref());
}

fn assert_trusted(address: &ReturnAddress, client: &Client) {
    let registered = &client.login.redirect_uris;
    let uri = &address.redirect_uri;
    assert!(is_registered(uri, registered, client.application_type));
    match client.application_type {
        ApplicationType::Native => {
            let port = uri.strip_prefix("http://127.0.0.1:");
            let port = port.and_then(|rest| rest.strip_suffix("/cb"));
            let number = port.and_then(|port| port.parse::<u16>().ok());
            assert!(number.is_some_and(|number| number > 0), "{uri}");
        }
        _ => assert_eq!(uri, &registered[0]),
    }
}
