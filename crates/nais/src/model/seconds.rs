//! Lifetimes within bounds.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A number of seconds from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Seconds<const MIN: u32, const MAX: u32>(u32);

/// A number of seconds out of bounds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number of seconds from {min} to {max}")]
pub struct SecondsError {
    min: u32,
    max: u32,
}

impl<const MIN: u32, const MAX: u32> Seconds<MIN, MAX> {
    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<const MIN: u32, const MAX: u32> TryFrom<u32> for Seconds<MIN, MAX> {
    type Error = SecondsError;

    fn try_from(seconds: u32) -> Result<Self, SecondsError> {
        if (MIN..=MAX).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(SecondsError { min: MIN, max: MAX })
        }
    }
}

impl<const MIN: u32, const MAX: u32> From<Seconds<MIN, MAX>> for u32 {
    fn from(seconds: Seconds<MIN, MAX>) -> Self {
        seconds.0
    }
}

impl<const MIN: u32, const MAX: u32> fmt::Display for Seconds<MIN, MAX> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
