//! Answers that everybody may ask for and that cost something: made by one request, and given to all
//! that come within a while.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use portvakt_core::moment::{Moment, Stopwatch};
use tokio::sync::Mutex;

/// What was made lately, by what it is about.
pub(super) struct Lately<K, V> {
    stopwatch: Arc<dyn Stopwatch>,
    lifetime: Duration,
    kept: Mutex<HashMap<K, (Moment, V)>>,
}

impl<K: Eq + Hash + Clone, V: Clone> Lately<K, V> {
    /// Keeps what is made for so long.
    pub(super) fn new(stopwatch: Arc<dyn Stopwatch>, lifetime: Duration) -> Self {
        Self {
            stopwatch,
            lifetime,
            kept: Mutex::default(),
        }
    }

    /// What was made lately, or else what comes of `make`. One is made at a time; who comes meanwhile
    /// waits, and finds it. A failure is nobody else's.
    pub(super) async fn find<E>(
        &self,
        key: &K,
        make: impl Future<Output = Result<V, E>>,
    ) -> Result<V, E> {
        let mut kept = self.kept.lock().await;
        let now = self.stopwatch.moment();
        kept.retain(|_, (at, _)| now.since(*at) < self.lifetime);
        if let Some((_, value)) = kept.get(key) {
            return Ok(value.clone());
        }
        let value = make.await?;
        // It may be as old as the question.
        kept.insert(key.clone(), (now, value.clone()));
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use portvakt_core::moment::MockStopwatch;
    use tokio::task::{JoinSet, yield_now};

    use super::*;

    const LIFETIME: Duration = Duration::from_millis(900);

    struct Made {
        stopwatch: Arc<MockStopwatch>,
        lately: Lately<&'static str, usize>,
        count: AtomicUsize,
    }

    impl Made {
        fn nothing() -> Arc<Self> {
            let stopwatch = Arc::new(MockStopwatch::default());
            Arc::new(Self {
                lately: Lately::new(stopwatch.clone(), LIFETIME),
                stopwatch,
                count: AtomicUsize::default(),
            })
        }

        /// Making takes a while, in which others come.
        async fn make(&self) -> Result<usize, ()> {
            let number = self.count.fetch_add(1, Ordering::SeqCst);
            for _ in 0..10 {
                yield_now().await;
            }
            Ok(number)
        }

        async fn find(&self, key: &'static str) -> usize {
            self.lately.find(&key, self.make()).await.unwrap()
        }
    }

    /// Threat: a crowd of strangers has the database do the same work for each of them.
    #[tokio::test]
    async fn many_who_ask_at_once_cause_one_answer() {
        let made = Made::nothing();
        let mut asking = JoinSet::new();
        for _ in 0..100 {
            let made = Arc::clone(&made);
            asking.spawn(async move { made.find("all").await });
        }
        assert_eq!(asking.join_all().await, [0; 100]);
        assert_eq!(made.count.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn an_answer_is_good_for_its_while_and_about_its_key() {
        let made = Made::nothing();
        assert_eq!(made.find("a").await, 0);
        assert_eq!(made.find("b").await, 1);
        made.stopwatch.advance(Duration::from_millis(899));
        assert_eq!((made.find("a").await, made.find("b").await), (0, 1));
        made.stopwatch.advance(Duration::from_millis(1));
        assert_eq!((made.find("a").await, made.find("b").await), (2, 3));
        assert_eq!(made.lately.kept.lock().await.len(), 2, "the old ones went");
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let made = Made::nothing();
        let failed: Result<usize, &str> = made.lately.find(&"a", async { Err("down") }).await;
        assert_eq!(failed, Err("down"));
        assert_eq!(made.find("a").await, 0);
    }
}
