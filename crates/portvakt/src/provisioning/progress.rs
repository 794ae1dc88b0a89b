//! What a person sees, and is asked, while a plan is carried out.

use std::io::{IsTerminal, Write};

use anyhow::bail;
use portvakt_nais::plan::{Plan, Step};
use portvakt_provision::Effect;

use super::show::summary;
use crate::output::Output;

/// Whether somebody sits there to be asked. Elsewhere the plan was looked at before.
pub(crate) fn can_ask(output: Output) -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal() && !output.is_json()
}

/// Asks whether a plan that was shown is carried out.
///
/// # Errors
/// It is not.
pub(crate) fn ask(plan: &Plan) -> anyhow::Result<()> {
    anstream::eprint!("Carry this out? [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if !matches!(answer.trim(), "y" | "Y" | "yes") {
        bail!("nothing was changed ({})", summary(plan));
    }
    Ok(())
}

/// The line of a step that begins.
pub(crate) fn progress(output: Output, index: usize, total: usize, step: &Step) {
    output.note(format_args!("[{}/{total}] {}", index + 1, step.action));
}

/// What came of applying a plan.
pub(crate) struct Outcome {
    pub(crate) steps: usize,
    pub(crate) effect: Effect,
}

impl Outcome {
    /// `2 steps done, effective`
    pub(crate) fn text(&self) -> String {
        let effective = match self.effect {
            Effect::Revision(_) => "effective",
            Effect::Probed => "effective: the token endpoint knows the keys",
            Effect::Unknown if self.steps == 0 => "nothing to wait for",
            Effect::Unknown => "registered; when the service lets it take effect, it does not tell",
        };
        match self.steps {
            0 => "nothing was changed".to_owned(),
            1 => format!("1 step done, {effective}"),
            steps => format!("{steps} steps done, {effective}"),
        }
    }

    /// Whether it is known to be effective, for programs.
    pub(crate) fn effect(&self) -> &'static str {
        match self.effect {
            Effect::Revision(_) | Effect::Probed => "effective",
            Effect::Unknown => "unknown",
        }
    }

    /// The registry's revision at which it is, where the target tells it.
    pub(crate) fn revision(&self) -> Option<u64> {
        match self.effect {
            Effect::Revision(revision) => Some(revision),
            Effect::Probed | Effect::Unknown => None,
        }
    }
}
