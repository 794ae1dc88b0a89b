//! The shell around `nais`: reads what is through the self-service API, has a plan made, and
//! carries it out action by action.
//!
//! A command line and a Kubernetes operator share it. What differs between them is where ids and
//! private keys of clients are kept, which is a [`Keeper`].
//!
//! 1. [`observe()`] reads what a plan looks at; [`observe_for`] what a saved plan rests on; [`observe_one`]
//!    what a plan for one of many resources looks at, with [`Lists`] that are shared.
//! 2. [`plan()`] makes the plan, with consequences from usage where the target tells it.
//! 3. [`apply()`] carries it out. Interrupted anywhere, the same three steps go on from there: what
//!    was done is observed, a new key is kept before it is registered, and a client whose id was
//!    lost is found by its description.
//! 4. [`wait_until_effective`] says when the token endpoint decides accordingly.
//! 5. A [`Watch`] notices what others change afterwards.

mod apply;
mod drift;
mod effective;
mod keeper;
mod key;
mod lists;
mod observe;
mod plan;
mod single;
mod usage;

pub use self::apply::{Applied, ApplyError, ApplyFault, apply, apply_tolerating};
pub use self::drift::{Drift, Pace, Touched, Watch};
pub use self::effective::{Effect, Patience, Probe, wait_until_effective};
pub use self::keeper::{Keeper, KeeperError};
pub use self::key::NewKey;
pub use self::lists::{Ages, Attempt, Lists};
pub use self::observe::{ObserveError, observe, observe_for, organization};
pub use self::plan::plan;
pub use self::single::observe_one;
pub use self::usage::of_plan as usage_of;
