//! Keys in a hardware module that speaks PKCS#11 (version 2.40): made there, used there, and never out of
//! it.
//!
//! Calls of the module block, and sessions belong to one thread each. So a few threads of its own hold a
//! session each and take work from a bounded queue: what does not fit is refused at once. A session that
//! fails is opened again at the next call, so a module that was away is used again when it is back.

mod connection;
mod keys;
mod library;
mod pool;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use self::keys::KeyName;
use self::pool::Pool;
use crate::algorithm::Algorithm;
use crate::jwk;
use crate::key::VerifyingKey;
use crate::signer::{RemoteKey, RemoteSignature, RemoteSigner};
use crate::signing::{KeyError, RsaBits};

/// How long [`KeyModule`]'s blocking calls wait for the module. Making a long RSA key may take most of it.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where a module is and how it is used.
#[derive(Clone)]
pub struct KeyModuleSettings {
    /// The PKCS#11 library of the module's vendor.
    pub library: PathBuf,
    /// Label of the token that holds the keys.
    pub token: String,
    /// PIN of the token's user. A PIN that is refused is never tried again: tokens lock themselves.
    pub pin: Zeroizing<String>,
    /// How many signatures are made at the same time; 1 to 64.
    pub sessions: usize,
    /// How many more may wait; 1 to 4096.
    pub waiting: usize,
    /// How often, at most, the library is started anew while the module is away. That ends every session
    /// of this process, and some libraries see a module again in no other way.
    pub restart_interval: Duration,
}

impl fmt::Debug for KeyModuleSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("KeyModuleSettings")
            .field("library", &self.library)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

/// An open module. A clone is a handle to the same one; its threads end with the last handle.
///
/// Keys are found by a label and by the thumbprint of their public half (RFC 7638), so that no pointer
/// to a key can lead to another one. Its methods block, but for the signing of [`Self::find`]'s key.
#[derive(Clone)]
pub struct KeyModule(Arc<Pool>);

impl KeyModule {
    /// Loads the library and logs in. A library can be loaded once in the life of a process.
    pub fn open(settings: KeyModuleSettings) -> Result<Self, KeyModuleError> {
        let module = Self(Arc::new(Pool::start(settings)?));
        module.check()?;
        Ok(module)
    }

    /// Whether the module answers now.
    pub fn check(&self) -> Result<(), KeyModuleError> {
        self.0.call(PATIENCE, |connection| {
            connection.with_session(|session, _| session.get_session_info().map(drop))
        })
    }

    /// Makes a key that can neither be read nor wrapped, and gives its thumbprint. `rsa_bits` is for RSA
    /// keys.
    pub fn generate(
        &self,
        label: &str,
        algorithm: Algorithm,
        rsa_bits: RsaBits,
    ) -> Result<String, KeyModuleError> {
        let template = keys::Template::new(label, algorithm, rsa_bits)?;
        let public = self.0.call(PATIENCE, move |connection| {
            connection.with_session(|session, _| template.generate(session))
        })?;
        let public = VerifyingKey::from_material(public?)?;
        Ok(jwk::thumbprint(public.material()))
    }

    /// The key of this label and thumbprint, ready to sign; none if the module does not have it. A key
    /// that could leave the module is refused.
    pub fn find(
        &self,
        label: &str,
        thumbprint: &str,
        algorithm: Algorithm,
    ) -> Result<Option<RemoteKey>, KeyModuleError> {
        let mechanism = keys::mechanism(algorithm)?;
        let name = KeyName::new(label, thumbprint);
        let wanted = name.clone();
        let found = self.0.call(PATIENCE, move |connection| {
            connection.with_session(|session, handles| keys::find(session, handles, &wanted))
        })?;
        let Some(found) = found else {
            return Ok(None);
        };
        if found.may_leave {
            return Err(KeyModuleError::MayLeave);
        }
        let signer = Arc::new(ModuleSigner {
            pool: Arc::clone(&self.0),
            name,
            mechanism,
        });
        let verifying_key = VerifyingKey::from_material(found.public)?;
        Ok(Some(RemoteKey::new(algorithm, verifying_key, signer)?))
    }

    /// Destroys the key. Says whether there was one.
    pub fn destroy(&self, label: &str, thumbprint: &str) -> Result<bool, KeyModuleError> {
        let name = KeyName::new(label, thumbprint);
        self.0.call(PATIENCE, move |connection| {
            connection.with_session(|session, handles| keys::destroy(session, handles, &name))
        })
    }
}

impl fmt::Debug for KeyModule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeyModule")
    }
}

/// Signs with one key.
struct ModuleSigner {
    pool: Arc<Pool>,
    name: KeyName,
    mechanism: keys::SigningMechanism,
}

impl RemoteSigner for ModuleSigner {
    fn sign(&self, message: Vec<u8>) -> RemoteSignature {
        let (reply, answer) = oneshot::channel();
        let (name, mechanism) = (self.name.clone(), self.mechanism);
        let queued = self.pool.submit(Box::new(move |connection| {
            // Whoever asked may have given up meanwhile.
            if reply.is_closed() {
                return;
            }
            let signature = connection.with_session(|session, handles| {
                keys::sign(session, handles, &name, mechanism, &message)
            });
            let _ = reply.send(signature);
        }));
        Box::pin(async move {
            queued.map_err(|_| KeyError::Unavailable)?;
            match answer.await {
                Ok(Ok(Some(signature))) => Ok(signature),
                _ => Err(KeyError::Unavailable),
            }
        })
    }
}

/// Why a module does not do what it is asked. No message holds a PIN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyModuleError {
    /// It does not answer, or answers with this error. Trying again later may help.
    #[error("the hardware module does not answer: {0}")]
    Unavailable(String),
    /// More work waits than may.
    #[error("the hardware module has too much to do")]
    Busy,
    /// The PIN is wrong or locked. It is not tried again until a restart.
    #[error(
        "the hardware module refuses the PIN; it is not tried again, so that the token is not locked"
    )]
    Pin,
    /// The library cannot be loaded, or the settings are not possible.
    #[error("the hardware module cannot be used: {0}")]
    Settings(String),
    /// The algorithm is not among those that are used in modules.
    #[error("{0} keys cannot be in a hardware module")]
    Algorithm(Algorithm),
    /// The key can be read or wrapped, or was not made in the module.
    #[error("the key could leave the hardware module")]
    MayLeave,
    /// The public half is not accepted.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl From<crate::key::KeyRejected> for KeyModuleError {
    fn from(rejected: crate::key::KeyRejected) -> Self {
        Self::Key(rejected.into())
    }
}
