//! Who is the operator.

use portvakt_core::administration::operator::{self, NotOperator, OperatorRight};
use portvakt_core::administration::{Role, client};
use portvakt_core::bearer::Caller;
use portvakt_core::client::Client;
use portvakt_core::scope::{OPERATOR_READ, OPERATOR_WRITE};

use crate::harness::{
    OWNER, Registry, SUPPLIER, at, consumers_client, orgno, scope as name, with_scope,
};
use crate::operating::OPERATOR;

fn caller(scopes: &[&str]) -> Caller {
    Caller {
        organization: orgno(OPERATOR),
        supplier: None,
        client_id: "drift".to_owned(),
        client_amr: "private_key_jwt".to_owned(),
        scopes: scopes.iter().map(|text| text.parse().unwrap()).collect(),
    }
}

fn operators_client(scopes: &[&str]) -> Client {
    Client {
        client_orgno: orgno(OPERATOR),
        ..consumers_client("drift", scopes)
    }
}

#[tokio::test]
async fn the_operator_has_the_scope_the_organization_and_the_client_at_once() {
    use OperatorRight::{Read, Write};
    let registry = Registry::bootstrapped().await;
    let mut unit = with_scope(&registry).await;
    let client = operators_client(&[OPERATOR_WRITE]);
    client::register(unit.as_mut(), client.clone(), Role::Operator, at(1))
        .await
        .unwrap();
    let writer = caller(&[OPERATOR_WRITE]);
    operator::check(unit.as_mut(), &writer, Write)
        .await
        .unwrap();
    operator::check(unit.as_mut(), &writer, Read).await.unwrap();

    let none = operator::check(unit.as_mut(), &caller(&["idporten:dcr.write"]), Read).await;
    assert!(matches!(none, Err(NotOperator::Scope)), "{none:?}");
    let reader = operator::check(unit.as_mut(), &caller(&[OPERATOR_READ]), Write).await;
    assert!(matches!(reader, Err(NotOperator::Scope)), "{reader:?}");
    let foreign = Caller {
        organization: orgno(OWNER),
        ..writer.clone()
    };
    let foreign = operator::check(unit.as_mut(), &foreign, Write).await;
    assert!(
        matches!(foreign, Err(NotOperator::Organization)),
        "{foreign:?}"
    );
    let supplied = Caller {
        supplier: Some(orgno(SUPPLIER)),
        ..writer.clone()
    };
    let supplied = operator::check(unit.as_mut(), &supplied, Write).await;
    assert!(
        matches!(supplied, Err(NotOperator::Supplier)),
        "{supplied:?}"
    );
    for client_id in ["unknown", "not a client id"] {
        let unknown = Caller {
            client_id: client_id.to_owned(),
            ..writer.clone()
        };
        let unknown = operator::check(unit.as_mut(), &unknown, Write).await;
        assert!(matches!(unknown, Err(NotOperator::Client)), "{unknown:?}");
    }
    for changed in [
        Client {
            active: false,
            ..client.clone()
        },
        Client {
            scopes: vec![name("idporten:dcr.write")],
            ..client.clone()
        },
        Client {
            scopes: vec![name(OPERATOR_READ)],
            ..client.clone()
        },
        Client {
            client_orgno: orgno(OWNER),
            ..client.clone()
        },
        Client {
            supplier_orgno: Some(orgno(OPERATOR)),
            ..client.clone()
        },
    ] {
        unit.save_client(&changed).await.unwrap();
        let lost = operator::check(unit.as_mut(), &writer, Write).await;
        assert!(
            matches!(lost, Err(NotOperator::Client)),
            "{changed:?}: {lost:?}"
        );
    }
}

#[tokio::test]
async fn while_reserved_prefixes_have_several_owners_nobody_is_the_operator() {
    let registry = Registry::bootstrapped().await;
    let mut unit = with_scope(&registry).await;
    let client = operators_client(&[OPERATOR_WRITE]);
    client::register(unit.as_mut(), client, Role::Operator, at(1))
        .await
        .unwrap();
    let reserved = "portvakt".parse().unwrap();
    let mut assignment = unit.find_prefix(&reserved).await.unwrap().unwrap();
    assignment.owner_orgno = orgno(OWNER);
    unit.save_prefix(&assignment).await.unwrap();
    for organization in [OPERATOR, OWNER] {
        let caller = Caller {
            organization: orgno(organization),
            ..caller(&[OPERATOR_WRITE])
        };
        let nobody = operator::check(unit.as_mut(), &caller, OperatorRight::Read).await;
        assert!(
            matches!(nobody, Err(NotOperator::Organization)),
            "{nobody:?}"
        );
    }
}
