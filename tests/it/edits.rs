//! The plan is edited while the service runs, and outlives it.

use crate::party::{Caller, Manner, Phone};
use crate::server::{Home, Wish, wait_until};

const CALLER_HZ: u16 = 700;
const PHONE_HZ: u16 = 1130;

#[test]
fn an_edit_holds_for_the_next_call_and_after_a_restart() {
    let home = Home::new("edits", &Wish::default());
    let server = home.serve();
    let wrong = server.put(
        "/api/v1/numbers/1000",
        r#"{"service":"direct","to":"nobody"}"#,
    );
    assert_eq!(wrong.status, 422);
    // The line rings nobody's port now; then it is put right while the service runs.
    let port = home.phone + 1;
    let line = format!(
        r#"{{"service":"direct","to":"sip:line@127.0.0.1:{port}","answer":"on-arrival",
            "acceptance":"direct-line"}}"#
    );
    assert_eq!(server.put("/api/v1/numbers/1000", &line).status, 200);
    let phone = Phone::at(port, PHONE_HZ, Manner::Answers);
    let mut caller = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("they hear each other", || {
        caller.voice.hears(PHONE_HZ) && phone.voice.hears(CALLER_HZ)
    });
    assert_eq!(caller.hang_up().status(), 200);
    server.close(&[]);

    let server = home.serve();
    let kept = server.get("/api/v1/numbers/1000");
    assert_eq!(kept["to"], format!("sip:line@127.0.0.1:{port}"));
    server.close(&[]);
}
