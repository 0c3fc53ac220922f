//! Rotas edited by session, day and week; swaps; weeks copied.

use axum::body::Body;
use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use super::world::{Answer, World};

const ROTA: &str = "/api/v1/rotas/cardiology";

async fn send(world: &World, method: &str, path: &str, tag: Option<&str>, body: Value) -> Answer {
    let mut request = world
        .request(method, &format!("{ROTA}{path}"))
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(tag) = tag {
        request = request.header(header::IF_MATCH, tag);
    }
    let body = if body.is_null() {
        Body::empty()
    } else {
        Body::from(body.to_string())
    };
    world.send(request.body(body).unwrap()).await
}

async fn put(world: &World, path: &str, people: Value) -> Answer {
    send(world, "PUT", path, None, json!({ "people": people })).await
}

/// Who is on, session by session.
fn on(day: &Value) -> Vec<String> {
    let sessions = day["sessions"].as_array().unwrap().iter();
    let names = |session: &Value| -> Vec<String> {
        let people = session["people"].as_array().unwrap().iter();
        let name = |it: &Value| it["person"].as_str().unwrap().to_owned();
        people.map(name).collect()
    };
    sessions
        .map(|session| {
            format!(
                "{}: {}",
                session["name"].as_str().unwrap(),
                names(session).join(" ")
            )
        })
        .collect()
}

#[tokio::test]
async fn a_session_a_day_and_a_week_are_set_and_taken_back() {
    let world = World::new().await;
    let session = "/dates/2026-10-26/sessions/am";
    let set = put(&world, session, json!(["cat"])).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.json());
    assert_eq!(set.header(header::ETAG), "\"2\"");
    assert!(
        on(&set.json()).contains(&"AM: cat".to_owned()),
        "{}",
        set.json()
    );
    let day = put(&world, "/dates/2026-10-27", json!(["ben"]))
        .await
        .json();
    assert!(on(&day).iter().all(|it| it.ends_with(": ben")), "{day}");
    let week = put(&world, "/weeks/2026-10-28?session=AM", json!([]))
        .await
        .json();
    assert_eq!(on(&week[0])[0], "AM: cat", "a date beats its week");
    assert_eq!(on(&week[2])[0], "AM: ");
    for path in [session, "/dates/2026-10-27", "/weeks/2026-10-26?session=am"] {
        let gone = send(&world, "DELETE", path, None, Value::Null).await;
        assert_eq!(gone.status, StatusCode::OK, "{path}");
        let again = send(&world, "DELETE", path, None, Value::Null).await;
        assert_eq!(again.problem(), "no-such-item", "{path}");
    }
    let week = world.get(&format!("{ROTA}?week=2026-10-26")).await;
    assert_eq!(week.header(header::ETAG), "\"7\"");
    for day in week.json().as_array().unwrap().iter().take(5) {
        assert!(on(day).contains(&"AM: ann ben cat".to_owned()), "{day}");
    }
}

#[tokio::test]
async fn an_edit_on_another_version_is_refused() {
    let world = World::new().await;
    let day = "/dates/2026-10-26";
    let body = json!({"people": ["ann"]});
    let made = send(&world, "PUT", day, Some("\"1\""), body.clone()).await;
    assert_eq!(made.status, StatusCode::OK);
    let stale = send(&world, "PUT", day, Some("\"1\""), body).await;
    assert_eq!(stale.problem(), "version-differs");
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let world = World::new().await;
    let faulty = async |path: &str, body: Value, field: &str| {
        let method = if path.contains("dates") {
            "PUT"
        } else {
            "POST"
        };
        let answer = send(&world, method, path, None, body).await;
        assert_eq!(answer.problem(), "plan-faulty", "{path}");
        let errors = answer.json()["errors"].clone();
        let found = errors[0]["field"].as_str().unwrap();
        assert!(found.contains(field), "{errors}");
    };
    let ann = json!({"people": ["ann"]});
    faulty("/dates/2026-10-26/sessions/LATE", ann, "session").await;
    faulty("/dates/2026-10-26", json!({"people": ["zoe"]}), "people").await;
    let at = json!({"people": ["ann"], "times": ["9"]});
    faulty("/dates/2026-10-26", at, "times").await;
    let am = |date: &str| json!({"date": date, "session": "AM"});
    let swap = json!({"first": "dev", "gives": am("2026-10-26"), "second": "ann",
                      "takes": am("2026-10-27")});
    faulty("/swaps", swap, "gives").await;
    let same = json!({"from": "2026-10-26", "to": "2026-10-30"});
    faulty("/copies", same, "to").await;
    for path in [
        "/dates/2026-13-01",
        "/dates/monday",
        "/dates/2026-10-26T10:00",
    ] {
        let answer = put(&world, path, json!([])).await;
        assert_eq!(answer.problem(), "bad-request", "{path}");
    }
}

