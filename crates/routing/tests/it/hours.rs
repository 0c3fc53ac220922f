//! Opening hours and sessions, on ordinary days and on those of a clock change.
//!
//! In London the clocks go from 01:00 to 02:00 on 29 March 2026, and from 02:00 back to 01:00 on
//! 25 October 2026; both changes are at 01:00 UTC, on a Sunday.

use jiff::Timestamp;
use rotaline_model::SpecialtyId;
use rotaline_routing::{Plan, Source};

fn plan(hours: &str) -> Plan {
    let text = format!(
        "inbound_number = \"020 7946 0000\"\n[organisation.o]\nname = \"O\"\n\
         zone = \"Europe/London\"\n[specialty.s]\norganisation = \"o\"\nname = \"S\"\n\
         hours = [{hours}]\n"
    );
    Plan::parse(&[Source {
        name: "plan.toml".to_owned(),
        text,
    }])
    .unwrap()
}

fn open(hours: &str, at: &str) -> bool {
    let plan = plan(hours);
    let specialty = plan.specialty(&SpecialtyId::parse("s").unwrap()).unwrap();
    plan.open_at(specialty, at.parse().unwrap())
}

/// When it closes, as UTC.
fn closes(hours: &str, at: &str) -> String {
    let plan = plan(hours);
    let specialty = plan.specialty(&SpecialtyId::parse("s").unwrap()).unwrap();
    plan.closes_at(specialty, at.parse().unwrap()).to_string()
}

#[test]
fn hours_close_to_the_minute_and_at_the_latest_in_a_day() {
    let hours = "\"mon-fri 09:00-12:00\", \"mon-fri 12:00-17:03\", \"mon-fri 18:00-19:00\"";
    for at in [
        "2026-11-23T09:00:00Z",
        "2026-11-23T13:33:21Z",
        "2026-11-23T17:02:59Z",
    ] {
        assert_eq!(closes(hours, at), "2026-11-23T17:03:00Z", "at {at}");
    }
    assert_eq!(
        closes(hours, "2026-11-23T17:03:00Z"),
        "2026-11-23T17:03:00Z"
    );
    assert_eq!(
        closes(hours, "2026-11-23T18:59:59Z"),
        "2026-11-23T19:00:00Z"
    );
    let always = "\"daily 00:00-24:00\"";
    assert_eq!(
        closes(always, "2026-11-23T14:00:00Z"),
        "2026-11-24T14:00:00Z"
    );
    // The clocks go back an hour during these.
    let night = "\"sun 00:30-03:00\"";
    assert_eq!(
        closes(night, "2026-10-24T23:45:00Z"),
        "2026-10-25T03:00:00Z"
    );
}

/// When it opens next: the instant, the time on the wall, and the days until then.
fn next(hours: &str, at: &str) -> Option<(Timestamp, String, u8)> {
    let plan = plan(hours);
    let specialty = plan.specialty(&SpecialtyId::parse("s").unwrap()).unwrap();
    let opening = plan.next_opening(specialty, at.parse().unwrap())?;
    Some((opening.at, opening.local.to_string(), opening.days_ahead))
}

#[test]
fn hours_are_the_organisations_and_their_end_is_not_in_them() {
    let hours = "\"mon-fri 09:00-17:00\"";
    // Winter: London is UTC.
    assert!(!open(hours, "2026-11-23T08:59:59Z"));
    assert!(open(hours, "2026-11-23T09:00:00Z"));
    assert!(open(hours, "2026-11-23T16:59:59Z"));
    assert!(!open(hours, "2026-11-23T17:00:00Z"));
    assert!(!open(hours, "2026-11-22T12:00:00Z"));
    // Summer: an hour ahead of it.
    assert!(open(hours, "2026-07-20T08:00:00Z"));
    assert!(!open(hours, "2026-07-20T16:00:00Z"));
}

#[test]
fn a_day_ends_at_24_00() {
    let hours = "\"mon 00:00-24:00\"";
    assert!(open(hours, "2026-11-23T00:00:00Z"));
    assert!(open(hours, "2026-11-23T23:59:59Z"));
    assert!(!open(hours, "2026-11-24T00:00:00Z"));
}

