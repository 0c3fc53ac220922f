//! The service directory, as anybody meets it.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};

use jiff::Timestamp;

use super::world::{Answer, World, story};

/// As somebody who has no token.
async fn anyone(world: &World, path: &str) -> Answer {
    let request = Request::get(path).body(Body::empty()).unwrap();
    world.send(request).await
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

#[tokio::test]
async fn anybody_sees_numbers_keys_hours_and_bases_and_no_person() {
    let world = World::new().await;
    let answer = anyone(&world, "/api/v1/directory/northfield").await;
    assert_eq!(answer.status, StatusCode::OK);
    let told = answer.json();
    assert_eq!(told["name"], "Northfield Hospitals");
    assert_eq!(told["dial_in"][0], "+442079460001");
    assert_eq!(told["calls_come_from"], "+442079460000");
    let teams = told["specialties"].as_array().unwrap();
    let first = &teams[0];
    assert_eq!(
        (&first["name"], &first["key"], &first["open"]),
        (&"Cardiology".into(), &"1".into(), &true.into())
    );
    assert_eq!(first["base"], "Northfield General Hospital");
    let keys: Vec<_> = teams.iter().map(|team| team["key"].as_str()).collect();
    assert!(
        keys.is_sorted_by_key(|key| (key.is_none(), *key)),
        "{keys:?}"
    );
    let page = text(&anyone(&world, "/directory/northfield").await);
    for whole in [text(&answer), page] {
        for personal in ["Archer", "ann", "07700"] {
            assert!(!whole.contains(personal), "{personal} in {whole}");
        }
    }
}

#[tokio::test]
async fn the_typical_wait_is_of_those_who_were_joined_today() {
    let world = World::new().await;
    world.call(1).await;
    let mut today = story(2);
    let later = Timestamp::now().duration_since(today[0].at);
    for record in &mut today {
        record.at += later;
    }
    world.journalled(today).await;
    let calls = world.get("/api/v1/calls").await.json();
    let wait_s = &calls["calls"][0]["wait_s"];
    assert!(wait_s.is_number(), "{calls}");
    let told = anyone(&world, "/api/v1/directory/northfield").await.json();
    assert_eq!(&told["specialties"][0]["typical_wait_s"], wait_s);
    assert!(told["specialties"][1]["typical_wait_s"].is_null(), "{told}");
}

#[tokio::test]
async fn the_page_is_whole_in_itself_and_runs_nothing() {
    let world = World::new().await;
    let answer = anyone(&world, "/directory/northfield").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.header(header::CONTENT_TYPE).starts_with("text/html"));
    let policy = answer.header(header::CONTENT_SECURITY_POLICY);
    assert!(policy.starts_with("default-src 'none'"));
    let page = text(&answer);
    for part in ["Open day and night", "tel:+442079460001", ">020 7946 0001<"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    for outside in ["<script", "src=", "http:", "https:", "@import"] {
        assert!(!page.contains(outside), "{outside} in {page}");
    }
}

#[tokio::test]
async fn contact_cards_are_of_the_number_to_ring_and_of_the_one_that_rings() {
    let world = World::new().await;
    let answer = anyone(&world, "/directory/northfield/contact.vcf").await;
    assert!(
        answer
            .header(header::CONTENT_TYPE)
            .starts_with("text/vcard")
    );
    let cards = text(&answer);
    assert_eq!(cards.matches("BEGIN:VCARD\r\n").count(), 2);
    assert_eq!(cards.matches("END:VCARD\r\n").count(), 2);
    assert!(cards.contains("FN:Northfield Hospitals advice line\r\n"));
    assert!(cards.contains("TEL;VALUE=uri;TYPE=voice:tel:+442079460001\r\n"));
    assert!(cards.contains("TEL;VALUE=uri;TYPE=voice:tel:+442079460000\r\n"));
}

#[tokio::test]
async fn what_is_no_organisation_is_not_there() {
    let world = World::new().await;
    for path in [
        "/api/v1/directory/southfield",
        "/directory/southfield",
        "/directory/southfield/contact.vcf",
        "/directory/%3Cscript%3E",
        "/directory/..%2f..%2fetc",
    ] {
        let answer = anyone(&world, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.problem(), "no-such-item", "{path}");
    }
}
