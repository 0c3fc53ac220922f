//! The delivered bank holidays are those of the rule: fixed days, Easter, Mondays, substitutes.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};

/// What is proclaimed once.
const ONE_OFF: [(&str, &str); 1] = [("scotland", "2026-06-15")];

/// The Gregorian Easter, by the anonymous algorithm (Meeus, Jones, Butcher).
fn easter(year: i16) -> Date {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 19 * l) / 433;
    let month = (h + l - 7 * m + 90) / 25;
    let day = (h + l - 7 * m + 33 * month + 19) % 32;
    date(year, month.try_into().unwrap(), day.try_into().unwrap())
}

fn first_monday(year: i16, month: i8) -> Date {
    let first = date(year, month, 1);
    first.nth_weekday_of_month(1, Weekday::Monday).unwrap()
}

fn last_monday(year: i16, month: i8) -> Date {
    date(year, month, 1)
        .nth_weekday_of_month(-1, Weekday::Monday)
        .unwrap()
}

/// Days that fall on a weekend are made up for on the weekdays that come next and are free.
fn with_substitutes(days: &[Date]) -> Vec<Date> {
    let mut kept: Vec<Date> = Vec::new();
    let weekend = |it: Date| matches!(it.weekday(), Weekday::Saturday | Weekday::Sunday);
    for day in days {
        let mut day = *day;
        while weekend(day) || kept.contains(&day) {
            day = day.checked_add(1.day()).unwrap();
        }
        kept.push(day);
    }
    kept
}

fn by_rule(nation: &str, year: i16) -> Vec<Date> {
    let day = |days: i32| easter(year).checked_add(days.days()).unwrap();
    let christmas = with_substitutes(&[date(year, 12, 25), date(year, 12, 26)]);
    let mut days = vec![day(-2), first_monday(year, 5), last_monday(year, 5)];
    days.extend(christmas);
    if nation == "scotland" {
        days.extend(with_substitutes(&[date(year, 1, 1), date(year, 1, 2)]));
        days.push(first_monday(year, 8));
        days.extend(with_substitutes(&[date(year, 11, 30)]));
    } else {
        days.extend(with_substitutes(&[date(year, 1, 1)]));
        days.extend([day(1), last_monday(year, 8)]);
    }
    if nation == "northern-ireland" {
        days.extend(with_substitutes(&[date(year, 3, 17)]));
        days.extend(with_substitutes(&[date(year, 7, 12)]));
    }
    days
}

#[test]
fn each_delivered_date_is_one_by_rule_and_none_is_missing() {
    for nation in ["england", "wales", "scotland", "northern-ireland"] {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/bank-holidays");
        let text = std::fs::read_to_string(format!("{folder}/{nation}.toml")).unwrap();
        let file: toml::Table = text.parse().unwrap();
        let days = file["bank_holidays"][nation].as_table().unwrap();
        let delivered: BTreeMap<Date, &str> = days
            .iter()
            .map(|(date, name)| (date.parse().unwrap(), name.as_str().unwrap()))
            .collect();
        let one_off = ONE_OFF.iter().filter(|(where_to, _)| *where_to == nation);
        let mut expected: Vec<Date> = one_off.map(|(_, date)| date.parse().unwrap()).collect();
        expected.extend((2025..=2028).flat_map(|year| by_rule(nation, year)));
        expected.sort();
        let dates: Vec<Date> = delivered.keys().copied().collect();
        assert_eq!(dates, expected, "{nation}");
        for (date, name) in delivered {
            let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
            assert!(!weekend && !name.is_empty(), "{nation}: {date}");
        }
    }
}
