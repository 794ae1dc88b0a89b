//! What is wrong with a configuration, each with the key at fault.

use std::fmt;
use std::path::PathBuf;

/// Why a configuration cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("read the configuration {}", file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not YAML.
    #[error("the configuration is not YAML: {0}")]
    Malformed(String),
    /// A key is unknown, or its value is of another type.
    #[error("{key}: {message}")]
    Invalid {
        /// The key, with its sections.
        key: String,
        /// What is wrong, and what is expected.
        message: String,
    },
    /// An environment variable means no key.
    #[error("{variable}: no such key; write PORTVAKT__SECTION__KEY")]
    UnknownVariable {
        /// Its name.
        variable: String,
    },
}

/// Keys whose values cannot be meant, in the order of the sections.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults(Vec<(String, String)>);

impl Faults {
    /// One more: the key with its sections, and what to write.
    pub(crate) fn add(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.0.push((key.into(), message.into()));
    }

    /// `Ok` when nothing is wrong.
    pub(crate) fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }

    /// The value, or none with a fault that says that it is required.
    pub(crate) fn required<'a>(&mut self, key: &str, value: Option<&'a String>) -> Option<&'a str> {
        let text = value.map(String::as_str).filter(|text| !text.is_empty());
        if text.is_none() {
            self.add(key, "is required");
        }
        text
    }

    /// What a section makes of itself, or what is wrong with it.
    pub(crate) fn settle<T>(read: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, Self> {
        let mut faults = Self::default();
        match read(&mut faults) {
            Some(value) if faults.0.is_empty() => Ok(value),
            _ => Err(faults),
        }
    }

    #[cfg(test)]
    pub(crate) fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(key, _)| key.as_str()).collect()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, message)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(formatter, "{separator}{key}: {message}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
