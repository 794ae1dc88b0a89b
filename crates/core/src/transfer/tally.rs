//! A count and a digest of rows, by which two tables are compared.

use aws_lc_rs::digest::{Context, SHA256};

use super::table::{Cell, Row};

/// What went by so far.
pub struct Tally {
    rows: u64,
    context: Context,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            rows: 0,
            context: Context::new(&SHA256),
        }
    }
}

impl Tally {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many rows.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// One more page.
    pub fn add(&mut self, rows: &[Row]) {
        for row in rows {
            self.rows += 1;
            for cell in row {
                self.add_cell(cell);
            }
        }
    }

    /// The kind, the length and the bytes: no two rows of a table look alike.
    fn add_cell(&mut self, cell: &Cell) {
        let (kind, bytes): (u8, &[u8]) = match cell {
            Cell::Null => (0, &[]),
            Cell::Text(text) => (1, text.as_bytes()),
            Cell::Integer(number) => (2, &number.to_be_bytes()),
            Cell::Boolean(truth) => (3, &[u8::from(*truth)]),
            Cell::Bytes(bytes) => (4, bytes),
        };
        self.context.update(&[kind]);
        self.context.update(&bytes.len().to_be_bytes());
        self.context.update(bytes);
    }

    /// How many rows, and SHA-256 of them in their order.
    pub fn finish(self) -> (u64, [u8; 32]) {
        let mut digest = [0; 32];
        digest.copy_from_slice(self.context.finish().as_ref());
        (self.rows, digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(rows: &[Row]) -> (u64, [u8; 32]) {
        let mut tally = Tally::new();
        tally.add(rows);
        tally.finish()
    }

    #[test]
    fn every_difference_shows() {
        let text = |text: &str| Cell::Text(text.to_owned());
        let different = [
            vec![],
            vec![vec![Cell::Null, Cell::Null]],
            vec![vec![text(""), Cell::Null]],
            vec![vec![Cell::Null, text("")]],
            vec![vec![text("ab"), text("c")]],
            vec![vec![text("a"), text("bc")]],
            vec![vec![Cell::Bytes(b"a".to_vec()), text("bc")]],
            vec![vec![Cell::Integer(0), Cell::Boolean(false)]],
            vec![vec![Cell::Integer(0), Cell::Boolean(true)]],
            vec![vec![Cell::Integer(0), Cell::Integer(0)]],
        ];
        for (place, one) in different.iter().enumerate() {
            for other in &different[..place] {
                assert_ne!(tally(one), tally(other), "{place}");
            }
        }
    }

    #[test]
    fn pages_make_no_difference() {
        let rows: Vec<Row> = (0..10).map(|number| vec![Cell::Integer(number)]).collect();
        let mut paged = Tally::new();
        for page in rows.chunks(3) {
            paged.add(page);
        }
        assert_eq!(paged.finish(), tally(&rows));
    }
}
