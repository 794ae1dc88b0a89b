//! Who uses which scope, and when last: tokens issued per client, scope and day.
//!
//! [`Tally`] counts in memory on the path of a token; whoever runs the server writes what it has
//! gathered to the [`UsageLog`] now and then. Counting is no change of the registry: it raises no
//! revision and leaves no entry in the audit log. What a crash takes is what was counted since the
//! last time it was written.

mod day;
mod port;
mod record;
mod tally;

pub use self::day::{Day, Days, InvalidDays, MAX_DAYS};
pub use self::port::UsageLog;
pub use self::record::{
    ClientDay, ClientTotal, ConsumerTotal, DayTotal, ScopeUsage, Usage, UsageKey,
};
pub use self::tally::{Drained, Filling, Tally};