#[test]
fn a_range_of_days_runs_over_the_weeks_end() {
    let hours = "\"sat-mon 10:00-11:00\"";
    for (at, expected) in [
        ("2026-11-20T10:30:00Z", false),
        ("2026-11-21T10:30:00Z", true),
        ("2026-11-22T10:30:00Z", true),
        ("2026-11-23T10:30:00Z", true),
        ("2026-11-24T10:30:00Z", false),
    ] {
        assert_eq!(open(hours, at), expected, "{at}");
    }
}

#[test]
fn hours_that_begin_in_the_repeated_hour_open_once() {
    let hours = "\"sun 01:30-02:30\"";
    // 01:30 comes first at 00:30 UTC; 02:30 is 02:30 UTC: two hours, without a gap.
    assert!(!open(hours, "2026-10-25T00:29:59Z"));
    for at in [
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:15:00Z",
        "2026-10-25T02:29:59Z",
    ] {
        assert!(open(hours, at), "{at}");
    }
    assert!(!open(hours, "2026-10-25T02:30:00Z"));
}

#[test]
fn hours_that_meet_in_the_repeated_hour_meet_at_its_first_passing() {
    let before = "\"sun 00:00-01:30\"";
    let after = "\"sun 01:30-09:00\"";
    for minutes in 0..180 {
        let from: Timestamp = "2026-10-24T23:00:00Z".parse().unwrap();
        let at = (from + std::time::Duration::from_secs(minutes * 60)).to_string();
        assert_ne!(open(before, &at), open(after, &at), "{at}");
    }
}

#[test]
fn hours_within_the_skipped_hour_do_not_open() {
    let hours = "\"sun 01:15-01:45\"";
    for at in [
        "2026-03-29T00:30:00Z",
        "2026-03-29T01:00:00Z",
        "2026-03-29T01:30:00Z",
    ] {
        assert!(!open(hours, at), "{at}");
    }
    // The next are a week later.
    let expected = (
        "2026-04-05T00:15:00Z".parse().unwrap(),
        "2026-04-05T01:15:00".to_owned(),
        7,
    );
    assert_eq!(next(hours, "2026-03-29T00:30:00Z"), Some(expected));
}

#[test]
fn hours_that_begin_in_the_skipped_hour_begin_at_the_change() {
    let hours = "\"sun 01:30-03:00\"";
    assert!(!open(hours, "2026-03-29T00:59:59Z"));
    assert!(open(hours, "2026-03-29T01:00:00Z"));
    assert!(open(hours, "2026-03-29T01:59:59Z"));
    assert!(!open(hours, "2026-03-29T02:00:00Z"));
}

#[test]
fn the_next_opening_is_the_first_of_all() {
    let hours = "\"mon-fri 09:00-13:00\", \"mon-fri 14:00-17:00\", \"sat 10:00-12:00\"";
    for (at, opens, days) in [
        ("2026-11-23T08:00:00Z", "2026-11-23T09:00:00", 0),
        ("2026-11-23T13:30:00Z", "2026-11-23T14:00:00", 0),
        ("2026-11-23T17:00:00Z", "2026-11-24T09:00:00", 1),
        ("2026-11-27T18:00:00Z", "2026-11-28T10:00:00", 1),
        ("2026-11-28T12:00:00Z", "2026-11-30T09:00:00", 2),
    ] {
        let (_, local, days_ahead) = next(hours, at).unwrap();
        assert_eq!((local.as_str(), days_ahead), (opens, days), "{at}");
    }
    assert_eq!(next("", "2026-11-23T08:00:00Z"), None);
}

#[test]
fn hours_that_are_over_today_come_again_in_a_week() {
    let (_, local, days_ahead) = next("\"mon 09:00-10:00\"", "2026-11-23T10:00:00Z").unwrap();
    assert_eq!((local.as_str(), days_ahead), ("2026-11-30T09:00:00", 7));
}
