//! The connection loop over real sockets, spoken to in bytes.

mod bodies;
mod connections;
mod faults;
mod harness;
mod shutdown;
mod tls;
