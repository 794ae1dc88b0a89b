//! What there is for a Pod, as the API server has it now.
//!
//! Nothing is kept: a Pod is made right after its client resource, and a copy of some moments ago would not
//! have it. Making a Pod is rare beside what else an API server does for it.
//!
//! Names and namespaces are those of [`crate::injection::target`] and of `review`, which let nothing through that
//! would make another address of the API server.

use kube::Client;
use kube::api::Api;

use crate::injection::{Given, Settings, Target};
use crate::resource::{IDPortenClient, MaskinportenClient};
use crate::workload::{self, WorkloadError};

/// What is said when what there is cannot be used.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) given: Given,
    pub(super) warnings: Vec<String>,
}

/// Looks up what there is for a Pod in this namespace.
pub(super) async fn look_up(
    client: &Client,
    namespace: &str,
    target: &Target,
    settings: &Settings,
) -> Result<Found, kube::Error> {
    match target {
        Target::Client(name) => clients(client, namespace, name).await,
        Target::Workload(name) => of_workload(client, namespace, name, settings).await,
    }
}

async fn clients(client: &Client, namespace: &str, name: &str) -> Result<Found, kube::Error> {
    let machines: Api<MaskinportenClient> = Api::namespaced(client.clone(), namespace);
    let logins: Api<IDPortenClient> = Api::namespaced(client.clone(), namespace);
    let machine = machines.get_opt(name).await?;
    let login = logins.get_opt(name).await?;
    let given = Given {
        maskinporten: machine.map(|resource| resource.spec.secret_name),
        idporten: login.map(|resource| resource.spec.secret_name),
        webproxy: false,
    };
    Ok(Found {
        given,
        warnings: Vec::new(),
    })
}

async fn of_workload(
    client: &Client,
    namespace: &str,
    name: &str,
    settings: &Settings,
) -> Result<Found, kube::Error> {
    for kind in workload::KINDS {
        let api = workload::api(client, namespace, kind);
        let Some(object) = api.get_opt(name).await? else {
            continue;
        };
        return Ok(match workload::read(kind, &object) {
            Ok((metadata, workload)) => Found {
                given: Given::of_workload(&workload, &metadata, settings),
                warnings: Vec::new(),
            },
            Err(WorkloadError(message)) => Found {
                given: Given::default(),
                warnings: vec![format!("{} {name}: {message}", kind.as_str())],
            },
        });
    }
    Ok(Found::default())
}
