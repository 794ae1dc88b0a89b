//! One server for each data folder.

use std::fs::{File, TryLockError};

use anyhow::{Context, bail};

use crate::data_dir::DataDir;

/// Held while a server runs on a folder. The operating system lets go of it when the process ends,
/// however it ends.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the lock, or says that another server has it.
    pub(crate) fn take(data_dir: &DataDir) -> anyhow::Result<Self> {
        let path = data_dir.lock_file();
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => bail!(
                "another server is running on {}: stop it, or name another folder with --data-dir",
                data_dir.path().display()
            ),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("lock {}", path.display()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_taken_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::new(folder.path());
        let first = FolderLock::take(&data_dir).unwrap();
        let message = FolderLock::take(&data_dir).unwrap_err().to_string();
        assert!(message.contains("--data-dir"), "{message}");
        drop(first);
        FolderLock::take(&data_dir).unwrap();
    }
}
