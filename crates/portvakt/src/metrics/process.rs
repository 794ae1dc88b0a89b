//! The process as its operating system sees it, under the names that Prometheus' own libraries use.
//! Where there is no `/proc`, the figures that come from it are not there.

use std::fmt;
use std::fs;

use portvakt_core::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::registry::Unit;

use super::node::exactly;
use super::scrape::Figures;

/// Reads `/proc/self` when somebody looks.
#[derive(Debug)]
pub(super) struct ProcessFigures {
    pub(super) started_at: Timestamp,
}

impl Collector for ProcessFigures {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut figures = Figures(encoder);
        let started_at = u64::try_from(self.started_at.seconds()).unwrap_or(0);
        let help = "When the process began, in seconds since 1970";
        let (seconds, bytes) = (Some(&Unit::Seconds), Some(&Unit::Bytes));
        figures.gauge("process_start_time", help, seconds, exactly(started_at))?;
        if let Some(memory) = resident_bytes() {
            let help = "Memory of the process that is in use";
            figures.gauge("process_resident_memory", help, bytes, exactly(memory))?;
        }
        if let Some(open) = open_files() {
            let help = "Files and connections that the process has open";
            figures.gauge("process_open_fds", help, None, exactly(open))?;
        }
        if let Some(most) = most_files() {
            let help = "Files and connections that the process may have open";
            figures.gauge("process_max_fds", help, None, exactly(most))?;
        }
        Ok(())
    }
}

/// `VmRSS:     1234 kB`.
fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// Without the one that reading the folder opens.
fn open_files() -> Option<u64> {
    let files = fs::read_dir("/proc/self/fd").ok()?.count();
    Some(u64::try_from(files).ok()?.saturating_sub(1))
}

/// `Max open files            1024                 524288               files`.
fn most_files() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let limit = "Max open files";
    let line = limits.lines().find_map(|line| line.strip_prefix(limit))?;
    line.split_whitespace().next()?.parse().ok()
}
