//! A party's RTP: a tone every 20 ms, keys, and what it hears (RFC 3550, RFC 3551, RFC 4733).

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rotaline_model::Digit;
use rotaline_testkit::tones::{self, FRAME, Heard, Tone};

use crate::tape::Keyed;

const PACKET_TIME: Duration = Duration::from_millis(20);
const PCMA: u8 = 8;
/// The payload type of telephone events in [`Voice::sdp`].
pub const EVENTS: u8 = 101;
const RTP_HEADER: usize = 12;
/// Packets that a key lasts.
const KEY_PACKETS: u16 = 5;
/// From a key's start to the next one's.
const KEY_EVERY: Duration = Duration::from_millis(240);
/// When a key is over, so that it has been acted upon, or soon is.
const KEY_LASTS: Duration = Duration::from_millis(100);
const KEY_DBFS: f64 = -12.0;

/// A stream that is sent, and what is heard of the other.
pub struct Voice {
    address: SocketAddr,
    keys: Keys,
    ear: Arc<Mutex<Ear>>,
    mouth: Arc<Mutex<Mouth>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// How keys are pressed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    /// As telephone events.
    Events,
    /// As tones; telephone events are not offered.
    InAudio,
}

#[derive(Default)]
struct Ear {
    packets: u64,
    last: Option<Heard>,
    parties: BTreeSet<u16>,
}

#[derive(Default)]
struct Mouth {
    to: Option<SocketAddr>,
    /// Packets of the key that is being pressed, the next one last.
    key: Vec<[u8; 4]>,
    /// The same, where it is pressed in the audio.
    tones: Vec<[u8; FRAME]>,
}

impl Voice {
    /// Silent until it is told where to send.
    pub fn new(hz: u16) -> Voice {
        Voice::with_keys(hz, Keys::Events)
    }

    /// The same, of a phone that knows no telephone events.
    pub fn without_events(hz: u16) -> Voice {
        Voice::with_keys(hz, Keys::InAudio)
    }

    fn with_keys(hz: u16, keys: Keys) -> Voice {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(1)))
            .unwrap();
        let address = socket.local_addr().unwrap();
        let (ear, mouth) = <(Arc<Mutex<Ear>>, Arc<Mutex<Mouth>>)>::default();
        let over = Arc::new(AtomicBool::new(false));
        let stream = Stream {
            socket,
            tone: Tone::new(f64::from(hz), -12.0),
            ear: Arc::clone(&ear),
            mouth: Arc::clone(&mouth),
            over: Arc::clone(&over),
        };
        Voice {
            address,
            keys,
            ear,
            mouth,
            over,
            thread: Some(thread::spawn(move || stream.run())),
        }
    }

    /// Its description (RFC 8866).
    pub fn sdp(&self) -> String {
        let (ip, port) = (self.address.ip(), self.address.port());
        let (kinds, events) = match self.keys {
            Keys::InAudio => (format!("{PCMA}"), String::new()),
            Keys::Events => (
                format!("{PCMA} {EVENTS}"),
                format!("a=rtpmap:{EVENTS} telephone-event/8000\r\na=fmtp:{EVENTS} 0-15\r\n"),
            ),
        };
        format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP {kinds}\r\n{events}a=ptime:20\r\n"
        )
    }

    /// Speaks, to where this description says.
    pub fn speak_to(&self, sdp: &str) {
        let port = sdp.lines().find_map(|line| line.strip_prefix("m=audio "));
        let port = port.and_then(|rest| rest.split(' ').next()?.parse().ok());
        let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port.expect("an audio port")));
        self.mouth().to = Some(to);
    }

    /// Speaks no more.
    pub fn be_silent(&self) {
        self.mouth().to = None;
    }

    /// Where it sends.
    pub fn to(&self) -> SocketAddr {
        self.mouth().to.expect("it has been told")
    }

    /// Presses a key for 100 ms.
    pub fn press(&self, key: u8) {
        match self.keys {
            Keys::Events => {
                let packet = |n| event(key, n * FRAME as u16, false);
                let mut packets: Vec<[u8; 4]> = (1..=KEY_PACKETS).map(packet).collect();
                packets.extend([event(key, KEY_PACKETS * FRAME as u16, true); 3]);
                packets.reverse();
                self.mouth().key = packets;
            }
            Keys::InAudio => {
                let mut tone = Tone::key(Digit::from_event(key).unwrap(), KEY_DBFS);
                let frames = (0..KEY_PACKETS).map(|_| tone.alaw_frame());
                let mut frames: Vec<[u8; FRAME]> = frames.collect();
                frames.reverse();
                self.mouth().tones = frames;
            }
        }
    }

    /// Presses keys one after the other, `0` to `9`, `*` and `#`, and waits until they are over.
    pub fn key(&self, keys: &str) -> Keyed {
        let from = Instant::now();
        let mut begun = from;
        for key in keys.chars() {
            begun = Instant::now();
            self.press(match key {
                '*' => 10,
                '#' => 11,
                digit => digit
                    .to_digit(10)
                    .and_then(|it| it.try_into().ok())
                    .unwrap(),
            });
            self.listen_for(KEY_EVERY);
        }
        Keyed {
            from,
            to: begun + KEY_LASTS,
        }
    }

    /// Says nothing but its tone for so long.
    pub fn listen_for(&self, time: Duration) {
        let until = Instant::now() + time;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            thread::park_timeout(left);
        }
    }

    /// How many packets came so far.
    pub fn packets(&self) -> u64 {
        self.ear().packets
    }

    /// Whether the last 20 ms were this party's tone.
    pub fn hears(&self, hz: u16) -> bool {
        self.ear().last == Some(Heard::Party(hz))
    }

    /// Whether it ever was.
    pub fn has_heard(&self, hz: u16) -> bool {
        self.ear().parties.contains(&hz)
    }

    fn ear(&self) -> std::sync::MutexGuard<'_, Ear> {
        self.ear.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mouth(&self) -> std::sync::MutexGuard<'_, Mouth> {
        self.mouth.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Stream {
    socket: UdpSocket,
    tone: Tone,
    ear: Arc<Mutex<Ear>>,
    mouth: Arc<Mutex<Mouth>>,
    over: Arc<AtomicBool>,
}

