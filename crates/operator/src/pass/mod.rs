//! One pass over one custom resource, decided (spec: nais §6). Pure throughout: no cluster, no network, no
//! clock, no randomness.
//!
//! 1. [`triage`] says whether anything is to be done.
//! 2. [`held`] reads the keys out of the Secrets of the resource, and says which registered keys stay.
//! 3. [`decide`] compares what is asked for with what is registered: a plan, or why there is none.
//! 4. The shell writes the status that [`started`] gives, carries the plan out, and writes the Secret that
//!    [`Work::secret`] gives. A new key goes to the Secret, then to the status ([`key_kept`]), then to the
//!    issuer.
//!    A resource that asks for a look first ([`waits_for_approval`]) is left as it is, with [`previewed`].
//! 5. [`succeeded`], [`not_effective`] or [`failed`] says what the status and the events are, and when to look again.
//!
//! [`Footprints`] says which resources a change by somebody else concerns, and which are in each other's way.
//!
//! Interrupted anywhere, the same steps go on from there: everything that a pass rests on is in the
//! resource's status, in its Secrets and at the issuer.

mod conclusion;
mod conditions;
mod dispute;
mod events;
mod footprint;
mod held;
mod in_use;
mod instant;
mod pending;
mod preview;
mod retry;
mod secret;
mod subject;
mod triage;
mod work;

pub(crate) use self::conditions::cut;

pub use self::conclusion::{Conclusion, Done, Ending, failed, key_kept, started, succeeded};
pub use self::events::{Event, EventKind, of_step};
pub use self::footprint::{Footprint, Footprints, Rival};
pub use self::held::{Held, SecretFault, UnusedSecret, held};
pub use self::in_use::InUse;
pub use self::pending::{not_effective, previewed, was_not_effective};
pub use self::preview::waits_for_approval;
pub use self::retry::backoff;
pub(crate) use self::retry::spread;
pub use self::secret::{
    ClientCredentials, Entries, IDPORTEN_SECRET, Issuers, MASKINPORTEN_SECRET, SecretOwner,
    SecretVersion, StoredSecret, WantedSecret,
};
pub(crate) use self::subject::created_at;
pub use self::subject::{
    APPROVE, ASKED_ONCE, FINALIZER, OLD_FINALIZER, PRESERVE, PREVIEW, RESYNC, ROTATE, Subject,
};
pub use self::triage::{Reason, Triage, triage};
pub use self::work::{Failure, Rules, Work, decide, decide_with_usage};
