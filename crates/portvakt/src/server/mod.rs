//! What every server process is made of, in development and in production: its signals, and whose
//! certificates it trusts.

mod downloads;
mod signals;
mod trust;

pub(crate) use self::downloads::{Downloads, REFRESH_INTERVAL};
pub(crate) use self::signals::{Signals, interrupted};
pub(crate) use self::trust::{Trust, TrustSources};
