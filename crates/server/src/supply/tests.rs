//! Who gets how much, who waits for whom.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use domain::OrganizationId;

use super::*;

fn caller(byte: u8) -> Caller {
    Caller::Organization(OrganizationId::from_random([byte; 16]))
}

fn supply(total: usize) -> Arc<Supply> {
    Arc::new(Supply::new(total, 100))
}

/// How many units a caller gets, one by one, until it would wait.
fn all_that_fits(supply: &Arc<Supply>, caller: Caller) -> Vec<Share> {
    std::iter::from_fn(|| supply.take_now(caller, 1)).collect()
}

fn is_empty(supply: &Arc<Supply>) -> bool {
    let state = supply.lock();
    state.free == supply.total && state.held.is_empty() && state.waiting.is_empty()
}

#[test]
fn the_first_holds_half_and_each_further_one_half_of_the_rest() {
    let supply = supply(64);
    let held: Vec<Vec<Share>> = (1..=7)
        .map(|byte| all_that_fits(&supply, caller(byte)))
        .collect();
    let counts: Vec<usize> = held.iter().map(Vec::len).collect();
    assert_eq!(counts, [32, 16, 8, 4, 2, 1, 1]);
    drop(held);
    assert!(is_empty(&supply));
}

#[test]
fn two_busy_callers_come_to_equal_shares() {
    let supply = supply(60);
    let mut first = all_that_fits(&supply, caller(1));
    let mut second = all_that_fits(&supply, caller(2));
    assert_eq!((first.len(), second.len()), (30, 15));
    // The first gives back one by one and wants them again; the second wants more all the time.
    for _ in 0..100 {
        first.remove(0);
        second.extend(all_that_fits(&supply, caller(2)));
        first.extend(all_that_fits(&supply, caller(1)));
    }
    assert_eq!((first.len(), second.len()), (20, 21));
}

#[tokio::test]
async fn those_who_wait_are_served_in_turn_and_each_in_order() {
    let supply = supply(1);
    let held = supply.take(caller(9), 1).await.expect("taken");
    let mut waiting: Vec<_> = [(1, 'a'), (1, 'b'), (1, 'c'), (2, 'd'), (2, 'e')]
        .into_iter()
        .map(|(byte, name)| {
            let (share, served) = supply.ask(caller(byte), 1).expect("there is a place");
            (name, share, served.expect("it waits"))
        })
        .collect();
    drop(held);
    let mut order = String::new();
    while !waiting.is_empty() {
        let served = waiting
            .iter_mut()
            .position(|(_, _, served)| served.try_recv().is_ok());
        let (name, share, _) = waiting.remove(served.expect("somebody is served"));
        order.push(name);
        drop(share);
    }
    assert_eq!(order, "adbec");
    assert!(is_empty(&supply));
}

#[tokio::test]
async fn a_large_request_that_waits_lets_small_ones_of_others_pass() {
    let supply = supply(100);
    let holding = supply.take(caller(1), 40).await.expect("taken");
    let more = supply.take(caller(2), 30).await.expect("taken");
    let mut large = pin!(supply.take(caller(3), 50));
    let mut context = Context::from_waker(Waker::noop());
    assert!(large.as_mut().poll(&mut context).is_pending());
    assert!(supply.take_now(caller(4), 5).is_some());
    drop((holding, more));
    assert!(large.as_mut().poll(&mut context).is_ready());
}

#[tokio::test]
async fn who_stops_waiting_is_forgotten_and_lets_those_behind_it_go_on() {
    let supply = supply(4);
    let held = supply.take(caller(1), 2).await.expect("taken");
    let mut context = Context::from_waker(Waker::noop());
    let mut behind = pin!(supply.take(caller(2), 1));
    {
        let mut ahead = pin!(supply.take(caller(2), 3));
        assert!(ahead.as_mut().poll(&mut context).is_pending());
        assert!(behind.as_mut().poll(&mut context).is_pending());
    }
    let behind = match behind.as_mut().poll(&mut context) {
        Poll::Ready(share) => share.expect("taken"),
        Poll::Pending => panic!("nobody is ahead any more"),
    };
    drop((held, behind));
    assert!(is_empty(&supply));
}

#[tokio::test]
async fn what_was_served_to_one_who_has_just_gone_is_given_back() {
    let supply = supply(1);
    let held = supply.take(caller(1), 1).await.expect("taken");
    let (share, served) = supply.ask(caller(2), 1).expect("there is a place");
    drop(held);
    assert_eq!(supply.free(), 0, "served, and not told yet");
    drop((share, served));
    assert!(is_empty(&supply));
}

#[tokio::test]
async fn beyond_so_many_that_wait_the_next_is_refused() {
    let supply = Arc::new(Supply::new(2, 1));
    let held = supply.take(caller(1), 1).await.expect("taken");
    let waiting = supply.ask(caller(1), 1).expect("one may wait");
    assert_eq!(supply.take(caller(1), 1).await.err(), Some(TooManyWait));
    assert!(
        supply.take(caller(2), 1).await.is_ok(),
        "others are not meant"
    );
    drop((held, waiting));
    assert!(is_empty(&supply));
}

#[test]
fn a_share_grows_within_the_rule() {
    let supply = supply(10);
    let mut share = supply.take_now(caller(1), 2).expect("there is some");
    assert!(share.extend(3));
    assert!(!share.extend(1), "half is held");
    drop(share);
    assert!(is_empty(&supply));
}
