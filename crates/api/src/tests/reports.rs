//! Reports: the same calls as a page, as files, and in figures.

use axum::http::{StatusCode, header};
use rotaline_model::{NhsNumber, OrganisationId, PersonId, Pii};
use rotaline_record::{
    AttemptResult, CallerId, Case, Gender, GivenGender, Outcome, OutcomeHow, Recording,
    RecordingPart, Wav,
};
use rotaline_store::{CaseRow, Commit, Storage};
use serde_json::{Value, json};

use super::hostile::HOSTILE;
use super::sheets::{self, Value as Cell};
use super::world::{World, case_id, story};

/// A whole call of the demo's organisation.
fn case(number: u32) -> Case {
    let records = story(number);
    let mut case = Case::open(&records[0]).unwrap();
    for record in &records[1..] {
        case.apply(record);
    }
    case.organisation = OrganisationId::parse("northfield").ok();
    case
}

fn with_outcome(mut case: Case, outcome: &str) -> Case {
    case.outcomes.push(Outcome {
        outcome: outcome.to_owned(),
        by: "ann".to_owned(),
        how: OutcomeHow::Key,
        at: case.opened_at,
    });
    case
}

fn in_vain(mut case: Case) -> Case {
    let attempt = case.attempts.last_mut().unwrap();
    (attempt.joined_at, attempt.result) = (None, Some(AttemptResult::NoAnswer));
    case.talk_ms = 0;
    case
}

fn at(mut case: Case, opened: &str) -> Case {
    case.opened_at = opened.parse().unwrap();
    case
}

/// Cases that are over, and in the database only.
async fn stored(world: &World, cases: &[Case]) {
    let cases = cases.iter().map(|case| CaseRow::render(case).unwrap());
    let commit = Commit {
        cases: cases.collect(),
        cursor: None,
    };
    world.storage.write(commit).await.unwrap();
}

async fn lines(world: &World, query: &str) -> Vec<Value> {
    let page = world.get(&format!("/api/v1/reports/calls?{query}")).await;
    assert_eq!(page.status, StatusCode::OK, "{query}");
    page.json()["lines"].as_array().unwrap().clone()
}

async fn csv(world: &World, query: &str) -> Vec<Vec<String>> {
    let answer = world
        .get(&format!("/api/v1/reports/calls.csv?{query}"))
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    let text = String::from_utf8(answer.body).unwrap();
    sheets::csv(text.strip_prefix('\u{feff}').unwrap())
}

async fn xlsx(world: &World, query: &str) -> Vec<Vec<Cell>> {
    let answer = world
        .get(&format!("/api/v1/reports/calls.xlsx?{query}"))
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    sheets::xlsx(&answer.body)
}

fn full() -> Case {
    let mut case = with_outcome(case(1), "referral-avoided");
    case.nhs_number = NhsNumber::parse("943 476 5919").ok().map(Pii::new);
    case.genders.push(GivenGender {
        gender: Gender::NotKnown,
        by: "API token".to_owned(),
        at: case.opened_at,
    });
    case.recordings.push(Recording {
        part: RecordingPart::Case,
        started_at: None,
        wav: Some(Wav {
            file: "1.wav".to_owned(),
            sha256: "0f".repeat(32),
            duration_ms: 1,
            bytes: 1,
            repaired: false,
            lost_ms: 0,
        }),
        mp3: None,
    });
    case.wait_ms = Some(33_449);
    // Summer time: it is an hour later on the organisation's clock, and the next day.
    at(case, "2026-06-30T23:30:05Z")
}

