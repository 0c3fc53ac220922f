//! A patient's line out of hours: a request is left, and the case shows it.

use std::time::Duration;

use crate::party::Caller;
use crate::server::{Home, Server, Wish, wait_until};

#[test]
fn out_of_hours_a_request_is_left_and_stands_in_the_case() {
    let home = Home::new("pifu", &Wish::default());
    let server = home.serve();
    let mut patient = Caller::new(home.sip_address(), "02079460013", 1000);
    assert_eq!(patient.call().status(), 200);
    // Said to its end whatever is keyed, the emergency sentence takes none of these.
    wait_until("the number is confirmed and kept", || {
        patient.voice.press(1);
        assert!(!patient.is_hung_up_within(Duration::from_millis(700)));
        let case = server.only_case();
        case["requests"].as_array().is_some_and(|it| it.len() == 1)
    });
    wait_until("it is over", || {
        patient.voice.press(11);
        patient.is_hung_up_within(Duration::from_millis(700))
    });
    let case = server.only_case();
    let request = &case["requests"][0];
    assert_eq!(request["number"], "+441632960101");
    assert_eq!(request["why"], "out_of_hours");
    assert_eq!(request["state"], "open");
    wait_until("the case is closed", || {
        server.only_case()["end_cause"] == "call_back_requested"
    });
    deal_with(server, &home, request["id"].as_str().unwrap());
}

/// The secretaries have it on their list until they say that it is dealt with, for good.
fn deal_with(server: Server, home: &Home, id: &str) {
    let listed = server.get("/api/v1/pifu-requests");
    assert_eq!(listed[0]["id"], id, "{listed}");
    assert_eq!(listed[0]["call"], server.only_case()["id"]);
    let path = format!("/api/v1/pifu-requests/{id}");
    assert_eq!(server.put(&path, r#"{"state":"done"}"#).status, 200);
    let call = server.only_case()["id"].as_str().unwrap().to_owned();
    let number = format!("/api/v1/calls/{call}/nhs-number");
    let given = server.put(&number, r#"{"nhs_number":"943 476 5919"}"#);
    assert_eq!(given.status, 200);
    server.kill();

    let server = home.serve();
    assert_eq!(server.get("/api/v1/pifu-requests"), serde_json::json!([]));
    let case = server.only_case();
    assert_eq!(case["requests"][0]["state"], "done");
    assert_eq!(case["nhs_number"], "9434765919");
    server.close(&[]);
}
