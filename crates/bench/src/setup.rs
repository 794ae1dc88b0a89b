//! What is measured: one kind of server, one registry, one kind of grant.

use std::fmt;

use clap::ValueEnum;
use portvakt_jose::Algorithm;
use serde::Serialize;

/// One server process, or several on one database, and what they are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Setup {
    /// Where the servers keep everything.
    pub(crate) store: StoreKind,
    /// Registered clients.
    pub(crate) clients: usize,
    /// How many of them ask for tokens, in turn.
    pub(crate) active: usize,
    /// What the grants are like.
    pub(crate) grant: GrantKind,
    /// What the tokens are signed with.
    pub(crate) tokens: TokenKind,
    /// Server processes, all on the one core.
    pub(crate) nodes: usize,
}

/// Where a server keeps everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StoreKind {
    /// A file of its own.
    Sqlite,
    /// A private PostgreSQL server, on the cores of the load.
    Postgres,
}

/// What a grant is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum GrantKind {
    /// Signed with a registered key, which `kid` names.
    Key,
    /// Signed with an organization certificate, which `x5c` holds.
    Certificate,
    /// As `key`, by a supplier for a consumer that delegated to it.
    Delegation,
}

/// What tokens are signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum TokenKind {
    /// RSA, 2048 bits.
    #[value(name = "RS256")]
    Rs256,
    /// P-256.
    #[value(name = "ES256")]
    Es256,
}

impl TokenKind {
    /// The algorithm of the server's keys.
    pub(crate) fn algorithm(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::Rs256,
            Self::Es256 => Algorithm::Es256,
        }
    }

    /// Connections of a closed load that never leave the server without work: while a record of used
    /// grants is written, the others' requests must last, and a cheap token is soon made. More of them
    /// only keep more of the server's memory in use than its core's cache holds.
    pub(crate) fn connections(self) -> usize {
        match self {
            Self::Rs256 => 128,
            Self::Es256 => 192,
        }
    }
}

impl Setup {
    /// The plainest: registered keys, RS256, one node on SQLite.
    pub(crate) fn plain(clients: usize) -> Self {
        Self {
            store: StoreKind::Sqlite,
            clients,
            active: clients,
            grant: GrantKind::Key,
            tokens: TokenKind::Rs256,
            nodes: 1,
        }
    }

    /// What `make bench` measures: the plain server at two sizes in full, and of everything that
    /// differs from it in one way how fast it goes.
    pub(crate) fn suite() -> Vec<(Self, Loads)> {
        let plain = Self::plain(10_000);
        let [postgres, nodes, ecdsa, certificate, delegation] = plain.variations();
        vec![
            (Self::plain(10), Loads::All),
            (plain, Loads::All),
            (postgres, Loads::All),
            (nodes, Loads::Full),
            (ecdsa, Loads::Full),
            (certificate, Loads::Full),
            (delegation, Loads::Full),
        ]
    }

    /// Every kind of server, with few clients.
    pub(crate) fn one_of_each() -> Vec<(Self, Loads)> {
        let plain = Self::plain(100);
        let [_, nodes, ecdsa, certificate, delegation] = plain.variations();
        vec![
            (plain, Loads::All),
            (nodes, Loads::All),
            (ecdsa, Loads::Full),
            (certificate, Loads::Full),
            (delegation, Loads::Full),
        ]
    }

    /// What differs from it in one way, or in two where one needs the other.
    fn variations(self) -> [Self; 5] {
        let postgres = Self {
            store: StoreKind::Postgres,
            ..self
        };
        let nodes = Self {
            nodes: 2,
            ..postgres
        };
        let ecdsa = Self {
            tokens: TokenKind::Es256,
            ..self
        };
        let with = |grant| Self { grant, ..self };
        [
            postgres,
            nodes,
            ecdsa,
            with(GrantKind::Certificate),
            with(GrantKind::Delegation),
        ]
    }
}

/// Which loads a setup is measured under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loads {
    /// As fast as it goes.
    Full,
    /// That, unloaded, half of it, and half as much again; then administration.
    All,
}

impl fmt::Display for Setup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            clients,
            active,
            nodes,
            ..
        } = self;
        write!(formatter, "{}, {clients}", name(&self.store))?;
        if active != clients {
            write!(formatter, ", {active} active")?;
        }
        if self.grant != GrantKind::Key {
            write!(formatter, ", {}", name(&self.grant))?;
        }
        if self.tokens != TokenKind::Rs256 {
            write!(formatter, ", {}", name(&self.tokens))?;
        }
        if *nodes > 1 {
            write!(formatter, ", {nodes} nodes")?;
        }
        Ok(())
    }
}

/// The word for it on the command line.
fn name(value: &impl ValueEnum) -> String {
    let known = value.to_possible_value();
    known.map_or_else(String::new, |value| value.get_name().to_owned())
}
