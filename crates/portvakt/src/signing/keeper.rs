//! Keeps one surface's signing keys: what the store holds becomes the ring that tokens are signed
//! with, what is due is done, and what somebody orders.

mod certificates;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use arc_swap::ArcSwap;
use portvakt_core::audit::{Actor, Channel};
use portvakt_core::ports::{Revision, Store};
use portvakt_core::signing::life::{LifePolicy, Order, plan};
use portvakt_core::signing::rotation::{Rotated, Rotation, RotationError, carry_out, needed};
use portvakt_core::signing::{
    KeyRing, KeySource, NewKey, NewKeyKind, SigningKeyRecord, SigningKeyState,
    SigningKeys as SharedKeys,
};
use portvakt_core::{Clock, Timestamp};
use portvakt_http::Shutdown;
use tokio::sync::Mutex;

use super::figures::KeyFigures;
use crate::recorded::{self, Author};

/// How often the store is asked whether the keys changed. An emergency acts on every node within it.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How often a rotation is tried again when another node was faster.
const ATTEMPTS: usize = 3;

/// What keys are kept with.
pub(crate) struct KeeperParts {
    /// Whose keys: `maskinporten` or `idporten`.
    pub(crate) surface: &'static str,
    /// How long each part of a key's life lasts.
    pub(crate) policy: LifePolicy,
    /// Host of the issuer, which certificates name. Without it keys get none.
    pub(crate) host: Option<String>,
    /// Where the records are.
    pub(crate) store: Arc<dyn Store>,
    /// Where private keys come from.
    pub(crate) source: Arc<dyn KeySource>,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
}

/// The keys of one surface on one node.
pub(crate) struct SigningKeyKeeper {
    parts: KeeperParts,
    shared: Arc<SharedKeys>,
    /// Of the keys that are known here.
    figures: ArcSwap<KeyFigures>,
    /// Held from reading the keys until the new ring is in use: rotations take turns.
    turn: Mutex<Known>,
}

/// What this node knows of the store.
struct Known {
    records: Vec<SigningKeyRecord>,
    revision: Revision,
}

/// Keys that were read, or changed, and the ring that they make.
struct Turn {
    known: Known,
    ring: KeyRing,
    read_at: Timestamp,
}

impl SigningKeyKeeper {
    /// Opens the keys of the store. A store without any gets its first; one whose keys cannot be
    /// opened is refused, and nothing is made or changed.
    pub(crate) async fn open(parts: KeeperParts) -> anyhow::Result<Arc<Self>> {
        let server = Actor::new(Channel::Server).into();
        let turn = parts.take_turn(Order::Keep, &server, None).await;
        let turn = turn.with_context(|| format!("open the signing keys of {}", parts.surface))?;
        let bound = parts.policy.reload_bound();
        Ok(Arc::new(Self {
            shared: Arc::new(SharedKeys::bounded(turn.ring, turn.read_at, bound)),
            figures: ArcSwap::from_pointee(KeyFigures::of(&turn.known.records, &parts.policy)),
            turn: Mutex::new(turn.known),
            parts,
        }))
    }

    /// The ring that tokens are signed with.
    pub(crate) fn shared(&self) -> &Arc<SharedKeys> {
        &self.shared
    }

    /// What is told of the keys in figures.
    pub(crate) fn figures(&self) -> KeyFigures {
        **self.figures.load()
    }

    /// The policy, which also says how long verifiers may keep the key document.
    pub(crate) fn policy(&self) -> &LifePolicy {
        &self.parts.policy
    }

    /// Does what is ordered in somebody's name, and gives the keys as they are then. It runs to its end
    /// even when the caller goes away.
    pub(crate) async fn order(
        self: &Arc<Self>,
        order: Order,
        author: impl Into<Author>,
    ) -> anyhow::Result<Vec<SigningKeyRecord>> {
        let (keeper, author) = (Arc::clone(self), author.into());
        let ordered = tokio::spawn(async move {
            let mut known = keeper.turn.lock().await;
            keeper.act(&mut known, order, &author).await?;
            anyhow::Ok(known.records.clone())
        });
        ordered.await.context("change the signing keys")?
    }

    /// Follows the store and does what is due, until shutdown. While the store does not answer the
    /// ring in use stays, and signs until it is too old.
    pub(crate) async fn run(self: Arc<Self>, shutdown: Shutdown) {
        let mut ticks = tokio::time::interval(LOOK_INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = shutdown.wait() => return,
                _ = ticks.tick() => {}
            }
            if let Err(error) = self.look().await {
                let error = format!("{error:#}");
                tracing::error!(
                    error,
                    surface = self.parts.surface,
                    "cannot tend the signing keys"
                );
            }
        }
    }

    /// Reads the keys again if the store changed, and does what is due.
    pub(crate) async fn look(&self) -> anyhow::Result<()> {
        let mut known = self.turn.lock().await;
        let read_at = self.parts.clock.now();
        let revision = self.parts.store.revision().await?;
        if revision == known.revision && plan(&known.records, self.policy(), read_at).is_empty() {
            self.shared.confirm(read_at);
            return Ok(());
        }
        let server = Actor::new(Channel::Server).into();
        self.act(&mut known, Order::Keep, &server).await
    }

    async fn act(&self, known: &mut Known, order: Order, author: &Author) -> anyhow::Result<()> {
        let turn = self.parts.take_turn(order, author, Some(known)).await?;
        let before = self.shared.current();
        if before.active_kid() != turn.ring.active_kid() {
            let (kid, surface) = (turn.ring.active_kid(), self.parts.surface);
            tracing::info!(
                surface,
                kid,
                former = before.active_kid(),
                "signing with another key"
            );
        }
        self.shared.replace(turn.ring);
        self.shared.confirm(turn.read_at);
        let figures = KeyFigures::of(&turn.known.records, self.policy());
        self.figures.store(Arc::new(figures));
        *known = turn.known;
        Ok(())
    }
}

