//! Requests that were pushed, logins under way, logouts that wait for their browser.

use portvakt_core::login::port::{Begun, PushedStart};
use portvakt_core::login::record::{LoginTransaction, ParkedLogout, PushedState};
use portvakt_core::ports::StorageError;

use super::LoginFactory;
use super::samples::{PUSHED, TRANSACTION, after, digest, document, pushed, transaction};
use crate::Outcome;
use crate::samples::client_id;

/// A login that carries the pushed request of the same number through.
fn carrying(number: u32) -> LoginTransaction {
    LoginTransaction {
        pushed: Some(digest("pushed", number)),
        ..transaction(number)
    }
}

/// Until the instant at which it expires.
pub async fn finds_a_pushed_request_with_every_attribute(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let saved = pushed(1);
    store.push_request(&saved).await?;
    let uri = &saved.request_uri;
    let found = store.find_pushed(uri, after(PUSHED - 1)).await?;
    assert_eq!(found, Some(saved.clone()));
    assert_eq!(store.find_pushed(uri, after(PUSHED)).await?, None);
    let other = digest("pushed", 2);
    assert_eq!(store.find_pushed(&other, after(1)).await?, None);
    Ok(())
}

/// The login is kept with it, and from then on it lasts as long as the login.
pub async fn a_browser_starts_a_pushed_request(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    store.push_request(&pushed(1)).await?;
    let login = carrying(1);
    let start = store.start_pushed(&login, after(PUSHED - 1)).await?;
    assert_eq!(start, PushedStart::Started);
    let found = store
        .find_transaction(&login.handle, &login.browser, after(PUSHED))
        .await?;
    assert_eq!(found, Some(login.clone()));
    let uri = digest("pushed", 1);
    let found = store.find_pushed(&uri, after(TRANSACTION - 1)).await?;
    let found = found.expect("it lasts");
    assert_eq!(found.state, PushedState::Started(login.browser));
    assert_eq!(store.find_pushed(&uri, after(TRANSACTION)).await?, None);
    Ok(())
}

/// As far as it has come.
pub async fn the_same_browser_resumes_its_login(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    store.push_request(&pushed(1)).await?;
    let login = carrying(1);
    store.start_pushed(&login, after(1)).await?;
    let next = LoginTransaction {
        state: document("further"),
        ..login.clone()
    };
    assert!(store.advance_transaction(&next, after(2)).await?);
    let again = store.start_pushed(&login, after(PUSHED + 1)).await?;
    let advanced = LoginTransaction { version: 1, ..next };
    assert_eq!(again, PushedStart::Resumed(advanced));
    let late = store.start_pushed(&login, after(TRANSACTION)).await?;
    assert_eq!(late, PushedStart::Refused);
    Ok(())
}

/// And leaves nothing behind.
pub async fn nobody_else_starts_a_pushed_request(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    store.push_request(&pushed(1)).await?;
    let login = carrying(1);
    let of_another_client = LoginTransaction {
        client_id: client_id("b"),
        ..login.clone()
    };
    let unknown = carrying(2);
    let without = transaction(1);
    for refused in [&of_another_client, &unknown, &without] {
        let start = store.start_pushed(refused, after(1)).await?;
        assert_eq!(start, PushedStart::Refused);
    }
    let late = store.start_pushed(&login, after(PUSHED)).await?;
    assert_eq!(late, PushedStart::Refused);
    let start = store.start_pushed(&login, after(1)).await?;
    assert_eq!(start, PushedStart::Started);
    let same_handle = LoginTransaction {
        browser: digest("browser", 2),
        ..login.clone()
    };
    let other_browser = LoginTransaction {
        handle: digest("handle", 2),
        ..same_handle.clone()
    };
    for refused in [same_handle, other_browser] {
        let start = store.start_pushed(&refused, after(1)).await?;
        assert_eq!(start, PushedStart::Refused);
        let found = store
            .find_transaction(&refused.handle, &refused.browser, after(1))
            .await?;
        assert_eq!(found, None);
    }
    Ok(())
}

/// Whoever answers it without a page uses it up; one that a browser started is not theirs.
pub async fn a_pushed_request_is_consumed_once(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let uris = [1, 2, 3].map(|number| digest("pushed", number));
    for number in 1..=3 {
        store.push_request(&pushed(number)).await?;
    }
    assert!(store.consume_pushed(&uris[0], after(1)).await?);
    assert!(!store.consume_pushed(&uris[0], after(1)).await?);
    assert_eq!(store.find_pushed(&uris[0], after(1)).await?, None);
    assert!(!store.consume_pushed(&uris[1], after(PUSHED)).await?);
    store.start_pushed(&carrying(3), after(1)).await?;
    assert!(!store.consume_pushed(&uris[2], after(1)).await?);
    let start = store.start_pushed(&carrying(1), after(1)).await?;
    assert_eq!(start, PushedStart::Refused);
    Ok(())
}

