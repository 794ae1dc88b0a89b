//! What is written down when something is still awaited: an approval, or that the token endpoint decides by
//! what was registered.

use std::time::Duration;

use super::conclusion::{Ending, MAX_TEXT, WAITING, finished};
use super::conditions::{self, AWAITS, READY, Verdict, cut};
use super::events::Event;
use super::{APPROVE, Conclusion, Done, Subject, Work, preview};

/// What is registered and does not decide about tokens yet is looked at again after this.
const EFFECT_PAUSE: Duration = Duration::from_secs(15);

const NOT_EFFECTIVE: &str = "NotEffective";

/// Instead of a pass, if the resource asks for a look first ([`super::waits_for_approval`]).
pub fn previewed(subject: &Subject, work: &Work, now: i64) -> Conclusion {
    let mut status = subject.status.clone();
    let preview = preview::of(work);
    let before = status.preview.as_ref().map(|before| &before.hash);
    let is_news = before != Some(&preview.hash);
    let text = text(subject, work, &preview.hash);
    let generation = subject.generation;
    let mut say = |verdict| conditions::set(&mut status.conditions, verdict, generation, now);
    say(Verdict::new(READY, false, AWAITS, text.clone()));
    say(Verdict::new(AWAITS, true, "Previewed", text.clone()));
    status.preview = Some(preview);
    status.synchronization_state = Some(AWAITS.to_owned());
    let event = is_news.then(|| Event::normal(AWAITS, cut(text, MAX_TEXT)));
    Conclusion {
        status,
        events: event.into_iter().collect(),
        ending: Ending::Waits,
        requeue: Some(WAITING),
    }
}

fn text(subject: &Subject, work: &Work, hash: &str) -> String {
    let steps = match work.plan.steps.len() {
        1 => "1 step".to_owned(),
        many => format!("{many} steps"),
    };
    let present = if subject.annotations.contains_key(APPROVE) {
        "; the present approval is of another plan"
    } else {
        ""
    };
    format!(
        "status.preview shows a plan of {steps}: annotate with {APPROVE}: \"{hash}\" to have it carried out{present}"
    )
}

/// After everything was carried out, while the token endpoint does not decide by it yet; `why` says what it
/// does instead. Another pass looks again.
pub fn not_effective(
    subject: &Subject,
    work: &Work,
    done: &Done,
    why: &str,
    now: i64,
) -> Conclusion {
    let text = format!(
        "Everything is registered, and the token endpoint does not decide by it yet: {why}"
    );
    let text = cut(text, MAX_TEXT);
    let verdict = Verdict::new(READY, false, NOT_EFFECTIVE, text.clone());
    let mut conclusion = finished(subject, work, done, verdict, now);
    conclusion.status.synchronization_state = Some(NOT_EFFECTIVE.to_owned());
    if !was_not_effective(subject) {
        conclusion.events.push(Event::warning(NOT_EFFECTIVE, text));
    }
    conclusion.ending = Ending::Waits;
    conclusion.requeue = Some(EFFECT_PAUSE);
    conclusion
}

/// Whether an earlier pass registered something that the token endpoint did not decide by, so that this one
/// has to ask although it registers nothing.
pub fn was_not_effective(subject: &Subject) -> bool {
    subject.status.synchronization_state.as_deref() == Some(NOT_EFFECTIVE)
}