impl KeeperParts {
    async fn take_turn(
        &self,
        order: Order,
        author: &Author,
        known: Option<&Known>,
    ) -> anyhow::Result<Turn> {
        let mut attempts = 1;
        loop {
            match self.try_turn(order, author, known).await {
                Err(error) if attempts < ATTEMPTS && is_overtaken(&error) => attempts += 1,
                result => return Ok(self.certified(result?).await),
            }
        }
    }

    /// With the certificates that were missing. Whoever expects one goes without until the next change of
    /// the store: a leaked key must go out of use also where nothing can be written.
    async fn certified(&self, turn: Turn) -> Turn {
        match self.certify(&turn).await {
            Ok(certified) => certified.unwrap_or(turn),
            Err(error) => {
                let (surface, error) = (self.surface, format!("{error:#}"));
                tracing::warn!(surface, error, "signing keys have no certificate yet");
                turn
            }
        }
    }

    async fn try_turn(
        &self,
        order: Order,
        author: &Author,
        known: Option<&Known>,
    ) -> anyhow::Result<Turn> {
        let read_at = self.clock.now();
        let mut unit = self.store.read().await?;
        let records = unit.list_signing_keys(self.surface).await?;
        let revision = unit.commit().await?;
        let is_new = known.is_none_or(|known| known.records != records);
        // Keys that cannot be opened are not touched: the source may be the wrong one.
        let has_keys = records.iter().any(is_published);
        let ring = if has_keys {
            Some(self.open_ring(records.clone()).await?)
        } else {
            None
        };
        let rotation = self.rotation(order);
        let steps = needed(rotation, &records, read_at)?;
        let nothing_due = order == Order::Keep && plan(&records, &self.policy, read_at).is_empty();
        if let (Some(ring), true) = (ring, nothing_due) {
            if is_new {
                tracing::debug!(surface = self.surface, "signing keys read");
            }
            let known = Known { records, revision };
            return Ok(Turn {
                known,
                ring,
                read_at,
            });
        }
        let new_keys = self.make_keys(steps, read_at).await?;
        self.change(rotation, author, new_keys, read_at).await
    }

    async fn change(
        &self,
        rotation: Rotation<'_>,
        author: &Author,
        new_keys: Vec<NewKey>,
        now: Timestamp,
    ) -> anyhow::Result<Turn> {
        let made: Vec<_> = new_keys.iter().map(|key| key.kid.clone()).collect();
        let mut unit = recorded::begin(self.store.as_ref(), author.clone(), now).await?;
        let source = Arc::clone(&self.source);
        let rotated = carry_out(unit.as_mut(), rotation, new_keys, source.as_ref(), now).await;
        let rotated = match rotated {
            Ok(rotated) => rotated,
            Err(error) => {
                drop(unit);
                self.destroy(made).await;
                return Err(error.into());
            }
        };
        // Whether a commit that failed has changed anything is not known, so nothing is destroyed.
        let revision = unit.commit().await?;
        let Rotated {
            records,
            gone,
            left_over,
            ..
        } = rotated;
        let ring = self.open_ring(records.clone()).await?;
        let left_over = left_over.into_iter().map(|key| key.kid);
        self.destroy(gone.into_iter().chain(left_over).collect())
            .await;
        let known = Known { records, revision };
        Ok(Turn {
            known,
            ring,
            read_at: now,
        })
    }

    fn rotation(&self, order: Order) -> Rotation<'_> {
        Rotation {
            surface: self.surface,
            policy: &self.policy,
            order,
        }
    }

    async fn open_ring(&self, records: Vec<SigningKeyRecord>) -> anyhow::Result<KeyRing> {
        let source = Arc::clone(&self.source);
        let opened = move || KeyRing::open(&records, source.as_ref());
        Ok(tokio::task::spawn_blocking(opened).await??)
    }

    /// Making RSA keys takes a processor for a noticeable while.
    async fn make_keys(&self, number: usize, now: Timestamp) -> anyhow::Result<Vec<NewKey>> {
        let (source, surface) = (Arc::clone(&self.source), self.surface);
        let wanted = NewKeyKind {
            algorithm: self.policy.algorithm(),
            rsa_bits: self.policy.rsa_bits(),
        };
        let made = move || {
            (0..number)
                .map(|_| source.generate(surface, wanted))
                .collect::<Result<Vec<_>, _>>()
        };
        let made = tokio::task::spawn_blocking(made).await?;
        let mut made = made.context("make a signing key")?;
        for key in &mut made {
            key.certificate = self.certificate(&key.signer, &key.kid, now).await;
        }
        Ok(made)
    }

    /// A key that cannot be destroyed is no longer used all the same, so it is only told.
    async fn destroy(&self, kids: Vec<String>) {
        let (source, surface) = (Arc::clone(&self.source), self.surface);
        let destroyed = tokio::task::spawn_blocking(move || {
            for kid in kids {
                if let Err(error) = source.destroy(surface, &kid) {
                    tracing::warn!(surface, kid, %error, "cannot destroy a key that is gone");
                }
            }
        });
        if destroyed.await.is_err() {
            tracing::warn!(surface, "cannot destroy keys that are gone");
        }
    }
}

fn is_published(record: &SigningKeyRecord) -> bool {
    record.state != SigningKeyState::Gone
}

fn is_overtaken(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(RotationError::MoreKeys(_)))
}

#[cfg(test)]
mod tests;
