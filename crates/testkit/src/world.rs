//! The organizations, scopes and clients of the specification's worked examples
//! (spec: maskinporten §17).

use portvakt_core::Timestamp;
use portvakt_core::access::{Access, AccessState};
use portvakt_core::client::{Client, ClientId, IntegrationType, KeySet, OnBehalfOf};
use portvakt_core::delegation::{Delegation, DelegationSource};
use portvakt_core::organization::{OrgNumber, Organization};
use portvakt_core::party::{Consent, SystemUser};
use portvakt_core::ports::{PrefixAssignment, Store, UnitOfWork};
use portvakt_core::scope::{Prefix, Scope, ScopeName};
use portvakt_jose::{JwkSet, PublicJwk};

use crate::keys::signing_key;

/// The clock of the worked examples: 2026-03-02T09:15:00Z.
pub const NOW: i64 = 1_772_442_900;
/// Provider; owns the prefix `fjord`.
pub const FJORDETATEN: &str = "310420107";
/// Consumer.
pub const HAVBRIS: &str = "312773023";
/// Supplier.
pub const TINDESYSTEM: &str = "313994031";
/// Customer without access to anything.
pub const LYNGVIK: &str = "314111044";
/// Havbris' client with a registered key.
pub const HAVBRIS_CLIENT: &str = "2f6c0b1e-9a54-4d5e-8a0f-5b1c7d3e9f21";
/// Havbris' client without keys, which uses the organization's certificate.
pub const HAVBRIS_CERTIFICATE_CLIENT: &str = "havbris-sertifikat";
/// Tindesystem's client with a registered key.
pub const TINDESYSTEM_CLIENT: &str = "tindesystem-klient";
/// The key id of every registered key.
pub const KID: &str = "havbris-2026a";
/// A scope that Havbris has access to; tokens live 90 seconds.
pub const SCOPE: &str = "fjord:tidevann.read";
/// The delegation source of `fjord:havn/anlop.write`.
pub const SOURCE: &str = "https://tt02.altinn.no/";

/// A registry under construction; what a test leaves out has its documented default.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Organizations.
    pub organizations: Vec<Organization>,
    /// Prefixes.
    pub prefixes: Vec<PrefixAssignment>,
    /// Scopes.
    pub scopes: Vec<Scope>,
    /// Access records.
    pub access: Vec<Access>,
    /// Clients with their keys.
    pub clients: Vec<(Client, Vec<PublicJwk>)>,
    /// Delegation sources.
    pub delegation_sources: Vec<DelegationSource>,
    /// Delegations.
    pub delegations: Vec<Delegation>,
    /// On-behalf-of registrations.
    pub on_behalf_of: Vec<OnBehalfOf>,
    /// System users.
    pub system_users: Vec<SystemUser>,
    /// Consents.
    pub consents: Vec<Consent>,
}

/// Reads an organization number of a test.
pub(crate) fn orgno(text: &str) -> OrgNumber {
    OrgNumber::parse(text).expect("tests name organizations by nine digits")
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_seconds(NOW)
}

impl World {
    /// The worked examples' world.
    pub fn spec() -> Self {
        let mut world = Self::default();
        for (number, name) in [
            (FJORDETATEN, "Fjordetaten"),
            (HAVBRIS, "Havbris AS"),
            (TINDESYSTEM, "Tindesystem AS"),
            (LYNGVIK, "Lyngvik Kafé"),
        ] {
            world.organization(number, name);
        }
        world.prefix("fjord", FJORDETATEN);
        world.delegation_source("altinn", SOURCE);
        let tidevann = world.scope(SCOPE);
        tidevann.at_max_age = 90;
        tidevann.allowed_integration_types = vec![IntegrationType::Maskinporten];
        world.scope("fjord:havn/anlop.write").delegation_source = Some(SOURCE.to_owned());
        world.scope("fjord:delt.botte");
        world.scope("fjord:apen.read").accessible_for_all = true;
        for scope in [SCOPE, "fjord:havn/anlop.write", "fjord:delt.botte"] {
            world.grant(scope, HAVBRIS);
        }
        let all = [
            SCOPE,
            "fjord:havn/anlop.write",
            "fjord:delt.botte",
            "fjord:apen.read",
        ];
        world.client(HAVBRIS_CLIENT, HAVBRIS, &all);
        world.client(TINDESYSTEM_CLIENT, TINDESYSTEM, &all);
        world.client_without_keys(HAVBRIS_CERTIFICATE_CLIENT, HAVBRIS, &all);
        world
    }

    /// Adds an organization.
    pub fn organization(&mut self, number: &str, name: &str) -> &mut Organization {
        self.organizations.push(Organization {
            orgno: orgno(number),
            name: name.to_owned(),
            active: true,
            created: now(),
            last_updated: now(),
        });
        self.organizations.last_mut().expect("one was just added")
    }

    /// The organization of this number.
    pub fn organization_mut(&mut self, number: &str) -> &mut Organization {
        let found = self
            .organizations
            .iter_mut()
            .find(|organization| organization.orgno.as_str() == number);
        found.expect("the test added the organization before")
    }

    /// Assigns a prefix.
    pub fn prefix(&mut self, prefix: &str, owner: &str) {
        self.prefixes.push(PrefixAssignment {
            prefix: Prefix::parse(prefix).expect("tests name valid prefixes"),
            owner_orgno: orgno(owner),
            active: true,
            created: now(),
            last_updated: now(),
        });
    }

