//! Exact instants, everything at random against a simpler model, and a great many guesses.

use proptest::prelude::*;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn at(seconds: u64) -> Mono {
    Mono::ZERO + Duration::from_secs(seconds)
}

/// Evaluations until the first refusal.
fn evaluate(guard: &mut Guard, caller: Option<&str>, times: usize, now: Mono) -> usize {
    let admitted = |_: &usize| guard.admit(caller, now) == Verdict::Evaluate;
    (0..times).take_while(admitted).count()
}

#[test]
fn a_number_has_thirty_evaluations_and_is_then_locked_out_for_an_hour() {
    let mut guard = Guard::default();
    let caller = Some("+441632960101");
    assert_eq!(evaluate(&mut guard, caller, 100, at(0)), 30);
    assert_eq!(guard.admit(caller, at(60)), Verdict::LockedOut);
    // Trying again makes it no longer.
    assert_eq!(guard.admit(caller, at(3_599)), Verdict::LockedOut);
    assert_eq!(guard.admit(caller, at(3_600)), Verdict::Evaluate);
}

#[test]
fn evaluations_an_hour_old_count_no_more() {
    let mut guard = Guard::default();
    for place in 0..100 {
        let now = at(0) + MINUTE * 2 * place;
        assert_eq!(guard.admit(Some("a"), now), Verdict::Evaluate, "{place}");
    }
}

#[test]
fn an_honest_number_is_not_locked_out_by_another_nor_by_withheld_ones() {
    let mut guard = Guard::default();
    assert_eq!(evaluate(&mut guard, Some("guesser"), 1_000, at(0)), 30);
    assert_eq!(evaluate(&mut guard, None, 1_000, at(1)), 30);
    assert_eq!(guard.admit(Some("honest"), at(2)), Verdict::Evaluate);
    assert_eq!(guard.admit(None, at(2)), Verdict::LockedOut);
}

#[test]
fn ten_thousand_guesses_over_a_thousand_calls_are_thirty_evaluations_an_hour() {
    let mut guard = Guard::default();
    let (mut evaluated, mut honest) = (Vec::new(), 0);
    for call in 0..1_000_u64 {
        // A call every 15 s for more than four hours; ten guesses in each.
        let now = at(call * 15);
        for _ in 0..10 {
            if guard.admit(Some("guesser"), now) == Verdict::Evaluate {
                evaluated.push(now);
            }
        }
        if call % 20 == 0 {
            honest += u32::from(guard.admit(Some("honest"), now) == Verdict::Evaluate);
        }
    }
    let in_hour_from = |from: Mono| {
        let within = |at: &&Mono| **at >= from && at.since(from) < HOUR;
        evaluated.iter().filter(within).count()
    };
    assert!(evaluated.iter().all(|from| in_hour_from(*from) <= 30));
    assert!(evaluated.len() <= 5 * 30, "{}", evaluated.len());
    assert_eq!(honest, 50);
    assert!(guard.remembered() <= 2);
}

#[test]
fn everybody_together_has_one_a_second_and_memory_is_bounded() {
    let mut guard = Guard::default();
    let caller = |number: usize| format!("+44{number}");
    for number in 0..2 * EVALUATIONS_IN_ALL {
        let verdict = guard.admit(Some(&caller(number)), at(0));
        let expected = match number < EVALUATIONS_IN_ALL {
            true => Verdict::Evaluate,
            false => Verdict::Overloaded,
        };
        assert_eq!(verdict, expected);
    }
    assert_eq!(guard.remembered(), EVALUATIONS_IN_ALL);
    // Refused, but not locked out.
    assert_eq!(guard.admit(Some("late"), at(3_600)), Verdict::Evaluate);
    assert_eq!(guard.remembered(), 1);
}

#[test]
fn a_number_is_told_from_others_by_its_beginning_only() {
    let mut guard = Guard::default();
    let long = "9".repeat(100_000);
    assert_eq!(guard.admit(Some(&long), at(0)), Verdict::Evaluate);
    assert!(guard.numbers.keys().all(|it| it.len() == MAX_NUMBER));
}

proptest! {
    /// In no hour more than 30 of one number, and a number that asks less is never refused.
    #[test]
    fn no_hour_has_more_and_the_modest_are_never_refused(
        calls in prop::collection::vec((0..4_usize, 0..400_u64), 1..600),
    ) {
        let mut guard = Guard::default();
        let mut seconds = 0;
        let mut admitted: Vec<(usize, Mono)> = Vec::new();
        let mut asked: Vec<(usize, Mono)> = Vec::new();
        for (who, pause) in calls {
            seconds += pause / 8;
            let now = at(seconds);
            let names = [None, Some("a"), Some("b"), Some("c")];
            let recent = |of: &[(usize, Mono)]| {
                let of_hour = |(it, at): &&(usize, Mono)| *it == who && now.since(*at) < HOUR * 2;
                of.iter().filter(of_hour).count()
            };
            let modest = recent(&asked) < EVALUATIONS_A_NUMBER;
            asked.push((who, now));
            match guard.admit(names[who], now) {
                Verdict::Evaluate => admitted.push((who, now)),
                Verdict::LockedOut => prop_assert!(!modest),
                Verdict::Overloaded => prop_assert!(false, "the bound in all is not reached"),
            }
            let in_hour = |(it, at): &&(usize, Mono)| *it == who && now.since(*at) < HOUR;
            prop_assert!(admitted.iter().filter(in_hour).count() <= EVALUATIONS_A_NUMBER);
        }
    }
}
