//! What the peer sends: one RTP stream (one SSRC, unbroken sequence and timestamps) with a tone, a
//! WAV, silence or in-band digits in it, and RFC 4733 keys in place of the audio.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::{SocketAddr, UdpSocket};

use crate::audio::{self, Law};
use crate::hear::{COLUMNS, KEYPAD, ROWS};
use crate::json;
use crate::rtp::event_code_of;

pub const FRAME_MS: u64 = 20;
pub const FRAME_SAMPLES: usize = 160;
/// -10 dBFS for a tone; each of an in-band digit's two is as loud as a telephone's.
const TONE_AMPLITUDE: f64 = 10_000.0;
const DIGIT_AMPLITUDE: f64 = 7_000.0;
/// RFC 4733 2.5.1.4: the end of an event is sent three times.
const END_PACKETS: u64 = 3;
const MAX_KEYS_LISTED: usize = 1_000;
/// RFC 3389: its payload type, -60 dBov, and how often it is said anew.
const COMFORT_NOISE: u8 = 13;
const NOISE_LEVEL: u8 = 60;
const NOISE_EVERY_TICKS: u64 = 10;

pub enum Source {
    Silence,
    Tone(u32),
    Wav {
        samples: Vec<i16>,
        next: usize,
        looped: bool,
    },
}

impl Source {
    pub fn wav(path: &str, looped: bool) -> Result<Source, String> {
        let mut wav = audio::read_wav(path)?;
        if wav.rate != 8_000 || wav.channels.len() != 1 {
            return Err(format!("{path}: want 8000 Hz mono"));
        }
        Ok(Source::Wav {
            samples: wav.channels.remove(0),
            next: 0,
            looped,
        })
    }
}

/// A key being sent. Its timestamp stays that of its start (RFC 4733 2.5.1.2).
struct Key {
    code: u8,
    timestamp: u32,
    packets_sent: u64,
    packets_to_end: u64,
}

struct KeyLog {
    digit: char,
    start_ms: f64,
    end_ms: Option<f64>,
}

pub struct Sender {
    socket: UdpSocket,
    law: Law,
    dtmf_payload_type: u8,
    ssrc: u32,
    sequence: u16,
    first_timestamp: u32,
    tick: u64,
    pub source: Source,
    pub loss_percent: u32,
    sending: bool,
    /// Ticks of comfort noise so far; none: audio.
    noise: Option<u64>,
    /// The next packet begins a talkspurt: marker bit, RFC 3551 4.1.
    talkspurt: bool,
    key: Option<Key>,
    inband: Option<(char, u64)>,
    dice: u64,
    pub packets: u64,
    dropped: u64,
    first_ms: Option<f64>,
    last_ms: f64,
    pub max_late_ms: f64,
    keys: Vec<KeyLog>,
}

impl Sender {
    pub fn new(socket: UdpSocket, law: Law, dtmf_payload_type: u8, source: Source) -> Sender {
        let random = RandomState::new().build_hasher().finish();
        Sender {
            socket,
            law,
            dtmf_payload_type,
            ssrc: random as u32,
            sequence: (random >> 32) as u16,
            first_timestamp: (random >> 20) as u32,
            tick: 0,
            source,
            loss_percent: 0,
            sending: true,
            noise: None,
            talkspurt: true,
            key: None,
            inband: None,
            dice: random | 1,
            packets: 0,
            dropped: 0,
            first_ms: None,
            last_ms: 0.0,
            max_late_ms: 0.0,
            keys: Vec::new(),
        }
    }

    pub fn press(&mut self, digit: char, ms: u64) {
        let Some(code) = event_code_of(digit) else {
            return;
        };
        let packets_to_end = ms.div_ceil(FRAME_MS).max(1);
        self.key = Some(Key {
            code,
            timestamp: self.timestamp(),
            packets_sent: 0,
            packets_to_end,
        });
    }