    /// Adds a scope of Fjordetaten.
    pub fn scope(&mut self, name: &str) -> &mut Scope {
        self.scopes.push(Scope::new(
            scope_name(name),
            orgno(FJORDETATEN),
            "En tjeneste",
            now(),
        ));
        self.scopes.last_mut().expect("one was just added")
    }

    /// The scope of this name.
    pub fn scope_mut(&mut self, name: &str) -> &mut Scope {
        let found = self
            .scopes
            .iter_mut()
            .find(|scope| scope.name.as_str() == name);
        found.expect("the test added the scope before")
    }

    /// Gives an organization access.
    pub fn grant(&mut self, scope: &str, consumer: &str) -> &mut Access {
        self.access.push(Access {
            scope: scope_name(scope),
            consumer_orgno: orgno(consumer),
            state: AccessState::Approved,
            created: now(),
            last_updated: now(),
        });
        self.access.last_mut().expect("one was just added")
    }

    /// Takes every access record of an organization to a scope away.
    pub fn withdraw(&mut self, scope: &str, consumer: &str) {
        let state = |access: &mut Access| access.state = AccessState::Denied;
        self.access
            .iter_mut()
            .filter(|access| {
                access.scope.as_str() == scope && access.consumer_orgno == orgno(consumer)
            })
            .for_each(state);
    }

    /// Registers a client with [`signing_key`] under [`KID`].
    pub fn client(&mut self, client_id: &str, owner: &str, scopes: &[&str]) -> &mut Client {
        self.client_without_keys(client_id, owner, scopes);
        let (client, keys) = self.clients.last_mut().expect("one was just added");
        keys.push(signing_key().public_jwk(KID));
        client
    }

    /// Registers a client without keys.
    pub fn client_without_keys(
        &mut self,
        client_id: &str,
        owner: &str,
        scopes: &[&str],
    ) -> &mut Client {
        let id = ClientId::parse(client_id).expect("tests name valid client ids");
        let scopes = scopes.iter().map(|name| scope_name(name)).collect();
        let client = Client::machine(id, client_id, orgno(owner), scopes, now());
        self.clients.push((client, Vec::new()));
        &mut self.clients.last_mut().expect("one was just added").0
    }

    /// The client of this id, with its keys.
    pub fn client_mut(&mut self, client_id: &str) -> &mut (Client, Vec<PublicJwk>) {
        let found = self
            .clients
            .iter_mut()
            .find(|(c, _)| c.client_id.as_str() == client_id);
        found.expect("the test added the client before")
    }

    /// Adds a delegation source.
    pub fn delegation_source(&mut self, name: &str, issuer: &str) {
        self.delegation_sources.push(DelegationSource {
            name: name.to_owned(),
            issuer: issuer.to_owned(),
            active: true,
            created: now(),
            last_updated: now(),
        });
    }

    /// Lets a supplier use a scope in a consumer's name.
    pub fn delegate(&mut self, scope: &str, consumer: &str, supplier: &str) -> &mut Delegation {
        self.delegations.push(Delegation {
            delegation_source: SOURCE.to_owned(),
            scope: scope_name(scope),
            consumer_orgno: orgno(consumer),
            supplier_orgno: orgno(supplier),
            valid_from: None,
            valid_to: None,
            active: true,
            created: now(),
            last_updated: now(),
        });
        self.delegations.last_mut().expect("one was just added")
    }

    /// Writes everything in one transaction, which replaces what the store has under the same keys.
    pub async fn save(&self, store: &dyn Store) {
        let mut unit = store
            .begin()
            .await
            .expect("the store of a test can be written");
        self.save_in(unit.as_mut())
            .await
            .expect("the world of a test is consistent");
        unit.commit()
            .await
            .expect("the store of a test can be written");
    }

    async fn save_in(
        &self,
        unit: &mut dyn UnitOfWork,
    ) -> Result<(), portvakt_core::ports::StorageError> {
        for organization in &self.organizations {
            unit.save_organization(organization).await?;
        }
        for prefix in &self.prefixes {
            unit.save_prefix(prefix).await?;
        }
        for source in &self.delegation_sources {
            unit.save_delegation_source(source).await?;
        }
        for scope in &self.scopes {
            unit.save_scope(scope).await?;
        }
        for access in &self.access {
            unit.save_access(access).await?;
        }
        for (client, keys) in &self.clients {
            unit.save_client(client).await?;
            let set = key_set(client, keys);
            unit.replace_keys(&client.client_id, set.as_ref(), now())
                .await?;
        }
        for delegation in &self.delegations {
            unit.save_delegation(delegation).await?;
        }
        for registration in &self.on_behalf_of {
            unit.save_on_behalf_of(registration).await?;
        }
        for system_user in &self.system_users {
            unit.save_system_user(system_user).await?;
        }
        for consent in &self.consents {
            unit.save_consent(consent).await?;
        }
        Ok(())
    }
}

fn key_set(client: &Client, keys: &[PublicJwk]) -> Option<KeySet> {
    if keys.is_empty() {
        return None;
    }
    let set = JwkSet::new(keys.to_vec()).expect("tests give keys different ids");
    Some(KeySet::from_jwks(&set, client, now()).expect("tests register usable keys"))
}

fn scope_name(name: &str) -> ScopeName {
    ScopeName::parse(name).expect("tests name valid scopes")
}
