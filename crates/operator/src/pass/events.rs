//! What people see happen to a resource (spec: nais §4.6).

use portvakt_nais::plan::{Action, KeyReason};

/// A Kubernetes event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Whether it is to worry about.
    pub kind: EventKind,
    /// One word, which is also the event's action.
    pub reason: &'static str,
    /// One sentence.
    pub message: String,
}

/// Whether an event is to worry about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// No.
    Normal,
    /// Yes.
    Warning,
}

impl Event {
    pub(super) fn normal(reason: &'static str, message: impl Into<String>) -> Self {
        let kind = EventKind::Normal;
        Self {
            kind,
            reason,
            message: message.into(),
        }
    }

    pub(crate) fn warning(reason: &'static str, message: impl Into<String>) -> Self {
        let kind = EventKind::Warning;
        Self {
            kind,
            reason,
            message: message.into(),
        }
    }
}

/// The event of a step that was carried out. Taking a client away has none, as ever.
pub fn of_step(action: &Action) -> Option<Event> {
    let access = |message: String| Some(Event::normal("UpdatedACLForScopeInDigDir", message));
    match action {
        Action::CreateScope { scope, .. } => {
            let message = format!("Created scope \"{scope}\"");
            Some(Event::normal("CreatedScopeInDigDir", message))
        }
        Action::UpdateScope { scope, .. } | Action::AdoptScope { scope, .. } => {
            let message = format!("Updated scope \"{scope}\"");
            Some(Event::normal("UpdatedScopeInDigDir", message))
        }
        Action::ReactivateScope { scope, .. } => {
            let message = format!("Activated scope \"{scope}\"");
            Some(Event::normal("ActivatedScopeInDigDir", message))
        }
        Action::DeactivateScope { scope } => {
            let message = format!("Deactivated scope \"{scope}\"; consumers no longer have access");
            Some(Event::warning("DeactivatedScopeInDigDir", message))
        }
        Action::GrantAccess { scope, consumer } | Action::RegrantAccess { scope, consumer } => {
            access(format!(
                "ACL: granted access to scope \"{scope}\" for consumer \"{consumer}\""
            ))
        }
        Action::WithdrawAccess { scope, consumer } => access(format!(
            "ACL: revoked access to scope \"{scope}\" for consumer \"{consumer}\""
        )),
        Action::CreateClient { .. } => {
            Some(Event::normal("CreatedInDigDir", "Client is registered"))
        }
        Action::UpdateClient { .. } | Action::AdoptClient { .. } => {
            Some(Event::normal("UpdatedInDigDir", "Client is updated"))
        }
        Action::ReplaceKeys { keys, .. } => Some(match keys.reason {
            KeyReason::FirstKey | KeyReason::Rotation => {
                Event::normal("RotatedInDigDir", "Client credentials is rotated")
            }
            KeyReason::NotRegistered | KeyReason::Renewal => {
                Event::normal("UpdatedInDigDir", "Client credentials is refreshed")
            }
        }),
        Action::DeactivateClient { .. } => None,
    }
}
