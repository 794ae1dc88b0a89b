//! What pages call levels; and of those that a test provider offers, which answer a request and which is
//! reached.

use portvakt_core::login::acr::{AcceptableSet, Acr};

use crate::pages::Level;

/// What pages call a level.
pub(crate) fn level(acr: Acr) -> Level {
    match acr {
        Acr::IdportenLow
        | Acr::IdportenSubstantialLimited
        | Acr::EidasLow
        | Acr::SelfregisteredEmail => Level::Low,
        Acr::IdportenSubstantial | Acr::EidasSubstantial => Level::Substantial,
        Acr::IdportenHigh | Acr::EidasHigh => Level::High,
    }
}

/// Those of the offered levels, the lowest first, that satisfy the request.
pub(super) fn accepted(offered: &[Acr], acceptable: &AcceptableSet) -> Vec<Level> {
    let accepted = offered.iter().filter(|acr| acceptable.accepts(**acr));
    accepted.map(|acr| level(*acr)).collect()
}

/// The level that is reached. One that does not satisfy the request is not given: the lowest that does
/// is.
pub(super) fn reached(
    offered: &[Acr],
    acceptable: &AcceptableSet,
    asked: Option<Level>,
) -> Option<Acr> {
    let accepted = || offered.iter().filter(|acr| acceptable.accepts(**acr));
    let asked = accepted().find(|acr| Some(level(**acr)) == asked);
    asked.or_else(|| accepted().next()).copied()
}