impl Stream {
    fn run(mut self) {
        let mut next = Instant::now();
        let (mut sequence, mut timestamp, mut key_at) = (1_u16, 160_u32, None);
        while !self.over.load(Ordering::Acquire) {
            self.listen(next);
            next += PACKET_TIME;
            let (to, key, tones) = {
                let mut mouth = self.mouth.lock().unwrap_or_else(PoisonError::into_inner);
                (mouth.to, mouth.key.pop(), mouth.tones.pop())
            };
            let audio = tones.unwrap_or_else(|| self.tone.alaw_frame());
            if let Some(to) = to {
                let begins = key.is_some() && key_at.is_none();
                key_at = key.and(key_at.or(Some(timestamp)));
                let (kind, payload) = match &key {
                    Some(event) => (EVENTS, event.as_slice()),
                    None => (PCMA, audio.as_slice()),
                };
                let at = key_at.unwrap_or(timestamp);
                let packet = rtp(Marker::from(begins), kind, sequence, at, payload);
                let _ = self.socket.send_to(&packet, to);
            }
            sequence = sequence.wrapping_add(1);
            timestamp = timestamp.wrapping_add(FRAME as u32);
        }
    }

    fn listen(&self, until: Instant) {
        let mut packet = [0; 2048];
        while Instant::now() < until {
            let Ok((length, _)) = self.socket.recv_from(&mut packet) else {
                continue;
            };
            let mut ear = self.ear.lock().unwrap_or_else(PoisonError::into_inner);
            ear.packets += 1;
            ear.last = packet.get(RTP_HEADER..length).map(tones::name_alaw);
            if let Some(Heard::Party(hz)) = ear.last {
                ear.parties.insert(hz);
            }
        }
    }
}

/// RFC 3550 section 5.1: the marker bit.
#[derive(Clone, Copy)]
pub enum Marker {
    /// Set.
    Set,
    /// Not set.
    Clear,
}

impl From<bool> for Marker {
    fn from(set: bool) -> Self {
        if set { Marker::Set } else { Marker::Clear }
    }
}

/// One RTP packet of the one SSRC that every party here has.
pub fn rtp(marker: Marker, kind: u8, sequence: u16, timestamp: u32, payload: &[u8]) -> Vec<u8> {
    let kind = match marker {
        Marker::Set => kind | 0x80,
        Marker::Clear => kind,
    };
    let mut packet = vec![0x80, kind];
    packet.extend(sequence.to_be_bytes());
    packet.extend(timestamp.to_be_bytes());
    packet.extend(0x1234_5678_u32.to_be_bytes());
    packet.extend(payload);
    packet
}

/// RFC 4733 section 2.3: one packet of a key.
pub fn event(key: u8, duration: u16, ends: bool) -> [u8; 4] {
    let [high, low] = duration.to_be_bytes();
    [key, if ends { 0x8a } else { 0x0a }, high, low]
}
