use super::*;
use crate::clock::Timestamp;
use AuthenticationMethod::{ClientSecretBasic, None, PrivateKeyJwt};
use GrantType::{AuthorizationCode, JwtBearer, RefreshToken};
use IntegrationType::{Ansattporten, ApiKlient, Eformidling, Idporten, Krr, Maskinporten};

fn machine() -> Client {
    let scopes = vec!["fjord:a".parse().unwrap()];
    let orgno = "312773023".parse().unwrap();
    Client::machine(
        "a".parse().unwrap(),
        "A",
        orgno,
        scopes,
        Timestamp::from_seconds(0),
    )
}

fn login(integration_type: IntegrationType) -> Client {
    let mut client = machine();
    client.integration_type = integration_type;
    client.token_endpoint_auth_method = ClientSecretBasic;
    client.grant_types = vec![AuthorizationCode, RefreshToken];
    client.scopes = vec!["openid".parse().unwrap()];
    client.login.redirect_uris = vec!["https://example.no/".to_owned()];
    client
}

fn fields(client: &Client) -> Vec<String> {
    attribute_faults(client, Role::Operator)
        .invalid
        .into_iter()
        .map(|fault| fault.field)
        .collect()
}

#[test]
fn a_machine_client_with_its_defaults_is_right() {
    assert!(fields(&machine()).is_empty());
    for kind in [Idporten, ApiKlient, Ansattporten] {
        assert!(fields(&login(kind)).is_empty(), "{kind}");
    }
}

#[test]
fn each_row_of_the_table_is_kept() {
    let with = |base: Client, edit: fn(&mut Client)| {
        let mut client = base;
        edit(&mut client);
        fields(&client)
    };
    let cases: [(Vec<String>, &str); 7] = [
        (
            with(machine(), |c| c.application_type = ApplicationType::Native),
            "application_type",
        ),
        (
            with(machine(), |c| c.token_endpoint_auth_method = None),
            "token_endpoint_auth_method",
        ),
        (
            with(machine(), |c| c.grant_types = vec![AuthorizationCode]),
            "grant_types",
        ),
        (with(machine(), |c| c.grant_types.clear()), "grant_types"),
        (
            with(login(ApiKlient), |c| c.grant_types = vec![JwtBearer]),
            "grant_types",
        ),
        (
            with(login(ApiKlient), |c| {
                c.application_type = ApplicationType::Browser;
            }),
            "token_endpoint_auth_method",
        ),
        (
            with(login(ApiKlient), |c| c.login.redirect_uris.clear()),
            "redirect_uris",
        ),
    ];
    for (index, (fields, expected)) in cases.into_iter().enumerate() {
        assert_eq!(fields, [expected], "case {index}");
    }
}

#[test]
fn lifetimes_of_zero_names_and_scopes_are_checked_together() {
    let mut client = machine();
    client.client_name.clear();
    client.scopes.clear();
    client.access_token_lifetime = Some(0);
    client.login.refresh_token_lifetime = Some(0);
    assert_eq!(
        fields(&client),
        [
            "client_name",
            "scopes",
            "access_token_lifetime",
            "refresh_token_lifetime"
        ]
    );
}

#[test]
fn the_number_of_scopes_is_bounded() {
    let mut client = machine();
    client.scopes = (0..200)
        .map(|n| format!("fjord:{n}").parse().unwrap())
        .collect();
    assert!(fields(&client).is_empty());
    client.scopes.push("fjord:200".parse().unwrap());
    assert_eq!(fields(&client), ["scopes"]);
}

#[test]
fn normalizing_drops_repetition_and_adds_the_start_set() {
    let mut client = machine();
    client.scopes = ["fjord:b", "fjord:a", "fjord:b"]
        .map(|name| name.parse().unwrap())
        .to_vec();
    normalize(&mut client);
    assert_eq!(
        client
            .scopes
            .iter()
            .map(ScopeName::as_str)
            .collect::<Vec<_>>(),
        ["fjord:b", "fjord:a"]
    );

    let mut krr = machine();
    krr.integration_type = Krr;
    krr.scopes.clear();
    normalize(&mut krr);
    assert_eq!(krr.scopes.len(), 2);

    let mut person = login(Idporten);
    person.scopes.clear();
    normalize(&mut person);
    assert_eq!(
        person
            .scopes
            .iter()
            .map(ScopeName::as_str)
            .collect::<Vec<_>>(),
        ["openid", "profile"]
    );
}

#[test]
fn some_types_have_a_closed_set_of_scopes() {
    assert!(may_add(Idporten, "eidas") && !may_add(Idporten, "fjord:a"));
    assert!(may_add(Krr, "krr:global/digitalpost.read") && !may_add(Krr, "fjord:a"));
    assert!(may_add(Maskinporten, "fjord:a") && may_add(Eformidling, "fjord:a"));
}

#[test]
fn only_the_operator_sets_eformidling_and_another_algorithm() {
    let mut client = machine();
    client.integration_type = Eformidling;
    client.token_endpoint_auth_signing_alg = Some(portvakt_jose::Algorithm::Es256);
    assert!(
        attribute_faults(&client, Role::Operator)
            .forbidden
            .is_empty()
    );
    assert_eq!(
        attribute_faults(&client, Role::Owner(client.client_orgno))
            .forbidden
            .len(),
        2
    );
}

#[test]
fn defaults_follow_the_type() {
    assert_eq!(
        default_authentication(Maskinporten, ApplicationType::Web),
        PrivateKeyJwt
    );
    assert_eq!(
        default_authentication(Idporten, ApplicationType::Web),
        ClientSecretBasic
    );
    assert_eq!(
        default_authentication(Idporten, ApplicationType::Native),
        None
    );
    assert_eq!(default_grants(Krr), [JwtBearer]);
    assert_eq!(default_grants(ApiKlient), [AuthorizationCode]);
}

#[test]
fn a_client_that_is_called_back_is_told_which_session_it_is() {
    let mut client = login(ApiKlient);
    client.login.backchannel_logout_uri = Some("https://example.no/ut".to_owned());
    client.login.backchannel_logout_session_required = Some(false);
    normalize(&mut client);
    let required = client.login.backchannel_logout_session_required;
    assert_eq!(required, Some(true));
}

#[test]
fn every_address_of_a_login_is_judged_and_none_of_a_machine() {
    let with_addresses = |mut client: Client| {
        let login = &mut client.login;
        login.redirect_uris = vec!["https://example.no/".to_owned(), "a".to_owned()];
        login.post_logout_redirect_uris = vec!["https://a@example.no/".to_owned()];
        login.frontchannel_logout_uri = Some("https://example.com/".to_owned());
        login.backchannel_logout_uri = Some("https://example.com/".to_owned());
        client
    };
    let expected = [
        "redirect_uris[1]",
        "post_logout_redirect_uris[0]",
        "frontchannel_logout_uri",
        "backchannel_logout_uri",
    ];
    assert_eq!(fields(&with_addresses(login(Idporten))), expected);
    assert!(fields(&with_addresses(machine())).is_empty());
}

#[test]
fn ansattporten_starts_with_the_scopes_of_a_login_too() {
    let mut client = login(Ansattporten);
    client.scopes.clear();
    normalize(&mut client);
    let scopes: Vec<_> = client.scopes.iter().map(ScopeName::as_str).collect();
    assert_eq!(scopes, ["openid", "profile"]);
}
