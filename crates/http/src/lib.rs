//! The connection loop that every surface shares: listeners, limits, request ids and graceful
//! shutdown.
//!
//! It knows HTTP/1.1 and, of protocols above it, how token servers answer (RFC 6749 §5), because two
//! surfaces are one. A surface wraps its router in [`bounded`], saying how a [`TransportFault`] looks in
//! its own protocol, and hands the result to [`serve`]; one that has no router is a service that puts
//! its requests into an [`Envelope`] itself. TLS ends here ([`Tls`]) or at a proxy in front. Start reading
//! at [`serve`].

mod admission;
mod answer;
mod around;
mod bounded;
mod client_address;
mod connection;
mod cookies;
mod entity_tag;
mod fault;
mod limits;
mod min_revision;
mod rate;
mod request_id;
mod server;
mod shutdown;
mod timed_stream;
mod tls;
mod trace_context;

pub use answer::{SOON, advise, private, private_json};
pub use bounded::{Envelope, RenderFault, bounded};
pub use client_address::{ForwardingHeader, TrustedProxies};
pub use cookies::find_cookie;
pub use entity_tag::is_kept;
pub use fault::TransportFault;
pub use limits::Limits;
pub use min_revision::{MalformedRevision, min_revision};
pub use rate::{
    AddressGate, AddressLimit, FairShares, Member, Rate, RateLimits, RateTable, RefusedShares,
    Standing, limit_addresses, retry_after,
};
pub use request_id::{RequestId, RequestIdSource, X_REQUEST_ID};
pub use server::{Listener, Surface, serve};
pub use shutdown::Shutdown;
pub use tls::{Tls, TlsError};
pub use trace_context::{ERROR_TYPE, TraceContext, TraceId, tell_error_type};
