//! Who used which scope, and when last: for owners of scopes, and for those whose clients used
//! them. An extension of the specification's API.

pub(crate) mod clients;
pub(crate) mod scope;

use portvakt_api_types::DayUsage;
use portvakt_core::usage::Day;

fn of_day(day: Day, tokens: u64) -> DayUsage {
    DayUsage {
        day: day.to_string(),
        tokens,
    }
}
