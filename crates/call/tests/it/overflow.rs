//! Overflow: another team is tried when the rota is exhausted or empty (SERVICE 1.10).

use rotaline_call::Refusal;
use rotaline_model::EndCause;

use crate::stage::{CALLER, MONDAY, NORTHFIELD, Stage, phone, world};

/// Neurology has nobody on its rota and overflows to a regional pool, and that to cardiology.
fn plan(pool_hours: &str) -> String {
    let section = "[specialty.neurology]\n";
    let overflows = format!("{section}overflow = \"region\"\n");
    let pool = format!(
        "[specialty.region]\norganisation = \"northfield\"\nname = \"Region\"\n\
         hours = [{pool_hours}]\noverflow = \"cardiology\"\n\
         [[specialty.region.session]]\ntimes = [\"daily 00:00-24:00\"]\npeople = [\"cat\"]\n"
    );
    format!("{}\n{pool}", NORTHFIELD.replace(section, &overflows))
}

fn neurology(pool_hours: &str) -> Stage {
    Stage::at(MONDAY, world(&plan(pool_hours)), "020 7946 0001", |_| {})
        .caller(phone().keys(2_000, "3"))
}

const ALWAYS: &str = "\"daily 00:00-24:00\"";

fn rung(stage: &Stage) -> Vec<String> {
    stage.rung().into_iter().map(|(_, to)| to).collect()
}

#[test]
fn an_empty_rota_overflows_to_the_pool() {
    let stage = neurology(ALWAYS)
        .caller(phone().hangs_up(30_000))
        .phone(
            "sip:cat@h",
            phone().rings(100).answers(1_000).keys(3_000, "1"),
        )
        .play();
    assert_eq!(rung(&stage), ["sip:cat@h"]);
    assert_eq!(stage.joined_at(), Some(5_000));
    assert!(stage.was_told(CALLER, "hunt/trying-another-team"));
    assert!(!stage.was_told(CALLER, "hunt/nobody-on-rota"));
}

#[test]
fn a_number_without_a_menu_is_greeted_though_its_own_rota_is_empty() {
    let number = "[number.\"020 7946 0009\"]\nservice = \"specialty\"\nspecialty = \"neurology\"\n";
    let plans = [plan(ALWAYS), NORTHFIELD.to_owned()];
    for plan in plans {
        let plan = format!("{plan}{number}");
        let mut stage = Stage::at(MONDAY, world(&plan), "020 7946 0009", |_| {});
        stage.play_until(10_000);
        assert!(stage.was_told(CALLER, "menu/calls-are-recorded"));
    }
}

#[test]
fn an_exhausted_pool_overflows_further_and_then_the_caller_is_told() {
    let busy = || phone().refuses(200, Refusal::Busy);
    let stage = neurology(ALWAYS)
        .caller(phone().hangs_up(60_000))
        .phone("sip:cat@h", busy())
        .phone("sip:ann@h", busy())
        .phone("sip:ben@h", busy())
        .phone("sip:ben-desk@h", busy())
        .play();
    let first_round = ["sip:cat@h", "sip:ann@h", "sip:ben@h", "sip:cat@h"];
    assert_eq!(rung(&stage)[..4], first_round);
    assert!(stage.was_told(CALLER, "hunt/nobody-answered"));
    assert_eq!(stage.cause(), EndCause::NobodyAccepted);
}

#[test]
fn a_pool_that_is_closed_is_not_hunted() {
    let stage = neurology("\"sun 01:00-02:00\"")
        .caller(phone().hangs_up(60_000))
        .play();
    assert_eq!(rung(&stage), Vec::<String>::new());
    assert_eq!(stage.cause(), EndCause::NobodyOnRota);
}