#[tokio::test]
async fn the_report_is_narrowed_to_a_gender_and_to_unknown_callers() {
    let world = World::new().await;
    let mut unknown = case(2);
    unknown.practice = None;
    stored(&world, &[full(), unknown]).await;
    for (query, found) in [
        ("gender=not_known", vec![1]),
        ("gender=female", vec![]),
        ("practice=-", vec![2]),
        ("practice=elm-street", vec![1]),
    ] {
        let page = world.get(&format!("/api/v1/reports/calls?{query}")).await;
        let page = page.json();
        let ids = page["lines"].as_array().unwrap().iter();
        let ids: Vec<_> = ids.map(|it| it["id"].clone()).collect();
        let found: Vec<_> = found.iter().map(|it| case_id(*it).to_string()).collect();
        assert_eq!(ids, found, "{query}");
        let rows = csv(&world, query).await.len() - 1;
        assert_eq!(rows, found.len(), "{query}");
    }
    let wrong = world.get("/api/v1/reports/calls?gender=x").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_report_has_its_columns_as_page_as_csv_and_as_xlsx() {
    let world = World::new().await;
    stored(&world, &[full()]).await;
    let page = world.get("/api/v1/reports/calls").await.json();
    let columns = "Date|Time|Patient (NHS number)|Gender|Caller|Practice|Area|Specialty|\
                   Specialist|Organisation|Refs|Wait (s)|Talk (s)|Outcome|Recording";
    let columns: Vec<&str> = columns.split('|').collect();
    assert_eq!(page["columns"], json!(columns));
    assert_eq!(page["next"], Value::Null);
    let id = case_id(1).to_string();
    let recording = format!("/api/v1/calls/{id}/recording.mp3");
    let expected = json!({
        "id": id, "reference": "00000001", "date": "2026-07-01", "time": "00:30:05",
        "patient": "9434765919", "gender": "not_known", "caller": "+442079460001",
        "practice": "elm-street", "area": "North", "specialty": "Cardiology",
        "specialist": "Dr Ann Archer", "organisation": "Northfield Hospitals", "refs": 1,
        "wait_s": 33.4, "talk_s": 0.5, "outcome": "Referral avoided", "recording": recording,
        "connected": true, "closed": true, "outcome_missing": false,
        "leave_outcome": format!("/api/v1/calls/{id}/outcome"),
        "ids": {
            "practice": "elm-street", "specialty": "cardiology", "specialist": "ann",
            "organisation": "northfield", "outcome": "referral-avoided",
        },
    });
    assert_eq!(page["lines"][0], expected);

    let table = csv(&world, "").await;
    assert_eq!(table[0], columns);
    let row = [
        "01/07/2026",
        "00:30:05",
        "9434765919",
        "Not known",
        "'+442079460001",
        "elm-street",
        "North",
        "Cardiology",
        "Dr Ann Archer",
        "Northfield Hospitals",
        "1",
        "33.4",
        "0.5",
        "Referral avoided",
        recording.as_str(),
    ];
    assert_eq!(table[1..], [row]);

    let table = xlsx(&world, "").await;
    let text = |text: &str| Cell::Text(text.to_owned());
    let figure = |figure: &str, format: &str| Cell::Figure(figure.to_owned(), format.to_owned());
    assert_eq!(table[0], columns.map_texts());
    // The number of the day that Excel calls 1 July 2026; a telephone number stays as it is.
    assert_eq!(table[1][0], figure("46204", "dd/mm/yyyy"));
    assert_eq!(table[1][1], figure("0.020891203703703703", "hh:mm:ss"));
    assert_eq!(
        table[1][2..5],
        [text("9434765919"), text("Not known"), text("+442079460001")]
    );
    assert_eq!(table[1][10], figure("1", "General"));
    assert_eq!(
        table[1][11..13],
        [figure("33.4", "0.0"), figure("0.5", "0.0")]
    );
    assert_eq!(table[1][13..], [text("Referral avoided"), text(&recording)]);
}

trait MapTexts {
    fn map_texts(&self) -> Vec<Cell>;
}

impl MapTexts for Vec<&str> {
    fn map_texts(&self) -> Vec<Cell> {
        self.iter()
            .map(|text| Cell::Text((*text).to_owned()))
            .collect()
    }
}

#[tokio::test]
async fn files_say_what_they_are_and_are_not_kept() {
    let world = World::new().await;
    for (format, kind) in [
        ("csv", "text/csv; charset=utf-8"),
        ("xlsx", "application/vnd.open"),
    ] {
        let answer = world.get(&format!("/api/v1/reports/calls.{format}")).await;
        assert!(answer.header(header::CONTENT_TYPE).starts_with(kind));
        let name = format!("attachment; filename=\"calls.{format}\"");
        assert_eq!(answer.header(header::CONTENT_DISPOSITION), name);
        assert_eq!(answer.header(header::CACHE_CONTROL), "private, no-store");
    }
    // No calls: the titles alone.
    assert_eq!(csv(&world, "").await.len(), 1);
    assert_eq!(xlsx(&world, "").await.len(), 1);
}

#[tokio::test]
async fn hostile_callers_areas_and_practices_are_inert_everywhere() {
    let world = World::new().await;
    let mut cases = Vec::new();
    let mut practices = 0;
    for (number, hostile) in (1..).zip(HOSTILE) {
        let mut case = case(number);
        case.caller = CallerId::Other(Pii::new(hostile.to_owned()));
        case.area = Some(hostile.to_owned());
        cases.push(case);
        let body = json!({ "name": hostile, "numbers": [format!("0113 496 0{number:03}")] });
        let request = world
            .request("PUT", &format!("/api/v1/practices/hostile-{number}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into())
            .unwrap();
        if world.send(request).await.status == StatusCode::CREATED {
            let id = format!("hostile-{number}");
            cases.last_mut().unwrap().practice = rotaline_model::PracticeId::parse(&id).ok();
            practices += 1;
        }
    }
    assert!(practices > 30, "{practices}");
    stored(&world, &cases).await;
    for row in &csv(&world, "").await[1..] {
        row.iter().for_each(|cell| sheets::assert_inert(cell));
    }
    let page = lines(&world, "limit=200").await;
    let table = xlsx(&world, "").await;
    assert_eq!((page.len(), table.len()), (50, 51));
    let shown = |value: &Value| {
        let text = value.as_str().unwrap();
        let plain = |c: char| {
            if c.is_control() || c == '\u{2028}' {
                ' '
            } else {
                c
            }
        };
        Cell::Text(text.chars().map(plain).collect())
    };
    for (line, row) in page.iter().zip(&table[1..]) {
        let of_line = [&line["caller"], &line["practice"], &line["area"]].map(shown);
        assert_eq!(row[4..7], of_line);
    }
}

#[tokio::test]
async fn pages_lead_through_every_order_and_new_calls_shift_nothing() {
    let world = World::new().await;
    let mut cases: Vec<Case> = (1..=7).map(case).collect();
    for (case, wait_ms) in cases.iter_mut().zip([5, 3, 3, 9, 1, 7, 2]) {
        case.wait_ms = Some(wait_ms * 1_000);
    }
    stored(&world, &cases).await;
    for (sort, expected) in [
        ("-opened", [7, 6, 5, 4, 3, 2, 1]),
        ("opened", [1, 2, 3, 4, 5, 6, 7]),
        ("-wait", [4, 6, 1, 3, 2, 7, 5]),
        ("wait", [5, 7, 2, 3, 1, 6, 4]),
    ] {
        let mut path = format!("/api/v1/reports/calls?limit=3&sort={sort}");
        let mut seen = Vec::new();
        loop {
            let page = world.get(&path).await.json();
            for line in page["lines"].as_array().unwrap() {
                seen.push(line["id"].as_str().unwrap().to_owned());
            }
            let Some(next) = page["next"].as_str() else {
                break;
            };
            path = format!("/api/v1/reports/calls?limit=3&sort={sort}&after={next}");
            if sort == "-opened" {
                world.call(100).await;
            }
        }
        seen.retain(|id| *id != case_id(100).to_string());
        assert_eq!(
            seen,
            expected.map(|number| case_id(number).to_string()),
            "{sort}"
        );
    }
}

#[tokio::test]
async fn filters_and_days_narrow_the_report() {
    let world = World::new().await;
    let late = at(case(1), "2026-06-30T23:30:00Z");
    let early = with_outcome(at(case(2), "2026-06-30T22:30:00Z"), "referral-made");
    stored(
        &world,
        &[late, early, in_vain(at(case(3), "2026-12-01T12:00:00Z"))],
    )
    .await;
    for (query, expected) in [
        ("from=2026-07-01&to=2026-07-01", vec![1]),
        (
            "from=2026-06-30&to=2026-06-30&organisation=northfield",
            vec![2],
        ),
        ("from=2026-06-30T22:30:00Z&to=2026-06-30T23:30:00Z", vec![2]),
        ("connected=no", vec![3]),
        ("connected=yes&outcome=-", vec![1]),
        ("outcome=referral-made", vec![2]),
        (
            "person=ann&specialty=cardiology&area=North&practice=elm-street",
            vec![1, 2],
        ),
        ("person=ben", vec![]),
        ("organisation=elsewhere", vec![]),
    ] {
        let found = lines(&world, query).await;
        let mut ids: Vec<&str> = found
            .iter()
            .map(|line| line["id"].as_str().unwrap())
            .collect();
        ids.sort_unstable();
        let expected: Vec<_> = expected
            .into_iter()
            .map(|n| case_id(n).to_string())
            .collect();
        assert_eq!(ids, expected, "{query}");
        assert_eq!(
            csv(&world, query).await.len(),
            expected.len() + 1,
            "{query}"
        );
    }
}

#[tokio::test]
async fn faults_name_every_field_and_what_would_be_right() {
    let world = World::new().await;
    let query = "from=1.6.2026&to=2026-13-01&specialty=A%20B&connected=maybe&state=over&sort=name\
                 &limit=0&after=x";
    let answer = world.get(&format!("/api/v1/reports/calls?{query}")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.problem(), "bad-query");
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    let mut fields: Vec<&str> = errors
        .iter()
        .map(|it| it["field"].as_str().unwrap())
        .collect();
    fields.sort_unstable();
    let mut expected = [
        "from",
        "to",
        "specialty",
        "connected",
        "state",
        "sort",
        "limit",
        "after",
    ];
    expected.sort_unstable();
    assert_eq!(fields, expected);
    assert!(
        errors
            .iter()
            .all(|error| error["remedy"].as_str().unwrap().len() > 5)
    );
    for (path, field) in [
        ("calls?form=2026-06-01", "form"),
        ("calls?from=2026-06-02&to=2026-06-01", "to"),
        (
            "calls?sort=wait&after=o.1.1.01997000000070008000000000000001",
            "after",
        ),
        ("calls.csv?limit=10", "limit"),
        ("calls.xlsx?after=x", "after"),
        ("chase?outcome=-", "outcome"),
        ("statistics?from=yesterday", "from"),
        ("activity?month=October", "month"),
        ("attempts?result=asleep", "result"),
    ] {
        let answer = world.get(&format!("/api/v1/reports/{path}")).await;
        assert_eq!(answer.problem(), "bad-query", "{path}");
        assert_eq!(answer.json()["errors"][0]["field"], field, "{path}");
    }
    let nobody = world.get("/api/v1/reports/people/nobody/calls").await;
    assert_eq!(nobody.problem(), "no-such-person");
}

#[tokio::test]
async fn own_list_says_which_outcomes_are_missing_until_they_are_given() {
    let world = World::new().await;
    let id = world.call(1).await;
    stored(
        &world,
        &[with_outcome(case(2), "referral-made"), in_vain(case(3))],
    )
    .await;
    let own = async || {
        let page = world.get("/api/v1/reports/people/ann/calls").await.json();
        let lines = page["lines"].as_array().unwrap().clone();
        let of = |line: Value| {
            (
                line["reference"].clone(),
                line["outcome_missing"].clone(),
                line["leave_outcome"].clone(),
            )
        };
        lines.into_iter().map(of).collect::<Vec<_>>()
    };
    let link = |id| json!(format!("/api/v1/calls/{}/outcome", case_id(id)));
    let (two, one) = (json!("00000002"), json!("00000001"));
    let before = own().await;
    assert_eq!(before[0], (two.clone(), json!(false), link(2)));
    assert_eq!(before[1], (one.clone(), json!(true), link(1)));
    assert_eq!(before.len(), 2, "a call that was missed is nobody's");
    let put = world
        .put_outcome(id, r#"{"outcome":"referral-avoided"}"#)
        .await;
    assert_eq!(put.status, StatusCode::OK);
    assert_eq!(own().await[1], (one, json!(false), link(1)));
    let ben = world.get("/api/v1/reports/people/ben/calls").await.json();
    assert_eq!(ben["lines"], json!([]));
}

#[tokio::test]
async fn statistics_count_what_their_definitions_say() {
    let world = World::new().await;
    let mut cases = Vec::new();
    for number in 1..=10 {
        let mut case = at(case(number), "2026-06-15T09:00:00Z");
        (case.wait_ms, case.talk_ms) = (Some(u64::from(number) * 10_000), 60_000);
        cases.push(match number {
            1..=4 => with_outcome(case, "referral-avoided"),
            5 => with_outcome(case, "referral-made"),
            6..=8 => case,
            _ => in_vain(case),
        });
    }
    let mut direct = at(case(11), "2026-06-15T09:00:00Z");
    direct.specialty = None;
    let mut open = at(case(12), "2026-06-15T09:00:00Z");
    open.closed_at = None;
    stored(&world, &cases).await;
    stored(
        &world,
        &[direct, open, at(case(13), "2026-05-01T09:00:00Z")],
    )
    .await;
    let path = "/api/v1/reports/statistics?from=2026-06-01&to=2026-06-30";
    let found = world.get(path).await.json();
    let expected = json!({
        "specialty": "cardiology", "name": "Cardiology", "placed": 10, "answered": 8,
        "connection_rate": 0.8, "median_wait_s": 40.0, "p90_wait_s": 80.0, "talk_s": 480.0,
        "mean_talk_s": 60.0, "completeness": 0.625,
        "outcomes": [
            { "outcome": "-", "name": "-", "calls": 3 },
            { "outcome": "referral-avoided", "name": "Referral avoided", "calls": 4 },
            { "outcome": "referral-made", "name": "Referral made", "calls": 1 },
        ],
    });
    assert_eq!(found["specialties"], json!([expected]));
    assert_eq!(found["total"]["placed"], 10);
    assert_eq!(found["without_specialty"], 1);
    assert_eq!(found["from"], "2026-05-31T23:00:00Z");
    let defined: Vec<&Value> = found["definitions"].as_array().unwrap().iter().collect();
    for figure in expected.as_object().unwrap().keys() {
        let has = defined.iter().any(|it| it["figure"] == figure.as_str());
        assert!(
            has || ["specialty", "name"].contains(&figure.as_str()),
            "{figure}"
        );
    }
}

#[tokio::test]
async fn completeness_and_chase_list_agree_on_what_is_missing() {
    let world = World::new().await;
    let mut of_ben = at(case(3), "2026-06-17T09:00:00Z");
    of_ben.attempts[0].person = PersonId::parse("ben").ok();
    let mut unasked = at(case(4), "2026-06-18T09:00:00Z");
    unasked.specialty = rotaline_model::SpecialtyId::parse("secretaries").ok();
    let given = with_outcome(at(case(2), "2026-06-16T09:00:00Z"), "referral-made");
    let cases = [at(case(1), "2026-06-15T09:00:00Z"), given, of_ben, unasked];
    stored(&world, &cases).await;
    stored(&world, &[in_vain(at(case(5), "2026-06-15T09:00:00Z"))]).await;
    let path = "/api/v1/reports/outcomes?from=2026-06-01&to=2026-06-30";
    let found = world.get(path).await.json();
    assert_eq!(found["answered"], 3);
    assert_eq!(found["missing"], 2);
    assert_eq!(found["completeness"], 0.333);
    let people = found["people"].as_array().unwrap();
    let owed = |person: &str| people.iter().find(|it| it["person"] == person).unwrap();
    assert_eq!(
        (&owed("ann")["answered"], &owed("ann")["missing"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(owed("ann")["oldest"], "2026-06-15T09:00:00Z");
    assert_eq!(owed("ben")["name"], "Dr Ben Bright");
    let chase = world.get("/api/v1/reports/chase?limit=1").await.json();
    assert_eq!(chase["lines"][0]["reference"], "00000001");
    let next = chase["next"].as_str().unwrap();
    let rest = world
        .get(&format!("/api/v1/reports/chase?after={next}"))
        .await
        .json();
    assert_eq!(rest["lines"].as_array().unwrap().len(), 1);
    assert_eq!(rest["lines"][0]["reference"], "00000003");
    assert_eq!(rest["lines"][0]["outcome_missing"], true);
}

#[tokio::test]
async fn rates_and_reasons_are_of_the_attempts() {
    let world = World::new().await;
    // 10:20 on the organisation's clock.
    let cases: Vec<Case> = (1..=4)
        .map(|n| at(case(n), "2026-06-15T09:20:00Z"))
        .collect();
    stored(&world, &cases[..3]).await;
    stored(&world, &[in_vain(cases[3].clone())]).await;
    let path = "/api/v1/reports/connection?from=2026-06-01&to=2026-06-30";
    for query in [path.to_owned(), format!("{path}&person=ann")] {
        let found = world.get(&query).await.json();
        let hour = json!({ "hour": 10, "placed": 4, "answered": 3, "rate": 0.75 });
        assert_eq!(found["hours"][10], hour);
        assert_eq!(found["hours"][9]["rate"], Value::Null);
        let ann = json!({
            "person": "ann", "name": "Dr Ann Archer", "rung": 4, "joined": 3, "rate": 0.75,
            "mean_ring_s": 0.5, "results": { "accepted": 3, "no_answer": 1 },
        });
        assert_eq!(found["people"], json!([ann]));
    }
    let vain = world
        .get("/api/v1/reports/attempts?result=no_answer")
        .await
        .json();
    let attempt = &vain["attempts"][0];
    assert_eq!(attempt["call"], case_id(4).to_string());
    assert_eq!(attempt["reason"], "first on the rota");
    assert_eq!(attempt["result_words"], "Rang out");
    let first = world.get("/api/v1/reports/attempts?limit=3").await.json();
    let next = first["next"].as_str().unwrap();
    let rest = world
        .get(&format!("/api/v1/reports/attempts?after={next}"))
        .await
        .json();
    assert_eq!(rest["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(rest["next"], Value::Null);
}

#[tokio::test]
async fn activity_return_counts_outcomes_as_the_plan_says() {
    let world = World::new().await;
    let june = |number| at(case(number), "2026-06-15T09:00:00Z");
    stored(
        &world,
        &[
            with_outcome(june(1), "referral-avoided"),
            with_outcome(june(2), "admission-avoided"),
            with_outcome(june(3), "referral-made"),
            june(4),
            in_vain(june(5)),
            // Already July where the organisation is.
            with_outcome(at(case(6), "2026-06-30T23:30:00Z"), "referral-avoided"),
        ],
    )
    .await;
    let found = world
        .get("/api/v1/reports/activity?month=2026-06")
        .await
        .json();
    let cardiology = json!({
        "specialty": "cardiology", "name": "Cardiology", "total": 5, "processed": 3,
        "diverted": 2, "without_outcome": 1,
    });
    assert_eq!(found["specialties"], json!([cardiology]));
    assert_eq!(found["month"], "2026-06");
}

#[tokio::test]
async fn exports_are_bounded_and_a_database_away_is_told() {
    let world = World::new().await;
    stored(&world, &[case(1)]).await;
    // Nobody reads these bodies, so they are still being made.
    let mut held = Vec::new();
    for _ in 0..2 {
        let path = "/api/v1/reports/calls.csv";
        let request = world
            .request("GET", path)
            .body(axum::body::Body::empty())
            .unwrap();
        held.push(
            tower::ServiceExt::oneshot(world.router.clone(), request)
                .await
                .unwrap(),
        );
    }
    let third = world.get("/api/v1/reports/calls.xlsx").await;
    assert_eq!(third.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(third.problem(), "too-many-exports");
    drop(held);
    world.storage.close().await;
    for path in [
        "calls",
        "statistics",
        "outcomes",
        "connection",
        "attempts",
        "activity",
        "chase",
    ] {
        let answer = world.get(&format!("/api/v1/reports/{path}")).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.problem(), "database-away");
    }
}
