//! Between column values and domain values. A value that cannot be read back is
//! [`StorageError::Corrupt`] with its place.

use std::str::FromStr;

use portvakt_core::Timestamp;
use portvakt_core::ports::StorageError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Where a value was read: names the row in errors.
#[derive(Clone, Copy)]
pub(crate) struct Row<'r> {
    pub(crate) table: &'static str,
    pub(crate) key: &'r str,
}

impl Row<'_> {
    /// A value with a text form.
    pub(crate) fn parse<T: FromStr>(
        self,
        column: &'static str,
        text: &str,
    ) -> Result<T, StorageError> {
        text.parse().map_err(|_| self.corrupt(column))
    }

    /// As [`Row::parse`], for a column that may be null.
    pub(crate) fn parse_optional<T: FromStr>(
        self,
        column: &'static str,
        text: Option<&str>,
    ) -> Result<Option<T>, StorageError> {
        text.map(|text| self.parse(column, text)).transpose()
    }

    /// A word of a closed vocabulary, written by [`word`].
    pub(crate) fn word<T: DeserializeOwned>(
        self,
        column: &'static str,
        text: String,
    ) -> Result<T, StorageError> {
        serde_json::from_value(Value::String(text)).map_err(|_| self.corrupt(column))
    }

    /// A document, written by [`document`].
    pub(crate) fn document<T: DeserializeOwned>(
        self,
        column: &'static str,
        text: &str,
    ) -> Result<T, StorageError> {
        serde_json::from_str(text).map_err(|_| self.corrupt(column))
    }

    /// A count that is at most `u32::MAX`.
    pub(crate) fn count(self, column: &'static str, number: i64) -> Result<u32, StorageError> {
        u32::try_from(number).map_err(|_| self.corrupt(column))
    }

    /// The fault of this row in this column.
    pub(crate) fn corrupt(self, column: &'static str) -> StorageError {
        StorageError::Corrupt {
            table: self.table,
            column,
            key: self.key.to_owned(),
        }
    }
}

/// The word that a vocabulary's value has on the wire.
pub(crate) fn word<T: Serialize>(value: &T) -> Result<String, StorageError> {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => Ok(word),
        Ok(_) | Err(_) => Err(StorageError::Refused("a value has no name".to_owned())),
    }
}

/// A value as JSON text.
pub(crate) fn document<T: Serialize>(value: &T) -> Result<String, StorageError> {
    serde_json::to_string(value)
        .map_err(|_| StorageError::Refused("a value has no JSON form".to_owned()))
}

/// Values that were read with their positions, without them.
pub(crate) fn in_order<T>(mut values: Vec<(i64, T)>) -> impl Iterator<Item = T> {
    values.sort_by_key(|(position, _)| *position);
    values.into_iter().map(|(_, value)| value)
}

/// An instant read from a column.
pub(crate) fn instant(milliseconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(milliseconds)
}
