//! A session with the token: opened when needed, and again when it failed.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cryptoki::error::{Error, RvError};
use cryptoki::object::ObjectHandle;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

use super::keys::KeyName;
use super::library::Library;
use super::{KeyModuleError, KeyModuleSettings};

/// Private keys that this session has found. They are good for as long as the session.
pub(super) type Handles = HashMap<KeyName, ObjectHandle>;

/// Keys come and go with rotations, and a session may live for years.
const MOST_HANDLES: usize = 64;

pub(super) struct Connection {
    library: Arc<Library>,
    settings: Arc<KeyModuleSettings>,
    /// Whether the token has refused the PIN, to any connection.
    refused: Arc<AtomicBool>,
    open: Option<Open>,
}

/// A session of one start of the library. It is closed on purpose only: after a new start its number may
/// be that of somebody else's.
struct Open {
    count: u64,
    session: Session,
    handles: Handles,
}

impl Connection {
    pub(super) fn new(
        library: Arc<Library>,
        settings: Arc<KeyModuleSettings>,
        refused: Arc<AtomicBool>,
    ) -> Self {
        Self {
            library,
            settings,
            refused,
            open: None,
        }
    }

    /// Acts in a session. What fails is tried again in a new session, and then with the library started
    /// anew: that all was well an hour ago says nothing about the module now.
    pub(super) fn with_session<T>(
        &mut self,
        act: impl Fn(&Session, &mut Handles) -> Result<T, Error>,
    ) -> Result<T, KeyModuleError> {
        let mut was_open = self.open.is_some();
        loop {
            let count = self.library.in_use().count();
            match self.act_once(&act) {
                Err(KeyModuleError::Unavailable(_)) if was_open => was_open = false,
                Err(KeyModuleError::Unavailable(error)) => {
                    if self.library.restart(count) {
                        return self.act_once(&act);
                    }
                    return Err(KeyModuleError::Unavailable(error));
                }
                result => return result,
            }
        }
    }

    fn act_once<T>(
        &mut self,
        act: impl Fn(&Session, &mut Handles) -> Result<T, Error>,
    ) -> Result<T, KeyModuleError> {
        let library = Arc::clone(&self.library);
        let in_use = library.in_use();
        let mut open = match self.open.take() {
            Some(open) if open.count == in_use.count() => open,
            _ => Open {
                count: in_use.count(),
                session: self.connect()?,
                handles: Handles::new(),
            },
        };
        if open.handles.len() > MOST_HANDLES {
            open.handles.clear();
        }
        match act(&open.session, &mut open.handles) {
            Ok(value) => {
                self.open = Some(open);
                Ok(value)
            }
            Err(error) => {
                // It may be closed already.
                let _ = open.session.close();
                Err(unavailable(&error))
            }
        }
    }

    fn connect(&self) -> Result<Session, KeyModuleError> {
        if self.refused.load(Ordering::Acquire) {
            return Err(KeyModuleError::Pin);
        }
        let slot = self.slot().map_err(|error| unavailable(&error))?;
        let slot = slot.ok_or_else(|| {
            let token = &self.settings.token;
            KeyModuleError::Unavailable(format!("it has no token {token:?}"))
        })?;
        let session = self.library.pkcs11().open_rw_session_no_drop(slot);
        let session = session.map_err(|error| unavailable(&error))?;
        let pin = AuthPin::from(self.settings.pin.as_str());
        let refusal = match session.login(UserType::User, Some(&pin)) {
            // A login is for all sessions of the process.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => return Ok(session),
            Err(error) if is_about_pin(&error) => {
                self.refused.store(true, Ordering::Release);
                KeyModuleError::Pin
            }
            Err(error) => unavailable(&error),
        };
        let _ = session.close();
        Err(refusal)
    }

    fn slot(&self) -> Result<Option<Slot>, Error> {
        let pkcs11 = self.library.pkcs11();
        for slot in pkcs11.get_slots_with_initialized_token()? {
            if pkcs11.get_token_info(slot)?.label() == self.settings.token {
                return Ok(Some(slot));
            }
        }
        Ok(None)
    }
}

fn is_about_pin(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::PinIncorrect
                | RvError::PinInvalid
                | RvError::PinLenRange
                | RvError::PinExpired
                | RvError::PinLocked,
            _
        )
    )
}

/// More sessions than the token allows are no reason to end the others.
fn unavailable(error: &Error) -> KeyModuleError {
    match error {
        Error::Pkcs11(RvError::SessionCount, _) => KeyModuleError::Busy,
        _ => KeyModuleError::Unavailable(error.to_string()),
    }
}