#[tokio::test]
async fn an_extra_session_has_times_of_its_own() {
    let world = World::new().await;
    let body = json!({"people": ["dev"], "times": ["09:00-10:00"]});
    let path = "/dates/2026-10-26/sessions/EXTRA";
    let made = send(&world, "PUT", path, None, body).await;
    assert!(on(&made.json()).contains(&"EXTRA: dev".to_owned()));
}

#[tokio::test]
async fn a_swap_and_a_copied_week_are_shown_at_once() {
    let world = World::new().await;
    put(
        &world,
        "/dates/2026-10-27/sessions/AM",
        json!(["dev", "ben"]),
    )
    .await;
    let swap = json!({"first": "ann", "gives": {"date": "2026-10-26", "session": "AM"},
                      "second": "dev", "takes": {"date": "2026-10-27", "session": "AM"}});
    let week = send(&world, "POST", "/swaps", None, swap).await.json();
    assert!(
        on(&week[0]).contains(&"AM: dev ben cat".to_owned()),
        "{week}"
    );
    assert!(on(&week[1]).contains(&"AM: ann ben".to_owned()), "{week}");
    let copy = json!({"from": "2026-10-26", "to": "2026-11-09"});
    let copied = send(&world, "POST", "/copies", None, copy).await.json();
    for day in 0..7 {
        let sorted = |week: &Value| {
            let mut on = on(&week[day]);
            on.sort();
            on
        };
        let (copy, original) = (sorted(&copied), sorted(&week));
        let is_in = copy
            .iter()
            .filter(|it| !it.ends_with(": "))
            .all(|it| original.contains(it));
        assert!(is_in, "{day}: {copy:?} of {original:?}");
    }
}

#[tokio::test]
async fn what_is_amiss_with_a_rota_is_told_in_words_and_for_programs() {
    let world = World::new().await;
    put(&world, "/dates/2026-10-26/sessions/AM", json!([])).await;
    put(&world, "/dates/2026-10-27/sessions/AM", json!(["ann"])).await;
    let path = "/api/v1/plan/findings?from=2026-10-26&to=2026-10-27";
    let found = world
        .get(&format!("{path}&specialty=cardiology"))
        .await
        .json();
    assert_eq!(found["complete"], true);
    let findings = found["findings"].as_array().unwrap();
    let about: Vec<_> = findings
        .iter()
        .map(|it| (&it["problem"], &it["from"]))
        .collect();
    let (gap, one) = (json!("gap"), json!({"one_person": "ann"}));
    let (monday, tuesday) = (json!("2026-10-26T00:00:00Z"), json!("2026-10-27T00:00:00Z"));
    assert!(about.contains(&(&gap, &monday)), "{found}");
    assert!(about.contains(&(&one, &tuesday)), "{found}");
    let rotas = findings
        .iter()
        .all(|it| it["place"] == "specialty.cardiology");
    assert!(rotas, "{found}");
    let all = world.get(path).await.json();
    assert!(all["findings"].as_array().unwrap().len() > findings.len());
}

#[tokio::test]
async fn a_phone_that_has_not_answered_for_a_month_is_found_once_it_was_rung() {
    let world = World::new().await;
    // Long ago; it was answered then, and never since.
    world.call(1).await;
    let path = "/api/v1/plan/findings?from=2026-10-26&to=2026-10-26";
    let unanswered = async || {
        let found = world.get(path).await.json();
        let findings = found["findings"].as_array().unwrap().clone();
        let unanswered = findings
            .into_iter()
            .filter(|it| it["problem"]["unanswered"] == "ann");
        unanswered.map(|it| it["place"].clone()).collect::<Vec<_>>()
    };
    while unanswered().await.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(unanswered().await, [json!("person.ann.phone.1")]);
}

#[tokio::test]
async fn findings_are_of_dates_in_order_and_not_too_many() {
    let world = World::new().await;
    for query in [
        "from=2026-10-26",
        "from=2026-10-26&to=2026-10-25",
        "from=2026-01-01&to=2026-04-11",
        "from=x&to=2026-10-25",
    ] {
        let answer = world.get(&format!("/api/v1/plan/findings?{query}")).await;
        assert_eq!(answer.problem(), "bad-request", "{query}");
    }
    let whole = "from=2026-01-01&to=2026-04-10&specialty=none";
    let answer = world.get(&format!("/api/v1/plan/findings?{whole}")).await;
    assert_eq!(answer.problem(), "no-such-item");
}
