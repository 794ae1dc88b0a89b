//! The server for development: every surface that exists, on the loopback interface of one machine,
//! with a registry to begin with, a certificate authority, a clock to turn and faults to script.
//!
//! It is put together from the same parts as any server; what is special is around them. Nothing
//! here is reachable from another machine, and [`operations`] keeps web pages out. Start reading
//! at [`Server::start`].

pub(crate) mod authority;
pub(crate) mod clock;
mod faults;
mod idporten;
mod journal;
mod lock;
mod loopback;
mod operations;
mod ports;
mod registry;
mod relying_party;
mod selfservice;
mod server;
mod signing_keys;
mod surface;
mod surface_name;

pub(crate) use self::lock::FolderLock;
pub(crate) use self::registry::InitialRegistry;
pub(crate) use self::server::{Options, Server};
