//! A patient's line out of hours: a request is left, and the case shows it.

use std::time::Duration;

use crate::party::Caller;
use crate::server::{Home, Wish, wait_until};

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
    server.close(&[]);
}
