//! Logins of people: what every store must keep, and what may happen once. [`login_tests!`] makes the
//! tests.
//!
//! [`login_tests!`]: crate::login_tests

mod samples;

pub mod authorizations;
pub mod codes;
pub mod contacts;
pub mod crash;
pub mod endings;
pub mod moved;
pub mod people;
pub mod races;
pub mod refresh;
pub mod removal;
pub mod requests;
pub mod sessions;
pub mod tokens;

use std::sync::Arc;

use portvakt_core::login::LoginStore;

use crate::StoreFactory;

/// A place whose store keeps logins too.
pub trait LoginFactory: StoreFactory {
    /// Opens a store on the place, as [`StoreFactory::open`] does.
    fn open_logins(&self) -> impl Future<Output = Arc<dyn LoginStore>> + Send;
}
