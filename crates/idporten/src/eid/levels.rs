//! The levels that a test provider offers, and those of them that answer a request.

use portvakt_core::login::acr::{AcceptableSet, Acr};

use crate::pages::Level;

/// Levels as the page calls them and as tokens do, the lowest first.
pub(super) type Offered = [(Level, Acr)];

/// The levels that satisfy the request, the lowest first.
pub(super) fn accepted(offered: &Offered, acceptable: &AcceptableSet) -> Vec<Level> {
    let accepted = offered.iter().filter(|(_, acr)| acceptable.accepts(*acr));
    accepted.map(|(level, _)| *level).collect()
}

/// The level that is reached. One that does not satisfy the request is not given: the lowest that does
/// is.
pub(super) fn reached(
    offered: &Offered,
    acceptable: &AcceptableSet,
    asked: Option<Level>,
) -> Option<Acr> {
    let accepted = || offered.iter().filter(|(_, acr)| acceptable.accepts(*acr));
    let asked = accepted().find(|(level, _)| Some(*level) == asked);
    asked.or_else(|| accepted().next()).map(|(_, acr)| *acr)
}
