//! The certificates of the webhook, and when they are replaced.
//!
//! A [`Generation`] is a certificate under an authority of its own, whose key is forgotten as soon as it has signed.
//! A next generation is made long before the present one ends, and used only when the API server has known its
//! authority for a while; authorities of former generations stay trusted until their certificates have expired.
//! So a replica may serve any generation of the Secret, and is believed.
//!
//! [`decide`] is pure; [`Keeper`] carries it out. Replicas need no leader for it: every change replaces the Secret
//! over the version that was read, so of two that decide at once one wins and the other reads again. A replica
//! that leads nothing can so get what it serves with, also when nobody leads.

mod generation;
mod keeper;
mod rotation;
mod stored;

pub use self::generation::{Generation, GenerationError};
pub use self::keeper::{Keeper, KeeperError, Place};
pub use self::rotation::{Next, Schedule, Step, Wallet, decide};
