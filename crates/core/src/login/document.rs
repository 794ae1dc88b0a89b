//! What only travels with a record: the store keeps it whole and never looks inside.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A value as JSON. Whoever wrote it reads it, perhaps as a later version of the program: members
/// that were added have serde defaults. `Debug` hides it, because it may say who somebody is.
#[derive(Clone, PartialEq, Eq)]
pub struct Document(Value);

impl Document {
    /// The document of a value.
    pub fn of<T: Serialize>(value: &T) -> Result<Self, UnreadableDocument> {
        serde_json::to_value(value)
            .map(Self)
            .map_err(|_| UnreadableDocument)
    }

    /// The value of the document.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, UnreadableDocument> {
        T::deserialize(&self.0).map_err(|_| UnreadableDocument)
    }

    /// The JSON, for the store.
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// What a store kept.
    pub fn from_value(value: Value) -> Self {
        Self(value)
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Document(hidden)")
    }
}

/// A value that has no JSON form, or a document of another kind of value. Neither is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored document is not of the kind that is wanted")]
pub struct UnreadableDocument;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_reads_back_as_its_own_kind_only() {
        let document = Document::of(&("17869010057", 1)).unwrap();
        assert_eq!(
            document.read(),
            Ok(("17869010057".to_owned(), 1)),
            "as it was"
        );
        assert_eq!(document.read::<bool>(), Err(UnreadableDocument));
        assert_eq!(format!("{document:?}"), "Document(hidden)");
    }
}
