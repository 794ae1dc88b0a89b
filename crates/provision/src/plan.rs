//! Making a plan of what was observed.

use portvakt_client::SelfService;
use portvakt_nais::actual::Actual;
use portvakt_nais::desired::Desired;
use portvakt_nais::plan::{Plan, Policy, Refused, plan as decide};

use crate::usage;

/// The plan, or every reason why there is none. Where the target tells how much scopes are used,
/// the consequences say whom the plan stops; if it cannot tell now, they say that it is not known.
pub async fn plan(
    api: &SelfService,
    desired: &[Desired],
    actual: &Actual,
    policy: &Policy,
) -> Result<Plan, Refused> {
    let plan = decide(desired, actual, policy, None)?;
    match usage::of_plan(api, &plan, actual.observed_at).await {
        Ok(Some(usage)) => decide(desired, actual, policy, Some(&usage)),
        Ok(None) | Err(_) => Ok(plan),
    }
}
