//! Which requests are traced.

use portvakt_core::{Entropy, NameEntropy};
use portvakt_http::{TraceContext, TraceId};

/// Bits of a trace's id that are random, whoever made it (W3C Trace Context, section 3.2.2.3).
const RANDOM_BITS: i32 = 56;

/// A share of the traces that begin here, and those that a trusted caller keeps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sampler {
    /// Ids below it are sampled.
    bound: u128,
}

/// Where a request belongs.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) trace_id: TraceId,
    pub(super) sampled: bool,
    /// The caller's span, where the trace is continued.
    pub(super) continued: Option<TraceContext>,
}

impl Sampler {
    /// From 0 for none to 1 for all.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a ratio of a number of 56 bits"
    )]
    pub(super) fn new(ratio: f64) -> Self {
        Self {
            bound: (ratio.clamp(0.0, 1.0) * 2_f64.powi(RANDOM_BITS)) as u128,
        }
    }

    /// Goes on with what a trusted caller began, as it decided; or begins.
    pub(super) fn place(self, continued: Option<TraceContext>) -> Placed {
        if let Some(context) = continued {
            return Placed {
                trace_id: context.trace_id,
                sampled: context.sampled,
                continued: Some(context),
            };
        }
        let mut id = [0; 16];
        // Without randomness the id is 0, which is none, and the request is not traced.
        let _ = NameEntropy.fill(&mut id);
        let id = u128::from_be_bytes(id);
        Placed {
            trace_id: TraceId(id),
            sampled: id != 0 && self.samples(id),
            continued: None,
        }
    }

    fn samples(self, id: u128) -> bool {
        id % (1 << RANDOM_BITS) < self.bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_of_the_random_ids_is_sampled() {
        let all = 1_u128 << RANDOM_BITS;
        for (ratio, first, last) in [(0.0, false, false), (0.5, true, false), (1.0, true, true)] {
            let sampler = Sampler::new(ratio);
            assert_eq!(sampler.samples(0), first, "{ratio}");
            assert_eq!(sampler.samples(all / 2 - 1), first, "{ratio}");
            assert_eq!(sampler.samples(all / 2), last, "{ratio}");
            assert_eq!(sampler.samples(u128::MAX), last, "{ratio}");
        }
    }

    #[test]
    fn a_trusted_caller_decides_for_its_own_trace() {
        let mut context = TraceContext {
            trace_id: TraceId(7),
            parent_id: 1,
            sampled: true,
            state: None,
        };
        assert!(Sampler::new(0.0).place(Some(context.clone())).sampled);
        context.sampled = false;
        let placed = Sampler::new(1.0).place(Some(context));
        assert!(!placed.sampled && placed.trace_id == TraceId(7));
        let [one, other] = [(); 2].map(|()| Sampler::new(1.0).place(None));
        assert!(one.sampled && one.trace_id != other.trace_id);
    }
}
