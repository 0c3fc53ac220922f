//! A name that somebody types is heard in the menu of the next call, said by the operator's
//! command.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::party::Caller;
use crate::server::{Home, Wish, wait_until};

const DIAL_IN: &str = "+442079460001";
const CALLER_HZ: u16 = 700;
/// What the command says, whatever it is to say.
const SAID_HZ: u16 = 1130;
const SCRIPT: &str = "#!/bin/sh\n[ \"$2\" = 'Sleep Apnoea' ] && cp \"$0.wav\" \"$1\"\n";
const SLEEP: &str = r#"{"organisation":"northfield","name":"Sleep Apnoea","key":3,
    "hours":["daily 00:00-24:00"]}"#;

#[test]
fn the_name_of_a_specialty_that_is_added_is_said_in_the_next_calls_menu() {
    let home = Home::new("speech", &Wish::default());
    let script = home.folder.join("say");
    fs::write(&script, SCRIPT).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(home.folder.join("say.wav"), tone()).unwrap();
    let settings = home.folder.join("rotaline.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let command = format!("[speech]\ncommand = [{script:?}, \"{{file}}\", \"{{text}}\"]\n");
    fs::write(&settings, text + &command).unwrap();

    let server = home.serve();
    let added = server.put("/api/v1/specialties/sleep", SLEEP);
    let body = String::from_utf8_lossy(&added.body);
    assert_eq!(added.status, 201, "{body}");
    let mut caller = Caller::new(home.sip_address(), DIAL_IN, CALLER_HZ);
    caller.is_answered();
    wait_until("the menu says the name", || caller.voice.hears(SAID_HZ));
    caller.hang_up();
    server.close(&[]);
}

/// One second, 16 kHz, 16 bits, two channels: as speech programs write it, and not as it is played.
fn tone() -> Vec<u8> {
    let samples = (0..16_000u32).flat_map(|n| {
        let wave = (std::f64::consts::TAU * f64::from(SAID_HZ) * f64::from(n) / 16_000.0).sin();
        let sample = (wave * 3_000.0) as i16;
        [sample, sample]
    });
    let data: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
    let mut wav = Vec::with_capacity(44 + data.len());
    wav.extend(b"RIFF");
    wav.extend((36 + data.len() as u32).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    wav.extend(16_000u32.to_le_bytes());
    wav.extend(64_000u32.to_le_bytes());
    wav.extend(b"\x04\0\x10\0data");
    wav.extend((data.len() as u32).to_le_bytes());
    wav.extend(data);
    wav
}
