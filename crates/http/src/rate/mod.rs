//! How often somebody may ask: by address before anything is read, by client and organization once the
//! client has proved itself.
//!
//! What is kept of whom is a few cells of a table of fixed size ([`RateTable`]): no name, no lock, no
//! growth. Each process counts for itself. Start reading at [`limit_addresses`] and [`FairShares`].

mod addresses;
mod shares;
mod standing;
mod table;

use std::sync::Arc;

pub use self::addresses::{AddressGate, AddressLimit, limit_addresses};
pub use self::shares::{FairShares, Member, RefusedShares};
pub use self::standing::{Standing, retry_after};
pub use self::table::{Rate, RateTable};

/// The limits of a surface. By default there are none.
#[derive(Clone, Debug, Default)]
pub struct RateLimits {
    /// Of each address.
    pub addresses: Option<Arc<AddressLimit>>,
    /// Of each client and each organization.
    pub shares: Option<Arc<FairShares>>,
}
