//! The database file: made so that only its owner reads it, since it holds private keys.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use portvakt_core::ports::StorageError;

/// Makes the file, empty and with mode 0600, unless it exists. SQLite gives its side files
/// (`-wal`, `-shm`) the same mode.
pub(crate) fn create_private(path: &Path) -> Result<(), StorageError> {
    // Closing any descriptor of a file drops the locks that the process holds on it (POSIX), so
    // nobody in this process may reach SQLite between the creation and the close.
    static CREATING: Mutex<()> = Mutex::new(());
    let _creating = CREATING.lock().unwrap_or_else(PoisonError::into_inner);
    match options().open(path) {
        Ok(file) => make_durable(file, path).map_err(|error| fault(&error)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(fault(&error)),
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Keeps the name of a new file through a loss of power.
fn make_durable(file: File, path: &Path) -> io::Result<()> {
    file.sync_all()?;
    drop(file);
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    #[cfg(unix)]
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(())
}

fn fault(error: &io::Error) -> StorageError {
    StorageError::Unavailable(format!("the database file cannot be made: {error}"))
}
