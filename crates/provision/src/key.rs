//! New keys for clients.

use std::fmt;

use portvakt_jose::{Algorithm, RsaBits, SigningKey};
use portvakt_nais::actual::PublicJwk;
use portvakt_nais::environment::PrivateJwk;
use portvakt_nais::naming::key_id;
use zeroize::Zeroizing;

use crate::keeper::KeeperError;

/// A key that was just made: RSA of 2048 bits, as the existing operator makes them.
pub struct NewKey {
    public: PublicJwk,
    private: Zeroizing<String>,
}

impl NewKey {
    /// Makes a key under a random id.
    pub fn generate() -> Result<Self, KeeperError> {
        let mut random = [0; 16];
        fill(&mut random)?;
        let key = SigningKey::generate(Algorithm::Rs256, RsaBits::B2048)?;
        let private = key.to_private_jwk(&key_id(random))?;
        let public = PrivateJwk::parse(&private)?.public().clone();
        Ok(Self { public, private })
    }

    /// Its public half.
    pub fn public(&self) -> &PublicJwk {
        &self.public
    }

    /// The private JWK, to put it where it is kept.
    pub fn expose(&self) -> &str {
        &self.private
    }
}

impl fmt::Debug for NewKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "NewKey({})", self.public.kid())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "nothing is decided by it: the id of a key needs to differ from others"
)]
fn fill(bytes: &mut [u8]) -> Result<(), KeeperError> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| "this machine has no randomness".into())
}
