//! The Secret of a resource (spec: nais §4.5, §6.8).

use std::collections::BTreeMap;
use std::fmt;

use portvakt_nais::desired::ClientKind;
use portvakt_nais::environment::{
    Endpoints, IdPortenCredentials, MaskinportenCredentials, PrivateJwk, Variables,
};

use super::{Subject, instant};
use crate::resource::Spec;

/// The `type` label of Secrets of machine clients.
pub const MASKINPORTEN_SECRET: &str = "maskinporten.digdirator.nais.io";

/// The `type` label of Secrets of login clients. As the existing operator labels them, it does not say
/// `idporten`.
pub const IDPORTEN_SECRET: &str = "digdirator.nais.io";

/// On a Secret: since when it has its key. Pods that are older may have been started with another.
const KEY_SINCE: &str = "portvakt/key-since";

/// Where the issuers are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuers {
    /// Of machine clients.
    pub maskinporten: Endpoints,
    /// Of login clients, if the operator is for them.
    pub idporten: Option<Endpoints>,
    /// `IDPORTEN_AUDIENCE`, which the existing operator does not give.
    pub idporten_audience: Option<String>,
}

/// Entries of a Secret. Its `Debug` shows their names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Entries(BTreeMap<String, Vec<u8>>);

/// Who a Secret belongs to: its controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretOwner {
    /// The resource.
    Subject,
    /// Nobody.
    Nobody,
    /// Somebody else, as `Kind name`.
    Another(String),
}

/// One version of one Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretVersion {
    /// `metadata.uid`
    pub uid: String,
    /// `metadata.resourceVersion`
    pub resource_version: String,
}

/// A Secret that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSecret {
    /// Its name.
    pub name: String,
    /// Which of all Secrets that have had the name it is, and which of its versions.
    pub version: SecretVersion,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Seconds since 1970.
    pub created_at: i64,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// Its controller.
    pub owner: SecretOwner,
    /// Its data.
    pub entries: Entries,
}

/// What a client signs with.
#[derive(Clone, Copy, Debug)]
pub struct ClientCredentials<'c> {
    /// The issuer's id of the client.
    pub id: &'c str,
    /// Its key.
    pub key: &'c PrivateJwk,
    /// Since when the Secret has it, in seconds since 1970, if that is known.
    pub key_since: Option<i64>,
}

/// A Secret as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedSecret {
    /// Its name.
    pub name: String,
    /// At least these.
    pub labels: BTreeMap<String, String>,
    /// At least these.
    pub annotations: BTreeMap<String, String>,
    /// At least these; what others have added stays.
    pub entries: Entries,
}

impl Entries {
    /// The value of an entry, to put it where it belongs.
    pub fn expose(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// Whether it has all of the others, with the same values.
    pub(super) fn has_all(&self, others: &Self) -> bool {
        let mut others = others.0.iter();
        others.all(|(name, value)| self.0.get(name) == Some(value))
    }

    /// Every entry, to put it where it belongs.
    pub fn into_data(self) -> BTreeMap<String, Vec<u8>> {
        self.0
    }
}

impl From<BTreeMap<String, Vec<u8>>> for Entries {
    fn from(data: BTreeMap<String, Vec<u8>>) -> Self {
        Self(data)
    }
}

impl From<Variables> for Entries {
    fn from(variables: Variables) -> Self {
        let entries = variables.into_iter().map(|variable| {
            let value = variable.value.expose().as_bytes().to_vec();
            (variable.name, value)
        });
        Self(entries.collect())
    }
}

impl fmt::Debug for Entries {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

impl StoredSecret {
    /// Whether it has the labels of the Secrets of this resource.
    pub fn is_managed_for(&self, subject: &Subject) -> bool {
        let wanted = labels(subject);
        let has = |(name, value): (&String, &String)| self.labels.get(name) == Some(value);
        wanted.iter().all(has)
    }

    /// Since when it has its key, in seconds since 1970; the existing operator does not say.
    pub(super) fn key_since(&self) -> Option<i64> {
        self.annotations
            .get(KEY_SINCE)
            .and_then(|text| instant::parse(text))
    }

    /// The key in it. `None` if it has no entry for one; an error if that is no key.
    pub(super) fn key(&self, kind: ClientKind) -> Option<Result<PrivateJwk, ()>> {
        let text = self
            .entries
            .expose(&format!("{}_CLIENT_JWK", prefix(kind)))?;
        let text = std::str::from_utf8(text).map_err(drop);
        Some(text.and_then(|text| PrivateJwk::parse(text).map_err(drop)))
    }
}

impl WantedSecret {
    /// The Secret of a resource whose client has this id and key. A resource without a client, which
    /// only offers scopes, learns where the issuer is: it verifies tokens.
    ///
    /// `None` for a login client where the operator knows no issuer of such.
    pub(super) fn new(
        subject: &Subject,
        spec: &Spec,
        client: Option<ClientCredentials<'_>>,
        issuers: &Issuers,
    ) -> Option<Self> {
        let since = client.and_then(|client| client.key_since);
        let variables = match (spec, client) {
            (Spec::Maskinporten(_), None) => issuers.maskinporten.variables("MASKINPORTEN"),
            (Spec::Maskinporten(spec), Some(client)) => MaskinportenCredentials {
                client_id: client.id,
                key: client.key,
                spec,
                endpoints: &issuers.maskinporten,
            }
            .variables(),
            (Spec::IdPorten(_), None) => return None,
            (Spec::IdPorten(spec), Some(client)) => IdPortenCredentials {
                client_id: client.id,
                key: client.key,
                spec,
                endpoints: issuers.idporten.as_ref()?,
                audience: issuers.idporten_audience.as_deref(),
            }
            .variables(),
        };
        let reload = ("reloader.stakater.com/match".to_owned(), "true".to_owned());
        let since = since.map(|at| (KEY_SINCE.to_owned(), instant::text(at)));
        Some(Self {
            name: spec.secret_name().to_owned(),
            labels: labels(subject),
            annotations: std::iter::once(reload).chain(since).collect(),
            entries: variables.into(),
        })
    }
}

/// The labels by which the Secrets of a resource are found.
pub(super) fn labels(subject: &Subject) -> BTreeMap<String, String> {
    let kind = match subject.key.kind {
        ClientKind::Maskinporten => MASKINPORTEN_SECRET,
        ClientKind::IdPorten => IDPORTEN_SECRET,
    };
    BTreeMap::from([
        ("app".to_owned(), subject.name().to_owned()),
        ("type".to_owned(), kind.to_owned()),
    ])
}

fn prefix(kind: ClientKind) -> &'static str {
    match kind {
        ClientKind::Maskinporten => "MASKINPORTEN",
        ClientKind::IdPorten => "IDPORTEN",
    }
}
