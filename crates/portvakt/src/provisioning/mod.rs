//! Manifests on the command line: where they are read from, which service they are for, and where
//! the credentials of their clients are kept. `nais` decides, `provision` carries out.

mod administration;
mod credentials;
mod environment;
mod manifests;
mod progress;
mod saved;
mod session;
mod settings;
mod show;
mod target;

pub(crate) use self::administration::AdministrationArgs;
pub(crate) use self::environment::{EnvironmentArgs, login_issuer, resource_environment};
pub(crate) use self::manifests::FileArgs;
pub(crate) use self::progress::{Outcome, ask, can_ask, progress};
pub(crate) use self::saved::SavedPlan;
pub(crate) use self::session::{ProvisionArgs, Session, apply_saved, connect_for, not_planned};
pub(crate) use self::settings::{PolicyArgs, SettingsArgs};
pub(crate) use self::show::{describe, differences, printable};
pub(crate) use self::target::{Needs, TargetArgs, endpoints, usable_scopes};
