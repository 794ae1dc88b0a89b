//! Who may do what: the administration scopes, what each operation needs, and how a caller stands
//! to a client (spec: selfservice §3.2, §3.3).

use portvakt_core::bearer::Caller;
use portvakt_core::client::Client;

pub(crate) const DCR_READ: &str = "idporten:dcr.read";
pub(crate) const DCR_MODIFY: &str = "idporten:dcr.modify";
pub(crate) const DCR_WRITE: &str = "idporten:dcr.write";
pub(crate) const DCR_ON_BEHALF_OF: &str = "idporten:dcr/onbehalfof:write";
pub(crate) const DCR_SUPPLIER: &str = "idporten:dcr.supplier";
pub(crate) const SCOPES_READ: &str = "idporten:scopes.read";
pub(crate) const SCOPES_WRITE: &str = "idporten:scopes.write";

/// What is done, as far as the right to do it differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    ReadClients,
    CreateClient,
    ChangeClient,
    ReadOnBehalfOf,
    ChangeOnBehalfOf,
    ReadScopes,
    ChangeScopes,
    ReadOwnAccess,
    ReadAudit,
    ReadClientAudit,
    ReadChanges,
}

impl Operation {
    /// The scopes of which the token must have one.
    pub(crate) fn any_of(self) -> &'static [&'static str] {
        match self {
            Self::ReadClients => &[DCR_READ, DCR_MODIFY, DCR_WRITE, DCR_SUPPLIER],
            Self::CreateClient => &[DCR_WRITE, DCR_SUPPLIER],
            Self::ChangeClient => &[DCR_MODIFY, DCR_WRITE, DCR_SUPPLIER],
            Self::ReadOnBehalfOf => &[DCR_READ, DCR_MODIFY, DCR_WRITE, DCR_ON_BEHALF_OF],
            Self::ChangeOnBehalfOf => &[DCR_ON_BEHALF_OF],
            Self::ReadScopes => &[SCOPES_READ, SCOPES_WRITE],
            Self::ChangeScopes => &[SCOPES_WRITE],
            Self::ReadAudit => &[DCR_READ, DCR_MODIFY, DCR_WRITE, SCOPES_READ, SCOPES_WRITE],
            Self::ReadClientAudit => &[DCR_READ, DCR_MODIFY, DCR_WRITE],
            Self::ReadOwnAccess | Self::ReadChanges => &[
                DCR_READ,
                DCR_MODIFY,
                DCR_WRITE,
                DCR_ON_BEHALF_OF,
                DCR_SUPPLIER,
                SCOPES_READ,
                SCOPES_WRITE,
            ],
        }
    }

    /// Whether the caller's token suffices.
    pub(crate) fn is_open_to(self, caller: &Caller) -> bool {
        has_any(caller, self.any_of())
    }
}

fn has_any(caller: &Caller, scopes: &[&str]) -> bool {
    scopes.iter().any(|scope| caller.has_scope(scope))
}

/// How a caller stands to one client, each including those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// For this caller the client does not exist.
    Stranger,
    /// May look.
    Reader,
    /// May look and stop it: the customer whose supplier manages the client.
    Customer,
    /// May change it.
    Administrator,
}

impl Standing {
    /// For the client itself, its keys and its secret.
    pub(crate) fn of(caller: &Caller, client: &Client) -> Self {
        let is_own = client.client_orgno == caller.organization;
        match client.supplier_orgno {
            Some(supplier) if supplier == caller.organization && caller.has_scope(DCR_SUPPLIER) => {
                Self::Administrator
            }
            Some(_) if is_own => Self::by_scope(caller, Self::Customer),
            None if is_own => Self::by_scope(caller, Self::Administrator),
            Some(_) | None => Self::Stranger,
        }
    }

    fn by_scope(caller: &Caller, with_change: Self) -> Self {
        if has_any(caller, &[DCR_MODIFY, DCR_WRITE]) {
            with_change
        } else if caller.has_scope(DCR_READ) {
            Self::Reader
        } else {
            Self::Stranger
        }
    }

    /// For the client's on-behalf-of registrations, which have a scope of their own.
    pub(crate) fn to_registrations(caller: &Caller, client: &Client) -> Self {
        let manages = client.accessing_orgno() == caller.organization;
        if manages && caller.has_scope(DCR_ON_BEHALF_OF) {
            Self::Administrator
        } else {
            Self::of(caller, client).min(Self::Reader)
        }
    }
}

#[cfg(test)]
mod tests {
    use portvakt_core::Timestamp;

    use super::*;

    const OWN: &str = "312773023";
    const OTHER: &str = "313994031";
    const THIRD: &str = "314111044";

    fn caller(scopes: &[&str]) -> Caller {
        Caller {
            organization: OWN.parse().unwrap(),
            supplier: None,
            client_id: "a".to_owned(),
            client_amr: "private_key_jwt".to_owned(),
            scopes: scopes.iter().map(|name| name.parse().unwrap()).collect(),
        }
    }

    fn client(client_orgno: &str, supplier_orgno: Option<&str>) -> Client {
        let (id, orgno) = ("a".parse().unwrap(), client_orgno.parse().unwrap());
        let mut client = Client::machine(id, "A", orgno, Vec::new(), Timestamp::from_seconds(0));
        client.supplier_orgno = supplier_orgno.map(|text| text.parse().unwrap());
        client
    }

    #[test]
    fn standing_depends_on_the_relation_and_the_scopes() {
        use Standing::{Administrator, Customer, Reader, Stranger};
        let relations = [
            client(OWN, None),
            client(OWN, Some(OTHER)),
            client(OTHER, Some(OWN)),
            client(OTHER, None),
            client(OTHER, Some(THIRD)),
        ];
        for (scopes, expected) in [
            (&[][..], [Stranger, Stranger, Stranger, Stranger, Stranger]),
            (&[DCR_READ], [Reader, Reader, Stranger, Stranger, Stranger]),
            (
                &[DCR_MODIFY],
                [Administrator, Customer, Stranger, Stranger, Stranger],
            ),
            (
                &[DCR_WRITE],
                [Administrator, Customer, Stranger, Stranger, Stranger],
            ),
            (
                &[DCR_SUPPLIER],
                [Stranger, Stranger, Administrator, Stranger, Stranger],
            ),
            (&[DCR_ON_BEHALF_OF, SCOPES_WRITE], [Stranger; 5]),
            (
                &[DCR_READ, DCR_SUPPLIER],
                [Reader, Reader, Administrator, Stranger, Stranger],
            ),
        ] {
            let found = relations
                .each_ref()
                .map(|client| Standing::of(&caller(scopes), client));
            assert_eq!(found, expected, "{scopes:?}");
        }
    }

    #[test]
    fn registrations_have_a_scope_of_their_own() {
        use Standing::{Administrator, Reader, Stranger};
        let relations = [
            client(OWN, None),
            client(OWN, Some(OTHER)),
            client(OTHER, None),
        ];
        for (scopes, expected) in [
            (&[DCR_ON_BEHALF_OF][..], [Administrator, Stranger, Stranger]),
            (&[DCR_WRITE], [Reader, Reader, Stranger]),
            (
                &[DCR_ON_BEHALF_OF, DCR_WRITE],
                [Administrator, Reader, Stranger],
            ),
        ] {
            let to = |client| Standing::to_registrations(&caller(scopes), client);
            assert_eq!(relations.each_ref().map(to), expected, "{scopes:?}");
        }
    }
}
