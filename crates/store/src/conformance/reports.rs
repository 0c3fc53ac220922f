//! What every backend must do for reports: each answer is compared with what looking at every
//! case gives.

use jiff::{SignedDuration, Timestamp};
use rotaline_model::{NhsNumber, OrganisationId, PersonId, Pii, PracticeId, SpecialtyId};
use rotaline_record::{AttemptResult, CallKind, Case, Gender, GivenGender, OutcomeHow, PhoneKind};

use crate::memory::MemoryStorage;
use crate::reports::{AttemptPosition, Direction, LineOrder, LinePosition, SortBy};
use crate::stories::Story;
use crate::{
    AttemptLine, AttemptQuery, CallLine, CaseRow, CaseState, Commit, Connected, FigureQuery,
    LineQuery, OutcomeFilter, PracticeFilter, ReportStorage, Seen, Sight, Storage,
};

/// Sixty cases of every sort, some of the same instant, some of the same length.
pub(crate) fn cases() -> Vec<Case> {
    (1..=60).map(case).collect()
}

fn case(number: u32) -> Case {
    let pick = |of: &[&'static str]| of[number as usize % of.len()];
    let story = Story {
        specialty: pick(&["cardiology", "dermatology", "neurology"]),
        practice: pick(&["elm-street", "oak-lane"]),
        person: pick(&["cleo", "ben", "ann", "dev"]),
        outcome: [None, Some("referral-avoided"), Some("referral-made")][number as usize % 3],
        ..Story::new(number)
    };
    let mut case = story.case();
    case.opened_at += SignedDuration::from_mins(-i64::from(number % 5));
    case.organisation = OrganisationId::parse(pick(&["north", "south", "west"])).ok();
    case.area = (!number.is_multiple_of(4)).then(|| pick(&["North", "West"]).to_owned());
    case.wait_ms = (!number.is_multiple_of(7)).then(|| u64::from(number % 11) * 970);
    case.talk_ms = u64::from(number % 6) * 10_000;
    if number.is_multiple_of(5) {
        case.practice = None;
        case.genders.push(GivenGender {
            gender: Gender::Female,
            by: "API token".to_owned(),
            at: case.opened_at,
        });
        case.nhs_number = NhsNumber::parse("9434765919").ok().map(Pii::new);
    }
    match number % 8 {
        // Nobody took it.
        1 => {
            let last = case.attempts.last_mut().unwrap();
            (last.joined_at, last.result) = (None, Some(AttemptResult::Busy));
        }
        // Begun on a screen: the first phone is the caller's own.
        2 => {
            case.calls[0].kind = CallKind::OnScreen;
            let own = &mut case.attempts[0];
            (own.phone, own.result) = (PhoneKind::Caller, Some(AttemptResult::Accepted));
        }
        3 => case.specialty = None,
        4 => case.closed_at = None,
        // Moved to another phone of the same person.
        5 => {
            let mut again = case.attempts[1].clone();
            again.number = 3;
            again.joined_at = again.joined_at.map(|at| at + SignedDuration::from_secs(1));
            case.attempts.push(again);
        }
        _ => {}
    }
    case
}

async fn write(storage: &dyn Storage, cases: &[Case]) {
    let cases = cases.iter().map(|case| CaseRow::render(case).unwrap());
    let commit = Commit {
        cases: cases.collect(),
        cursor: None,
    };
    storage.write(commit).await.unwrap();
}

/// All lines of a query, page by page.
async fn paged(storage: &dyn Storage, query: &LineQuery, page: usize) -> Vec<CallLine> {
    let mut query = query.clone();
    let mut found: Vec<CallLine> = Vec::new();
    loop {
        let lines = storage.call_lines(query.clone(), page).await.unwrap();
        let last = lines.len() < page;
        found.extend(lines);
        if last {
            return found;
        }
        let position = LinePosition::of(found.last().unwrap(), query.order.by);
        query.after = Some(position.to_string().parse().unwrap());
    }
}

fn expected(cases: &[Case], query: &LineQuery) -> Vec<CallLine> {
    let lines = cases.iter().map(|case| (case, CallLine::of(case)));
    let wanted = lines.filter(|(case, line)| query.matches(case, line));
    let mut lines: Vec<CallLine> = wanted.map(|(_, line)| line).collect();
    lines.sort_by(|one, other| query.order.compare_lines(one, other));
    lines
}

fn filters(cases: &[Case]) -> Vec<LineQuery> {
    let at = |number: usize| Some(cases[number].opened_at);
    let ben = PersonId::parse("ben").ok();
    let all = LineQuery::default;
    let whose = vec![
        all(),
        LineQuery {
            from: at(9),
            to: at(49),
            ..all()
        },
        LineQuery {
            organisation: OrganisationId::parse("south").ok(),
            ..all()
        },
        LineQuery {
            specialty: SpecialtyId::parse("cardiology").ok(),
            ..all()
        },
        LineQuery {
            practice: PracticeFilter::parse("oak-lane").ok(),
            ..all()
        },
        LineQuery {
            practice: Some(PracticeFilter::Unknown),
            ..all()
        },
        LineQuery {
            gender: Some(Gender::Female),
            ..all()
        },
        LineQuery {
            area: Some("West".to_owned()),
            ..all()
        },
        LineQuery {
            specialist: ben.clone(),
            ..all()
        },
        LineQuery {
            party: ben.clone(),
            ..all()
        },
        LineQuery {
            party: PersonId::parse("ann").ok(),
            from: at(9),
            to: at(49),
            ..all()
        },
        LineQuery {
            party: ben,
            outcome: Some(OutcomeFilter::Missing),
            ..all()
        },
    ];
    [whose, states(), sights()].concat()
}

/// Of nothing at all.
fn nothing() -> Sight {
    Sight::Only(Seen::default())
}

fn sights() -> Vec<LineQuery> {
    let all = LineQuery::default;
    let seen = |organisations: &[&str], specialties: &[&str]| {
        let organisations = organisations.iter().map(|id| OrganisationId::parse(id));
        let specialties = specialties.iter().map(|id| SpecialtyId::parse(id));
        Sight::Only(Seen {
            organisations: organisations.map(Result::unwrap).collect(),
            specialties: specialties.map(Result::unwrap).collect(),
            party: None,
        })
    };
    let in_sight = |sight| LineQuery { sight, ..all() };
    vec![
        in_sight(seen(&[], &[])),
        in_sight(seen(&["south"], &[])),
        in_sight(seen(&["nowhere"], &["dermatology"])),
        LineQuery {
            organisation: OrganisationId::parse("south").ok(),
            ..in_sight(seen(&[], &[]))
        },
    ]
}

fn states() -> Vec<LineQuery> {
    let all = LineQuery::default;
    vec![
        LineQuery {
            outcome: Some(OutcomeFilter::Is("referral-made".into())),
            ..all()
        },
        LineQuery {
            outcome: Some(OutcomeFilter::Missing),
            connected: Some(Connected::Yes),
            ..all()
        },
        LineQuery {
            owing: Some(vec![
                SpecialtyId::parse("cardiology").unwrap(),
                SpecialtyId::parse("neurology").unwrap(),
            ]),
            connected: Some(Connected::Yes),
            ..all()
        },
        LineQuery {
            connected: Some(Connected::No),
            ..all()
        },
        LineQuery {
            state: Some(CaseState::Open),
            ..all()
        },
        LineQuery {
            state: Some(CaseState::Closed),
            ..all()
        },
    ]
}

pub(super) async fn lines_stand_in_every_order(storage: &dyn Storage) {
    let cases = cases();
    write(storage, &cases).await;
    for query in filters(&cases) {
        for by in [SortBy::Opened, SortBy::Wait, SortBy::Talk] {
            for direction in [Direction::Descending, Direction::Ascending] {
                let order = LineOrder { by, direction };
                let query = LineQuery {
                    order,
                    ..query.clone()
                };
                let expected = expected(&cases, &query);
                assert_eq!(expected.is_empty(), query.sight == nothing(), "{query:?}");
                assert_eq!(paged(storage, &query, 7).await, expected, "{query:?}");
            }
        }
    }
}

pub(super) async fn lines_follow_their_cases(storage: &dyn Storage) {
    let mut case = case(6);
    write(storage, std::slice::from_ref(&case)).await;
    case.outcomes.push(rotaline_record::Outcome {
        outcome: "admission-avoided".into(),
        by: "cleo".into(),
        how: OutcomeHow::Screen,
        at: case.opened_at,
    });
    case.practice = PracticeId::parse("found-later").ok();
    case.attempts.pop();
    write(storage, std::slice::from_ref(&case)).await;
    let lines = paged(storage, &LineQuery::default(), 7).await;
    assert_eq!(lines, [CallLine::of(&case)]);
    assert_eq!(lines[0].outcome.as_deref(), Some("admission-avoided"));
    assert_eq!(lines[0].practice.as_deref(), Some("found-later"));
}

pub(super) async fn attempts_are_paged_and_filtered(storage: &dyn Storage) {
    let cases = cases();
    write(storage, &cases).await;
    let all = AttemptQuery {
        bound: 7,
        ..AttemptQuery::default()
    };
    let of_ben = AttemptQuery {
        person: PersonId::parse("ben").ok(),
        ..all.clone()
    };
    let busy = AttemptQuery {
        result: Some("busy".into()),
        ..all.clone()
    };
    let from = Some(cases[30].opened_at);
    for mut query in [all.clone(), of_ben, busy, AttemptQuery { from, ..all }] {
        let is_wanted = |line: &AttemptLine| {
            let person = query.person.as_ref().map(ToString::to_string);
            (person.is_none() || person == line.person)
                && (query.result.is_none() || query.result == line.result)
                && query
                    .from
                    .is_none_or(|from| line.opened_us >= from.as_microsecond())
        };
        let lines = |case: &Case| -> Vec<AttemptLine> {
            let attempts = case.attempts.iter();
            attempts
                .map(|attempt| AttemptLine::of(case, attempt))
                .collect()
        };
        let mut expected: Vec<AttemptLine> = cases.iter().flat_map(lines).collect();
        expected.retain(is_wanted);
        expected.sort_by_key(|line| std::cmp::Reverse(AttemptPosition::of(line)));
        let mut found: Vec<AttemptLine> = Vec::new();
        loop {
            let page = storage.attempt_lines(query.clone()).await.unwrap();
            let last = page.len() < query.bound;
            found.extend(page);
            if last {
                break;
            }
            let position = AttemptPosition::of(found.last().unwrap());
            query.after = Some(position.to_string().parse().unwrap());
        }
        assert!(!expected.is_empty());
        assert_eq!(found, expected);
    }
}

pub(super) async fn sums_are_those_of_the_lines(storage: &dyn Storage) {
    let cases = cases();
    write(storage, &cases).await;
    let model = MemoryStorage::default();
    write(&model, &cases).await;
    let at = |number: usize| -> Option<Timestamp> { Some(cases[number].opened_at) };
    let all = FigureQuery::default;
    let queries = [
        all(),
        FigureQuery {
            from: at(9),
            to: at(49),
            ..all()
        },
        FigureQuery {
            organisation: OrganisationId::parse("south").ok(),
            ..all()
        },
        FigureQuery {
            specialty: SpecialtyId::parse("cardiology").ok(),
            ..all()
        },
        FigureQuery {
            person: PersonId::parse("ben").ok(),
            ..all()
        },
        FigureQuery {
            sight: Sight::Only(Seen {
                specialties: vec![SpecialtyId::parse("dermatology").unwrap()],
                ..Seen::default()
            }),
            ..all()
        },
        FigureQuery {
            sight: Sight::Only(Seen::default()),
            person: PersonId::parse("ben").ok(),
            ..all()
        },
    ];
    for query in queries {
        let model: &dyn ReportStorage = &model;
        let storage: &dyn ReportStorage = storage;
        macro_rules! same {
            ($($of:ident)*) => {$(
                let mut found = storage.$of(query.clone()).await.unwrap();
                let mut expected = model.$of(query.clone()).await.unwrap();
                found.sort();
                expected.sort();
                let is_nothing = query.sight == nothing();
                assert_eq!(expected.is_empty(), is_nothing, "{query:?}");
                assert_eq!(found, expected, "{query:?}");
            )*};
        }
        same!(outcome_figures wait_figures quarter_figures attempt_figures owed_figures);
    }
}
