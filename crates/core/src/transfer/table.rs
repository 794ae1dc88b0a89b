//! Tables, rows and values, whatever keeps them.

use std::fmt;

/// What a table is made of, as a store's catalog says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, in the order of a [`Row`].
    pub columns: Vec<Column>,
    /// Places among the columns of the parts of its primary key, in order.
    pub key: Vec<usize>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: CellKind,
}

/// What a column may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
#[derive(Clone, PartialEq, Eq)]
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
    Bytes(Vec<u8>),
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
    fn no_value_is_shown() {
        let row = [
            Cell::Text("17869010057".to_owned()),
            Cell::Bytes(vec![42]),
            Cell::Integer(17),
        ];
        assert_eq!(format!("{row:?}"), "[Text, Bytes, Integer]");
    }
}