/// By the browser that began it, until the instant at which it expires.
pub async fn finds_a_transaction_with_every_attribute(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let saved = transaction(1);
    store.begin_transaction(&saved).await?;
    let (handle, browser) = (&saved.handle, &saved.browser);
    let last = after(TRANSACTION - 1);
    let found = store.find_transaction(handle, browser, last).await?;
    assert_eq!(found.as_ref(), Some(&saved));
    let over = after(TRANSACTION);
    let other = digest("browser", 2);
    for (browser, now) in [(browser, over), (&other, last)] {
        assert_eq!(store.find_transaction(handle, browser, now).await?, None);
    }
    let again = store.begin_transaction(&saved).await;
    assert!(matches!(again, Err(StorageError::Refused(_))), "{again:?}");
    Ok(())
}

/// One step from each version, and none once it is over.
pub async fn a_transaction_advances_from_its_version(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let first = transaction(1);
    store.begin_transaction(&first).await?;
    let next = |version, text| LoginTransaction {
        version,
        state: document(text),
        ..transaction(1)
    };
    assert!(store.advance_transaction(&next(0, "one"), after(1)).await?);
    assert!(
        !store
            .advance_transaction(&next(0, "other"), after(1))
            .await?
    );
    assert!(
        !store
            .advance_transaction(&next(2, "other"), after(1))
            .await?
    );
    let late = after(TRANSACTION);
    assert!(!store.advance_transaction(&next(1, "late"), late).await?);
    assert!(store.advance_transaction(&next(1, "two"), after(1)).await?);
    let found = store
        .find_transaction(&first.handle, &first.browser, after(1))
        .await?;
    assert_eq!(found, Some(next(2, "two")));
    Ok(())
}

/// With its pushed request; of an older version it is not.
pub async fn a_transaction_ends_once(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    store.push_request(&pushed(1)).await?;
    let login = carrying(1);
    store.start_pushed(&login, after(1)).await?;
    store.advance_transaction(&login, after(1)).await?;
    assert!(!store.end_transaction(&login, after(2)).await?);
    let found = LoginTransaction {
        version: 1,
        ..login
    };
    assert!(!store.end_transaction(&found, after(TRANSACTION)).await?);
    assert!(store.end_transaction(&found, after(2)).await?);
    assert!(!store.end_transaction(&found, after(2)).await?);
    assert!(!store.advance_transaction(&found, after(2)).await?);
    let uri = digest("pushed", 1);
    assert_eq!(store.find_pushed(&uri, after(2)).await?, None);
    let start = store.start_pushed(&carrying(1), after(2)).await?;
    assert_eq!(start, PushedStart::Refused);
    Ok(())
}

/// In time.
pub async fn a_parked_logout_is_taken_once(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let parked = |number| ParkedLogout {
        handle: digest("logout", number),
        request: document("logout"),
        expires_at: after(60),
    };
    store.park_logout(&parked(1)).await?;
    store.park_logout(&parked(2)).await?;
    let handle = digest("logout", 1);
    assert_eq!(store.take_logout(&handle, after(60)).await?, None);
    let taken = store.take_logout(&handle, after(59)).await?;
    assert_eq!(taken, Some(parked(1)));
    assert_eq!(store.take_logout(&handle, after(59)).await?, None);
    let other = store.take_logout(&digest("logout", 2), after(59)).await?;
    assert_eq!(other, Some(parked(2)));
    Ok(())
}

/// What is over counts for nothing, and nobody counts further than they want to know.
pub async fn counts_what_was_begun(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    for number in 1..=3 {
        store.push_request(&pushed(number)).await?;
        store.begin_transaction(&transaction(number)).await?;
    }
    let parked = ParkedLogout {
        handle: digest("logout", 1),
        request: document("logout"),
        expires_at: after(60),
    };
    store.park_logout(&parked).await?;
    let begun = |pushed_requests, logins, parked_logouts| Begun {
        pushed_requests,
        logins,
        parked_logouts,
    };
    let enough = begun(9, 9, 9);
    let counted = store.count_begun(enough, after(59)).await?;
    assert_eq!(counted, begun(3, 3, 1));
    let counted = store.count_begun(begun(2, 3, 0), after(59)).await?;
    assert_eq!(counted, begun(2, 3, 0));
    let counted = store.count_begun(enough, after(PUSHED)).await?;
    assert_eq!(counted, begun(0, 3, 0));
    store
        .end_transaction(&transaction(1), after(PUSHED))
        .await?;
    let counted = store.count_begun(enough, after(PUSHED)).await?;
    assert_eq!(counted, begun(0, 2, 0));
    let counted = store.count_begun(enough, after(TRANSACTION)).await?;
    assert_eq!(counted, Begun::default());
    Ok(())
}
