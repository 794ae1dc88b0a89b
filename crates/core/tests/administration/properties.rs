//! Any registry, written down and read back.

use portvakt_core::access::AccessState;
use portvakt_core::client::{ApplicationType, IntegrationType};
use portvakt_core::registry_file::{
    AccessEntry, ClientEntry, KeysEntry, OrganizationEntry, PersonEntry, PrefixEntry, RegistryFile,
    ScopeEntry,
};
use portvakt_core::scope::Visibility;
use proptest::prelude::*;

use crate::harness::{CONSUMER, OWNER, Registry, SUPPLIER, at, orgno, scope};

fn organizations() -> impl Strategy<Value = Vec<OrganizationEntry>> {
    let organization = |number, prefixes: Vec<PrefixEntry>| {
        (prop::option::of("\\PC{1,20}"), any::<bool>()).prop_map(move |(name, inactive)| {
            OrganizationEntry {
                orgno: orgno(number),
                name,
                prefixes: prefixes.clone(),
                active: inactive.then_some(false),
            }
        })
    };
    let prefix = |text: &str, active| PrefixEntry {
        prefix: text.parse().unwrap(),
        active,
    };
    let owner = vec![prefix("fjord", true), prefix("old", false)];
    (
        organization(OWNER, owner),
        organization(CONSUMER, Vec::new()),
    )
        .prop_map(|(owner, consumer)| vec![owner, consumer])
}

fn a_scope() -> impl Strategy<Value = ScopeEntry> {
    let texts = (
        "[a-zA-ZæøåÆØÅ0-9:/._#-]{1,30}",
        "\\PC{1,40}",
        prop::option::of("(\\PC|\\n){1,40}"),
    );
    let flags = prop::collection::vec(any::<bool>(), 8);
    let access = prop::option::of(prop::sample::select(vec![
        AccessState::Approved,
        AccessState::Denied,
        AccessState::Requested,
    ]));
    let types = prop::sample::subsequence(IntegrationType::ALL.to_vec(), 0..=6);
    (texts, flags, types, access, any::<u32>()).prop_map(
        |(texts, flags, types, access, seconds)| {
            let (subscope, description, long_description) = texts;
            ScopeEntry {
                owner_orgno: flags[0].then(|| orgno(SUPPLIER)),
                description: Some(description),
                long_description,
                visibility: if flags[1] {
                    Visibility::Private
                } else {
                    Visibility::Public
                },
                accessible_for_all: flags[2],
                allowed_integration_types: types,
                at_max_age: seconds,
                requires_user_consent: flags[3],
                active: flags[4].then_some(false),
                protected: flags[5],
                operator_only: flags[6],
                emit_consumer_prefix: flags[7],
                access: access
                    .map(|state| AccessEntry {
                        consumer_orgno: orgno(CONSUMER),
                        state,
                    })
                    .into_iter()
                    .collect(),
                ..ScopeEntry::named(scope(&format!("fjord:{subscope}")))
            }
        },
    )
}

fn a_client(number: usize, name: String, native: bool, inactive: bool) -> ClientEntry {
    ClientEntry {
        client_id: Some(format!("client{number}").parse().unwrap()),
        client_name: name.clone(),
        description: name,
        client_orgno: orgno(CONSUMER),
        supplier_orgno: native.then(|| orgno(SUPPLIER)),
        integration_type: IntegrationType::ApiKlient,
        application_type: native.then_some(ApplicationType::Native),
        token_endpoint_auth_method: None,
        grant_types: None,
        scopes: vec![scope("openid")],
        access_token_lifetime: None,
        token_endpoint_auth_signing_alg: None,
        login: portvakt_core::client::LoginSettings {
            redirect_uris: vec!["https://example.no/".to_owned()],
            ..Default::default()
        },
        self_managed: inactive,
        active: inactive.then_some(false),
        jwks: KeysEntry::Unstated,
        onbehalfof: Vec::new(),
    }
}

fn registry_file() -> impl Strategy<Value = RegistryFile> {
    let scopes = prop::collection::btree_map("[a-z]{3}", a_scope(), 0..4);
    let clients = prop::collection::vec(("\\PC{1,30}", any::<bool>(), any::<bool>()), 0..4);
    let people = prop::collection::btree_map("[0-9]{11}", "\\PC{1,20}", 0..3);
    (organizations(), scopes, clients, people).prop_map(
        |(organizations, scopes, clients, people)| {
            // The key makes the name unique.
            let scope = |(key, entry): (String, ScopeEntry)| ScopeEntry {
                name: scope(&format!("{}/{key}", entry.name)),
                ..entry
            };
            let client =
                |(number, (name, native, inactive))| a_client(number, name, native, inactive);
            let pid = |text: &str| {
                portvakt_core::person::Pid::parse(text, portvakt_core::person::PidCheck::LengthOnly)
            };
            let person = |(text, name): (String, String)| PersonEntry {
                pid: pid(&text).unwrap(),
                name,
                krr: None,
            };
            RegistryFile {
                organizations: organizations.into_iter().map(Into::into).collect(),
                scopes: scopes.into_iter().map(scope).map(Into::into).collect(),
                clients: clients
                    .into_iter()
                    .enumerate()
                    .map(client)
                    .map(Into::into)
                    .collect(),
                people: people.into_iter().map(person).map(Into::into).collect(),
                ..RegistryFile::default()
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn exporting_and_applying_gives_the_same_registry(file in registry_file()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let first = Registry::bootstrapped().await;
            let applied = first.apply_file(&file, at(1)).await;
            prop_assert!(applied.is_ok(), "{:?}", applied);
            let exported = first.export().await;
            let second = Registry::bootstrapped().await;
            second.apply(&exported, at(2)).await.unwrap();
            prop_assert_eq!(&second.export().await, &exported);
            let again = second.apply_file(&file, at(3)).await.unwrap();
            prop_assert!(!again.is_changed(), "{:?}", again.counts);
            Ok(())
        })?;
    }
}
