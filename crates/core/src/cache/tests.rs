//! The table of copies: what is kept, for how long, and what a change does to it.

use super::key::{Hashed, Key, KeyRef, Stale};
use super::settings::{CacheCounters, CacheSettings};
use super::shard::{Fill, Shard};
use super::table::Table;
use super::value::{Standing, Value, weight};
use crate::organization::OrgNumber;
use crate::ports::Revision;

fn orgno(number: u32) -> OrgNumber {
    OrgNumber::parse(&format!("{number:09}")).unwrap()
}

fn table() -> Table {
    Table::new(CacheSettings::default())
}

/// Puts an organization into the cache as a read at `revision` that nothing disturbs.
fn fill(table: &Table, number: u32, revision: u64) {
    let key = KeyRef::organization(&orgno(number)).to_key();
    let value = Value::Organization(Standing::Active);
    table.insert(table.ticket(), Revision(revision), key, value);
}

fn holds(table: &Table, number: u32) -> bool {
    table.find(KeyRef::organization(&orgno(number))).is_some()
}

fn change(table: &Table, number: u32, revision: u64) {
    let orgno = orgno(number);
    let stale = Stale::Entry(KeyRef::organization(&orgno));
    table.invalidate([stale], Revision(revision));
}

#[test]
fn what_was_put_in_is_found_until_it_changes() {
    let table = table();
    fill(&table, 1, 5);
    fill(&table, 2, 5);
    assert!(holds(&table, 1));
    change(&table, 1, 6);
    assert!(!holds(&table, 1) && holds(&table, 2));
}

#[test]
fn a_read_that_a_change_overtook_is_not_kept() {
    let table = table();
    // The read began at revision 5, the change is of 6, and the read ends now.
    change(&table, 1, 6);
    fill(&table, 1, 5);
    assert!(!holds(&table, 1));
    assert_eq!(table.counters().refused_fills, 1);
    fill(&table, 1, 6);
    assert!(holds(&table, 1), "a read of the change itself is kept");
}

#[test]
fn a_change_that_is_heard_of_again_does_not_drop_what_was_read_since() {
    let table = table();
    change(&table, 1, 6);
    fill(&table, 1, 6);
    change(&table, 1, 6);
    assert!(holds(&table, 1));
    change(&table, 1, 7);
    assert!(!holds(&table, 1));
}

#[test]
fn a_late_answer_does_not_replace_a_newer_one() {
    let table = table();
    let orgno = orgno(1);
    let key = KeyRef::organization(&orgno);
    for (standing, revision) in [(Standing::Deactivated, 6), (Standing::Active, 5)] {
        let value = Value::Organization(standing);
        table.insert(table.ticket(), Revision(revision), key.to_key(), value);
    }
    let found = table.find(key);
    assert!(matches!(
        found,
        Some(Value::Organization(Standing::Deactivated))
    ));
}

#[test]
fn a_read_across_a_clearing_is_not_kept_whatever_its_revision() {
    let table = table();
    fill(&table, 1, 60);
    let ticket = table.ticket();
    // The store was restored: its revisions count from 50 again.
    table.clear();
    let key = KeyRef::organization(&orgno(1)).to_key();
    let value = Value::Organization(Standing::Active);
    table.insert(ticket, Revision(61), key, value);
    assert!(!holds(&table, 1));
    fill(&table, 1, 51);
    assert!(holds(&table, 1), "the new history is cached");
}

#[test]
fn a_change_of_a_prefix_drops_every_list_of_prefixes_and_nothing_else() {
    let table = table();
    let (one, other) = (orgno(1), orgno(2));
    let list = |owner, revision| {
        let value = Value::Prefixes([].into());
        let key: Key = KeyRef::prefixes(owner).to_key();
        table.insert(table.ticket(), Revision(revision), key, value);
    };
    list(&one, 5);
    list(&other, 6);
    fill(&table, 1, 5);
    table.invalidate([Stale::Prefixes], Revision(6));
    assert!(table.find(KeyRef::prefixes(&one)).is_none());
    assert!(table.find(KeyRef::prefixes(&other)).is_some());
    assert!(holds(&table, 1));
    list(&one, 5);
    assert!(
        table.find(KeyRef::prefixes(&one)).is_none(),
        "a late list is not found"
    );
    table.clear();
    list(&one, 1);
    assert!(
        table.find(KeyRef::prefixes(&one)).is_some(),
        "a new history counts anew"
    );
}

#[test]
fn a_change_that_cannot_be_read_drops_everything() {
    let table = table();
    fill(&table, 1, 5);
    table.invalidate([Stale::Everything], Revision(6));
    assert!(!holds(&table, 1));
}

/// One shard with room for so many organizations.
fn shard(entries: usize) -> Shard {
    Shard::new(entries * bytes())
}

fn bytes() -> usize {
    let orgno = orgno(1);
    let value = Value::Organization(Standing::Active);
    weight(KeyRef::organization(&orgno), &value)
}

/// Few hashes, so that many entries share one.
fn hash(number: u32) -> u64 {
    u64::from(number % 50)
}

fn put(shard: &Shard, number: u32) {
    let value = Value::Organization(Standing::Active);
    let (hash, key) = (hash(number), KeyRef::organization(&orgno(number)).to_key());
    shard.insert(Fill {
        weight: weight(key.as_ref(), &value),
        name: Hashed { hash, key },
        value,
        revision: Revision(1),
        generation: 0,
    });
}

fn finds(shard: &Shard, number: u32) -> bool {
    let orgno = orgno(number);
    let (hash, key) = (hash(number), KeyRef::organization(&orgno));
    shard.find(Hashed { hash, key }).is_some()
}

fn size(shard: &Shard) -> (u64, u64) {
    let mut counters = CacheCounters::default();
    shard.add_to(&mut counters);
    (counters.entries, counters.bytes)
}

#[test]
fn memory_is_bounded_whatever_is_put_in() {
    let shard = shard(100);
    for number in 0..10_000 {
        put(&shard, number);
        let (entries, bytes_now) = size(&shard);
        assert!(bytes_now <= (100 * bytes()) as u64 && entries <= 100);
    }
    assert_eq!(size(&shard).0, 100);
    assert!(finds(&shard, 9_999), "the newest is there");
}

#[test]
fn what_is_asked_for_once_does_not_displace_what_is_used() {
    let shard = shard(100);
    for number in 0..80 {
        put(&shard, number);
        assert!(finds(&shard, number));
    }
    for stranger in 1_000..100_000 {
        put(&shard, stranger);
    }
    let kept = (0..80).filter(|number| finds(&shard, *number)).count();
    assert_eq!(kept, 80);
}

#[test]
fn what_is_used_no_longer_makes_room_for_what_is() {
    let shard = shard(100);
    for number in 0..2_000 {
        put(&shard, number);
        // Each is used a few times while it is young.
        for recent in number.saturating_sub(5)..=number {
            finds(&shard, recent);
        }
    }
    assert_eq!(size(&shard).0, 100);
    let recent = (1_980..2_000).filter(|number| finds(&shard, *number));
    assert_eq!(recent.count(), 20);
}

#[test]
fn a_name_that_comes_and_goes_leaves_nothing_behind() {
    let shard = shard(100);
    for _ in 0..10_000 {
        put(&shard, 7);
    }
    assert!(shard.turns() < 200, "{}", shard.turns());
    assert_eq!(size(&shard), (1, bytes() as u64));
}

#[test]
fn an_entry_that_would_fill_the_cache_is_not_kept() {
    let shard = shard(7);
    put(&shard, 1);
    assert_eq!(size(&shard), (0, 0));
}