    pub fn play_inband(&mut self, digit: char, ms: u64, now_ms: f64) {
        self.inband = Some((digit, ms.div_ceil(FRAME_MS).max(1)));
        if self.keys.len() < MAX_KEYS_LISTED {
            self.keys.push(KeyLog {
                digit,
                start_ms: now_ms,
                end_ms: None,
            });
        }
    }

    /// True while a key or an in-band digit is under way.
    pub fn busy(&self) -> bool {
        self.key.is_some() || self.inband.is_some()
    }

    pub fn wav_played(&self) -> bool {
        !matches!(self.source, Source::Wav { .. })
    }

    pub fn is_sending(&self) -> bool {
        self.sending
    }

    pub fn set_sending(&mut self, on: bool) {
        self.talkspurt |= on && !self.sending;
        self.sending = on;
    }

    /// RFC 3389: comfort noise packets now and then while there is nothing to be said.
    pub fn set_noise(&mut self, on: bool) {
        self.talkspurt |= !on && self.noise.is_some();
        self.noise = on.then_some(0);
    }

    /// Lets time pass that cannot be made up: timestamps go on with the clock.
    pub fn skip(&mut self, ticks: u64) {
        self.tick += ticks;
    }

    /// One packet's worth. Audio flows (a WAV goes on) also while a key takes its place.
    pub fn tick(&mut self, far: Option<SocketAddr>, now_ms: f64) {
        let in_audio = self.inband.is_some();
        let audio = self.next_frame();
        if let (true, None, Some(log)) = (in_audio, self.inband, self.keys.last_mut()) {
            log.end_ms = Some(now_ms + FRAME_MS as f64);
        }
        match (far, self.sending, self.key.is_some()) {
            (Some(far), true, true) => self.send_key(far, now_ms),
            (Some(far), true, false) if self.noise.is_some() => self.send_noise(far, now_ms),
            (Some(far), true, false) => {
                let payload: Vec<u8> = audio.iter().map(|&s| self.law.encode(s)).collect();
                let marker = std::mem::take(&mut self.talkspurt);
                let (kind, timestamp) = (self.law.payload_type(), self.timestamp());
                self.send(far, now_ms, marker, kind, timestamp, &payload);
            }
            _ => self.key = None, // the script's runner lets no key begin in this state
        }
        self.tick += 1;
    }

    fn timestamp(&self) -> u32 {
        self.first_timestamp
            .wrapping_add((self.tick * FRAME_SAMPLES as u64) as u32)
    }

    fn send_noise(&mut self, far: SocketAddr, now_ms: f64) {
        let ticks = self.noise.unwrap_or(0);
        self.noise = Some(ticks + 1);
        if ticks.is_multiple_of(NOISE_EVERY_TICKS) {
            let timestamp = self.timestamp();
            self.send(far, now_ms, false, COMFORT_NOISE, timestamp, &[NOISE_LEVEL]);
        }
    }

    /// RFC 4733 2.5.1: an update each 20 ms with growing duration, the marker on the first, the
    /// end three times at the same interval with the duration it had.
    fn send_key(&mut self, far: SocketAddr, now_ms: f64) {
        let Some(key) = self.key.as_mut() else { return };
        key.packets_sent += 1;
        let (first, past_end) = (
            key.packets_sent == 1,
            key.packets_sent >= key.packets_to_end,
        );
        let frames = key.packets_sent.min(key.packets_to_end);
        let duration = (frames * FRAME_SAMPLES as u64).min(0xFFFF) as u16;
        let end_and_volume = if past_end { 0x80 | 10 } else { 10 };
        let [high, low] = duration.to_be_bytes();
        let (code, timestamp) = (key.code, key.timestamp);
        let done = key.packets_sent + 1 >= key.packets_to_end + END_PACKETS;
        if first && self.keys.len() < MAX_KEYS_LISTED {
            let digit = "0123456789*#ABCD"
                .chars()
                .nth(usize::from(code))
                .unwrap_or('?');
            self.keys.push(KeyLog {
                digit,
                start_ms: now_ms,
                end_ms: None,
            });
        }
        if let (true, Some(log)) = (past_end, self.keys.last_mut()) {
            log.end_ms.get_or_insert(now_ms);
        }
        let payload = [code, end_and_volume, high, low];
        self.send(
            far,
            now_ms,
            first,
            self.dtmf_payload_type,
            timestamp,
            &payload,
        );
        if done {
            self.key = None;
        }
    }

