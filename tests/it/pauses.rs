//! Somebody pauses their calls (SERVICE 1.6): at once, also across a kill, until the pause ends.

use crate::party::{Caller, Manner, Phone};
use crate::server::{Home, Server, Wish, wait_until};

const CALLER_HZ: u16 = 700;
const PHONE_HZ: u16 = 1130;
const CARDIOLOGY: &str = "02079460002";

fn are_over(server: &Server, calls: usize) -> bool {
    let list = server.get("/api/v1/calls");
    let list = list["calls"].as_array().unwrap();
    list.len() == calls && list.iter().all(|call| call["closed_at"].is_string())
}

#[test]
fn a_pause_stops_a_phone_that_rings_and_holds_after_a_kill_until_it_is_ended() {
    let home = Home::new("pauses", &Wish::default());
    let server = home.serve();
    let phone = Phone::at(home.phone, PHONE_HZ, Manner::Rings);
    let mut caller = Caller::new(home.sip_address(), CARDIOLOGY, CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("the phone rings", || phone.invited() == 1);
    let begun = server.post("/api/v1/pauses", r#"{"person":"ann","minutes":10}"#);
    assert_eq!(begun.status, 201);
    wait_until("it stops", || phone.ended() == 1);
    caller.hang_up();
    wait_until("the case is closed", || are_over(&server, 1));
    assert_eq!(server.only_case()["attempts"][0]["result"], "paused");
    server.kill();

    let server = home.serve();
    assert_eq!(server.get("/api/v1/pauses")[0]["person"], "ann");
    let mut caller = Caller::new(home.sip_address(), CARDIOLOGY, CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("the hunt has begun", || {
        server.get("/api/v1/calls")["calls"][0]["specialty"] == "cardiology"
    });
    caller.hang_up();
    wait_until("the second case is closed", || are_over(&server, 2));
    assert_eq!(server.get("/api/v1/calls")["calls"][0]["refs"], 0);

    let ended = server.send("DELETE", "/api/v1/pauses/ann", "", "");
    assert_eq!(ended.status, 204);
    let mut caller = Caller::new(home.sip_address(), CARDIOLOGY, CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("the phone rings again", || phone.invited() == 2);
    caller.hang_up();
    wait_until("all is over", || are_over(&server, 3));
    server.close(&[]);
}
