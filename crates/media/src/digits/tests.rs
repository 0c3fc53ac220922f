//! Keys as telephone events, in every pathological form.

use super::*;

/// One leg's keypad under virtual time.
struct Keypad {
    digits: Digits,
    now: Mono,
    heard: String,
}

fn key(character: char) -> u8 {
    Digit::parse(character).unwrap().event()
}

impl Keypad {
    fn new() -> Self {
        Keypad {
            digits: Digits::default(),
            now: Mono::from_nanos(5_000_000_000),
            heard: String::new(),
        }
    }

    fn wait(&mut self, ms: u64) -> &mut Self {
        for _ in 0..ms {
            self.now += Duration::from_millis(1);
            let heard = &mut self.heard;
            self.digits.timeout(self.now, |key| note(heard, key));
        }
        self
    }

    /// One packet: SSRC, timestamp, flags of `m`arker and `e`nd, key, duration.
    fn packet(&mut self, ssrc: u32, ts: u32, flags: &str, digit: char, duration: u16) -> u32 {
        let header = Header {
            marker: flags.contains('m'),
            payload_type: 101,
            sequence: 0,
            timestamp: ts,
            ssrc: Ssrc(ssrc),
        };
        let event = TelephoneEvent {
            event: key(digit),
            end: flags.contains('e'),
            volume: 10,
            duration,
        };
        let heard = &mut self.heard;
        self.digits
            .packet(self.now, &header, event, |key| note(heard, key))
            .unwrap()
    }

    fn press(&mut self, ssrc: u32, ts: u32, digit: char) -> &mut Self {
        self.packet(ssrc, ts, "m", digit, 160);
        for n in 2..6 {
            self.wait(20).packet(ssrc, ts, "", digit, n * 160);
        }
        self.wait(20);
        for _ in 0..3 {
            self.packet(ssrc, ts, "e", digit, 960);
        }
        self
    }

    fn heard(&self) -> &str {
        &self.heard
    }
}

/// Down is `v5`, complete is `5`.
fn note(heard: &mut String, key: Key) {
    match key {
        Key::Down(digit) => {
            heard.push('v');
            heard.push(digit.as_char());
        }
        Key::Complete(digit) => heard.push(digit.as_char()),
    }
}

#[test]
fn a_press_is_told_once_at_its_start_and_once_at_its_first_end_packet() {
    let mut keypad = Keypad::new();
    keypad.packet(1, 0, "m", '5', 160);
    assert_eq!(keypad.heard(), "v5");
    keypad.wait(20).packet(1, 0, "", '5', 320);
    assert_eq!(keypad.heard(), "v5");
    keypad.wait(20).packet(1, 0, "e", '5', 480);
    assert_eq!(keypad.heard(), "v55");
    keypad.packet(1, 0, "e", '5', 480);
    keypad.wait(20).packet(1, 0, "e", '5', 480);
    keypad.wait(500);
    assert_eq!(keypad.heard(), "v55");
}

#[test]
fn a_lost_end_completes_the_press_100_ms_after_its_last_packet() {
    let mut keypad = Keypad::new();
    keypad.packet(1, 0, "m", '5', 160);
    keypad.wait(50).packet(1, 0, "", '5', 560);
    assert_eq!(
        keypad.digits.deadline(),
        Some(keypad.now + Duration::from_millis(100))
    );
    keypad.wait(99);
    assert_eq!(keypad.heard(), "v5");
    keypad.wait(1);
    assert_eq!(keypad.heard(), "v55");
    assert_eq!(keypad.digits.deadline(), None);
    keypad.wait(30).packet(1, 0, "e", '5', 960);
    assert_eq!(
        keypad.heard(),
        "v55",
        "the end that came too late is no press"
    );
}

#[test]
fn only_the_end_packets_arrive() {
    let mut keypad = Keypad::new();
    keypad.packet(1, 0, "e", '#', 960);
    keypad.packet(1, 0, "e", '#', 960);
    assert_eq!(keypad.heard(), "v##");
}

#[test]
fn the_same_key_twice_is_two_presses() {
    let mut keypad = Keypad::new();
    keypad.press(1, 0, '1').wait(60).press(1, 1600, '1');
    assert_eq!(keypad.heard(), "v11v11");
}

#[test]
fn one_timestamp_for_the_whole_call_needs_marker_and_200_ms() {
    let mut keypad = Keypad::new();
    keypad.press(1, 0, '1').wait(199).press(1, 0, '1');
    assert_eq!(keypad.heard(), "v11", "sooner than 200 ms");
    keypad.wait(200).press(1, 0, '1');
    assert_eq!(keypad.heard(), "v11v11");
    keypad.wait(400).packet(1, 0, "", '1', 160);
    assert_eq!(keypad.heard(), "v11v11", "without the marker");
}

#[test]
fn another_key_on_the_same_timestamp_is_a_new_press() {
    let mut keypad = Keypad::new();
    keypad.press(1, 0, '1').wait(60).press(1, 0, '2');
    assert_eq!(keypad.heard(), "v11v22");
}

#[test]
fn each_key_on_an_ssrc_of_its_own_with_one_timestamp() {
    let mut keypad = Keypad::new();
    keypad.press(1, 0, '4').wait(60).press(2, 0, '4');
    keypad.wait(60).press(3, 0, '4');
    assert_eq!(keypad.heard(), "v44v44v44");
}

#[test]
fn a_new_key_completes_the_one_whose_end_is_lost() {
    let mut keypad = Keypad::new();
    keypad.packet(1, 0, "m", '1', 160);
    keypad.wait(60).packet(1, 480, "m", '2', 160);
    assert_eq!(keypad.heard(), "v11v2");
}

#[test]
fn a_late_packet_of_the_press_before_is_no_press() {
    let mut keypad = Keypad::new();
    keypad.press(1, 0, '1').wait(40);
    assert_eq!(keypad.packet(1, 1280, "m", '2', 160), 2);
    assert_eq!(keypad.packet(1, 0, "e", '1', 960), 1);
    assert_eq!(keypad.packet(1, 1280, "e", '2', 320), 2);
    assert_eq!(keypad.heard(), "v11v22");
}

#[test]
fn reordered_first_packets_are_one_press() {
    let mut keypad = Keypad::new();
    keypad.packet(1, 0, "", '7', 320);
    keypad.packet(1, 0, "m", '7', 160);
    keypad.wait(20).packet(1, 0, "e", '7', 480);
    keypad.packet(1, 0, "", '7', 400);
    assert_eq!(keypad.heard(), "v77");
}

#[test]
fn a_key_held_for_twenty_seconds_is_one_press() {
    let mut keypad = Keypad::new();
    let mut segment = 0;
    let mut duration = 0u16;
    for n in 0..1000 {
        match duration.checked_add(160) {
            Some(longer) => duration = longer,
            None => {
                segment += u32::from(duration);
                duration = 160;
            }
        }
        keypad.packet(1, segment, if n == 0 { "m" } else { "" }, '0', duration);
        keypad.wait(20);
    }
    keypad.packet(1, segment, "e", '0', duration);
    assert_eq!(keypad.heard(), "v00");
}

#[test]
fn events_that_are_no_keys_are_ignored() {
    let mut digits = Digits::default();
    let header = Header {
        marker: true,
        payload_type: 101,
        sequence: 0,
        timestamp: 0,
        ssrc: Ssrc(1),
    };
    let flash = TelephoneEvent {
        event: 16,
        end: true,
        volume: 0,
        duration: 800,
    };
    let told = digits.packet(Mono::ZERO, &header, flash, |_| panic!("a key"));
    assert_eq!(told, None);
}