    fn send(
        &mut self,
        far: SocketAddr,
        now_ms: f64,
        marker: bool,
        kind: u8,
        time: u32,
        payload: &[u8],
    ) {
        let mut packet = Vec::with_capacity(12 + payload.len());
        packet.extend([0x80, if marker { 0x80 | kind } else { kind }]);
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(time.to_be_bytes());
        packet.extend(self.ssrc.to_be_bytes());
        packet.extend(payload);
        self.sequence = self.sequence.wrapping_add(1);
        if self.roll() % 100 < u64::from(self.loss_percent) {
            self.dropped += 1;
            return;
        }
        // A refused or unreachable port is the server's affair; the stream goes on as a phone's.
        let _ = self.socket.send_to(&packet, far);
        self.packets += 1;
        self.first_ms.get_or_insert(now_ms);
        self.last_ms = now_ms;
    }

    /// Xorshift: enough for dropping packets.
    fn roll(&mut self) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice >> 16
    }

    fn next_frame(&mut self) -> [i16; FRAME_SAMPLES] {
        let at = self.tick * FRAME_SAMPLES as u64;
        if let Some((digit, left)) = self.inband {
            self.inband = (left > 1).then_some((digit, left - 1));
            let [low, high] = frequencies_of(digit);
            return std::array::from_fn(|i| {
                let n = at + i as u64;
                (sine(low, n, DIGIT_AMPLITUDE) + sine(high, n, DIGIT_AMPLITUDE)) as i16
            });
        }
        match &mut self.source {
            Source::Silence => [0; FRAME_SAMPLES],
            Source::Tone(hz) => {
                let hz = *hz;
                std::array::from_fn(|i| sine(hz, at + i as u64, TONE_AMPLITUDE) as i16)
            }
            Source::Wav {
                samples,
                next,
                looped,
            } => {
                let frame = std::array::from_fn(|i| {
                    let at = if *looped {
                        (*next + i) % samples.len().max(1)
                    } else {
                        *next + i
                    };
                    samples.get(at).copied().unwrap_or(0)
                });
                *next += FRAME_SAMPLES;
                if *next >= samples.len() {
                    if *looped {
                        *next %= samples.len().max(1);
                    } else {
                        self.source = Source::Silence;
                    }
                }
                frame
            }
        }
    }

    pub fn to_json(&self) -> String {
        let keys = self.keys.iter().map(|key| {
            json::object(&[
                ("digit", json::quote(&key.digit.to_string())),
                ("start_ms", json::ms(key.start_ms)),
                ("end_ms", json::ms(key.end_ms)),
            ])
        });
        json::object(&[
            ("ssrc", json::quote(&format!("{:08x}", self.ssrc))),
            ("packets", self.packets.to_string()),
            ("dropped", self.dropped.to_string()),
            ("first_ms", json::ms(self.first_ms)),
            ("last_ms", json::ms(self.first_ms.map(|_| self.last_ms))),
            ("max_late_ms", json::ms(self.max_late_ms)),
            ("keys", json::array(keys)),
        ])
    }
}

/// Exact phase by integers, so that a tone of any length never drifts.
fn sine(hz: u32, sample: u64, amplitude: f64) -> f64 {
    let turn = (u64::from(hz) * sample % 8_000) as f64 / 8_000.0;
    amplitude * (std::f64::consts::TAU * turn).sin()
}

fn frequencies_of(digit: char) -> [u32; 2] {
    for (row, keys) in KEYPAD.iter().enumerate() {
        if let Some(column) = keys.iter().position(|&key| key == digit) {
            return [ROWS[row], COLUMNS[column]];
        }
    }
    [0, 0] // unreachable by the script's parser; 0 Hz is silence
}
