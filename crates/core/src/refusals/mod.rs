//! Refusals that are remembered: in the audit log for good, and for 24 hours with their
//! explanation, which the request id opens.
//!
//! [`RefusalRecord`] is one refusal, fit to be kept. [`Gate`] bounds how many a minute are kept one
//! by one, so that strangers fill no disk; the rest is counted in a [`Summary`], so that none is
//! lost silently. [`write()`] makes a batch durable in one transaction.

mod gate;
mod login;
mod record;
mod remembered;
mod write;

pub use self::gate::{Gate, Limits, Origin, Summary};
pub use self::login::{LoginSurfacePart, LoginSurfaceRefusal};
pub use self::record::{
    AdministrationRefusal, RefusalRecord, RefusalSink, RefusedRequest, TokenRefusal,
};
pub use self::remembered::{InvalidRequestId, MEMORY, RememberedRefusal, RequestId, find, forget};
pub use self::write::write;
