//! What is remembered of refusals: by request, for a while, and never a change of the registry.

use portvakt_core::grant::{Detail, Views};
use portvakt_core::ports::{Listing, StorageError};
use portvakt_core::refusal::Refusal;
use portvakt_core::refusals::{RememberedRefusal, RequestId};

use crate::macros::{commit, read};
use crate::samples::{FIRST, at, client_id, organization};
use crate::{Outcome, StoreFactory};

fn id(number: u32) -> RequestId {
    #[expect(clippy::expect_used, reason = "32 hex digits were written")]
    RequestId::parse(&format!("{number:032x}")).expect("32 hex digits are a request id")
}

/// A refusal of second `number`.
fn refusal(number: u32) -> RememberedRefusal {
    let description = format!("Tømmer \u{1f332} '%_\" {number}");
    let reason = Refusal::MalformedRequest(description);
    let instant = at(i64::from(number));
    RememberedRefusal {
        request_id: id(number),
        at: instant,
        client_id: Some(client_id("a")),
        views: Views::of_refusal(&reason, "https://a.example/", instant, Detail::FULL),
    }
}

/// With and without a client, and after the place was opened again.
pub async fn finds_a_refusal_with_every_attribute(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let stranger = RememberedRefusal {
        client_id: None,
        ..refusal(2)
    };
    commit!(
        store,
        remember_refusal(&refusal(1)),
        remember_refusal(&stranger)
    );
    drop(store);
    let store = factory.open().await;
    assert_eq!(read!(store, find_refusal(&id(1))), Some(refusal(1)));
    assert_eq!(read!(store, find_refusal(&id(2))), Some(stranger));
    assert_eq!(read!(store, find_refusal(&id(3))), None);
    Ok(())
}

/// Whoever writes again after a commit that may have failed changes nothing.
pub async fn the_first_refusal_of_a_request_stays(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    commit!(store, remember_refusal(&refusal(1)));
    let other = RememberedRefusal {
        request_id: id(1),
        ..refusal(2)
    };
    commit!(store, remember_refusal(&other));
    assert_eq!(read!(store, find_refusal(&id(1))), Some(refusal(1)));
    Ok(())
}

/// The oldest first, no more than asked, and nothing of the instant itself.
pub async fn forgets_what_is_before_an_instant(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let mut unit = store.begin().await?;
    for number in (1..=9).rev() {
        unit.remember_refusal(&refusal(number)).await?;
    }
    unit.commit().await?;
    for (before, limit, removed, left) in [
        (1, 100, 0, vec![1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (5, 3, 3, vec![4, 5, 6, 7, 8, 9]),
        (5, 3, 1, vec![5, 6, 7, 8, 9]),
        (5, 3, 0, vec![5, 6, 7, 8, 9]),
        (100, 100, 5, vec![]),
    ] {
        let mut unit = store.begin().await?;
        assert_eq!(unit.forget_refusals(at(before), limit).await?, removed);
        unit.commit().await?;
        let mut found = Vec::new();
        for number in 1..=9 {
            if read!(store, find_refusal(&id(number))).is_some() {
                found.push(number);
            }
        }
        assert_eq!(found, left, "{before} {limit}");
    }
    Ok(())
}

/// Caches need not hear of it, neither of remembering nor of forgetting.
pub async fn remembering_is_no_revision(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let before = store.revision().await?;
    assert_eq!(commit!(store, remember_refusal(&refusal(1))), before);
    assert_eq!(commit!(store, forget_refusals(at(9), 10)), before);
    assert_eq!(store.revision().await?, before);
    assert_eq!(read!(store, find_refusal(&id(1))), None, "it was kept");
    Ok(())
}

/// Whole or not at all, as every transaction is.
pub async fn a_dropped_transaction_remembers_nothing(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let mut unit = store.begin().await?;
    unit.save_organization(&organization(FIRST)).await?;
    unit.remember_refusal(&refusal(1)).await?;
    assert_eq!(unit.find_refusal(&id(1)).await?, Some(refusal(1)));
    assert_eq!(read!(store, find_refusal(&id(1))), None);
    drop(unit);
    assert_eq!(read!(store, find_refusal(&id(1))), None);
    assert_eq!(read!(store, list_organizations(Listing::All)), []);
    Ok(())
}

/// Reading transactions cannot write here either.
pub async fn a_reader_remembers_and_forgets_nothing(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    commit!(store, remember_refusal(&refusal(1)));
    let remembered = store.read().await?.remember_refusal(&refusal(2)).await;
    assert!(matches!(remembered, Err(StorageError::Refused(_))));
    let forgotten = store.read().await?.forget_refusals(at(9), 10).await;
    assert!(matches!(forgotten, Err(StorageError::Refused(_))));
    assert_eq!(read!(store, find_refusal(&id(1))), Some(refusal(1)));
    Ok(())
}
