//! What was revoked. The signed list is made anew from this each time.

use std::io::ErrorKind;

use anyhow::Context;
use portvakt_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::data_dir::{DataDir, write_private};

/// The revoked certificates of a data folder.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Revocations {
    /// Counts the signed lists: each has a higher number than the one before (RFC 5280 §5.2.3).
    number: u64,
    revoked: Vec<Revocation>,
}

/// One revoked certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Revocation {
    /// Serial number in lower-case hexadecimal.
    pub(crate) serial: String,
    /// RFC 3339.
    pub(crate) revoked_at: String,
}

impl Revocations {
    /// What the folder says; nothing when it says nothing.
    pub(crate) fn load(data_dir: &DataDir) -> anyhow::Result<Self> {
        let path = data_dir.revoked();
        match std::fs::read(&path) {
            Ok(text) => {
                serde_json::from_slice(&text).with_context(|| format!("read {}", path.display()))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("read {}", path.display())),
        }
    }

    /// Writes it back.
    pub(crate) fn save(&self, data_dir: &DataDir) -> anyhow::Result<()> {
        write_private(&data_dir.revoked(), &serde_json::to_vec_pretty(self)?)
    }

    /// Adds a certificate, for a list with a new number; `false` when it was there already.
    pub(crate) fn add(&mut self, serial: &str, now: Timestamp) -> bool {
        self.number += 1;
        if self.contains(serial) {
            return false;
        }
        self.revoked.push(Revocation {
            serial: serial.to_owned(),
            revoked_at: now.to_string(),
        });
        true
    }

    /// In the order in which they were revoked.
    pub(crate) fn list(&self) -> &[Revocation] {
        &self.revoked
    }

    fn contains(&self, serial: &str) -> bool {
        self.revoked.iter().any(|known| known.serial == serial)
    }

    /// The number of the next list to sign.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Big-endian bytes.
    pub(super) fn serials(&self) -> anyhow::Result<Vec<Vec<u8>>> {
        let serials = self.revoked.iter().map(|revocation| {
            serial_bytes(&revocation.serial)
                .with_context(|| format!("{:?} is not a serial number", revocation.serial))
        });
        serials.collect()
    }
}

/// Bytes of a serial number of at most 20 bytes (RFC 5280 §4.1.2.2) in hexadecimal.
pub(crate) fn serial_bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = hex
        .chars()
        .map(|digit| u8::try_from(digit.to_digit(16)?).ok())
        .collect();
    let digits =
        digits.filter(|digits| digits.len() % 2 == 0 && (2..=40).contains(&digits.len()))?;
    Some(
        digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_whole_bytes() {
        assert_eq!(serial_bytes("40ff"), Some(vec![0x40, 0xff]));
        for wrong in ["", "4", "40f", "zz", &"40".repeat(21)] {
            assert_eq!(serial_bytes(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_list_has_a_higher_number_and_names_a_certificate_once() {
        let now = Timestamp::from_seconds(1);
        let mut revocations = Revocations::default();
        assert!(revocations.add("40", now));
        assert!(!revocations.add("40", now));
        assert_eq!(revocations.number(), 2);
        assert_eq!(revocations.serials().unwrap(), [[0x40]]);
    }
}
