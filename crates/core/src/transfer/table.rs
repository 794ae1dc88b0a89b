//! Tables, rows and values, whatever keeps them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a table is made of, as a store's catalog says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, in the order of a [`Row`].
    pub columns: Vec<Column>,
    /// Places among the columns of the parts of its primary key, in order.
    pub key: Vec<usize>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: CellKind,
}

/// What a column may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellKind {
    /// Text.
    Text,
    /// A number of at most 64 bits, with a sign.
    Integer,
    /// True or false.
    Boolean,
    /// Bytes.
    Bytes,
}

/// One value. `Debug` shows its kind alone: it may be a private key or a national identity number.
/// Serialized, bytes are base64 in an object of their own.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// None.
    Null,
    /// Text.
    Text(String),
    /// A number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// Bytes.
    Bytes(#[serde(with = "bytes")] Vec<u8>),
}

/// `{"base64":"…"}`, which no other kind of value looks like.
mod bytes {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    #[derive(Serialize, Deserialize)]
    struct Encoded {
        base64: String,
    }

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        let base64 = STANDARD.encode(bytes);
        Encoded { base64 }.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let Encoded { base64 } = Encoded::deserialize(from)?;
        STANDARD.decode(base64).map_err(D::Error::custom)
    }
}

/// The values of one row, in the order of the table's columns.
pub type Row = Vec<Cell>;

impl Table {
    /// The values of a row's primary key, in order.
    pub fn key_of<'r>(&self, row: &'r Row) -> impl Iterator<Item = &'r Cell> {
        self.key.iter().filter_map(|place| row.get(*place))
    }

    /// Names of the columns of the primary key, in order.
    pub fn key_names(&self) -> impl Iterator<Item = &str> {
        self.key
            .iter()
            .filter_map(|place| Some(self.columns.get(*place)?.name.as_str()))
    }

    /// Whether both have this name, these columns in any order, and this primary key.
    pub fn is_like(&self, other: &Self) -> bool {
        let columns = |table: &Self| {
            let mut columns = table.columns.clone();
            columns.sort();
            columns
        };
        self.name == other.name
            && columns(self) == columns(other)
            && self.key_names().eq(other.key_names())
    }
}

impl fmt::Debug for Cell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Null => "Null",
            Self::Text(_) => "Text",
            Self::Integer(_) => "Integer",
            Self::Boolean(_) => "Boolean",
            Self::Bytes(_) => "Bytes",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[(&str, CellKind)], key: &[usize]) -> Table {
        let column = |(name, kind): &(&str, CellKind)| Column {
            name: (*name).to_owned(),
            kind: *kind,
        };
        Table {
            name: "scopes".to_owned(),
            columns: columns.iter().map(column).collect(),
            key: key.to_vec(),
        }
    }

    #[test]
    fn tables_are_alike_whatever_the_order_of_their_columns() {
        let one = table(&[("a", CellKind::Text), ("b", CellKind::Integer)], &[0]);
        let same = table(&[("b", CellKind::Integer), ("a", CellKind::Text)], &[1]);
        assert!(one.is_like(&same));
        for other in [
            table(&[("a", CellKind::Text)], &[0]),
            table(&[("a", CellKind::Text), ("b", CellKind::Bytes)], &[0]),
            table(&[("a", CellKind::Text), ("b", CellKind::Integer)], &[1]),
            table(&[("a", CellKind::Text), ("b", CellKind::Integer)], &[0, 1]),
            Table {
                name: "access".to_owned(),
                ..one.clone()
            },
        ] {
            assert!(!one.is_like(&other) && !other.is_like(&one), "{other:?}");
        }
    }

    #[test]
    fn every_value_is_read_back_as_it_was() {
        let row = vec![
            Cell::Null,
            Cell::Text(String::new()),
            Cell::Text(r#"{"base64":"AA=="}"#.to_owned()),
            Cell::Text("17".to_owned()),
            Cell::Integer(i64::MIN),
            Cell::Integer(i64::MAX),
            Cell::Boolean(false),
            Cell::Bytes(Vec::new()),
            Cell::Bytes(vec![0, 255]),
        ];
        let text = serde_json::to_string(&row).unwrap();
        assert!(serde_json::from_str::<Row>(&text).unwrap() == row, "{text}");
    }

    #[test]
    fn no_value_is_shown() {
        let row = [
            Cell::Text("17869010057".to_owned()),
            Cell::Bytes(vec![42]),
            Cell::Integer(17),
        ];
        assert_eq!(format!("{row:?}"), "[Text, Bytes, Integer]");
    }
}
