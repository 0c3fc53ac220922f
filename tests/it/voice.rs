//! A party's RTP: a tone every 20 ms, keys, and what it hears (RFC 3550, RFC 3551, RFC 4733).

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rotaline_testkit::tones::{self, FRAME, Heard, Tone};

const PACKET_TIME: Duration = Duration::from_millis(20);
const PCMA: u8 = 8;
/// The payload type of telephone events in [`Voice::sdp`].
pub const EVENTS: u8 = 101;
const RTP_HEADER: usize = 12;

/// A stream that is sent, and what is heard of the other.
pub struct Voice {
    address: SocketAddr,
    ear: Arc<Mutex<Ear>>,
    mouth: Arc<Mutex<Mouth>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Ear {
    packets: u64,
    last: Option<Heard>,
}

#[derive(Default)]
struct Mouth {
    to: Option<SocketAddr>,
    /// Packets of the key that is being pressed, the next one last.
    key: Vec<[u8; 4]>,
}

impl Voice {
    /// Silent until it is told where to send.
    pub fn new(hz: u16) -> Voice {
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
            ear,
            mouth,
            over,
            thread: Some(thread::spawn(move || stream.run())),
        }
    }

    /// Its description (RFC 8866).
    pub fn sdp(&self) -> String {
        let (ip, port) = (self.address.ip(), self.address.port());
        format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP {PCMA} {EVENTS}\r\na=rtpmap:{EVENTS} telephone-event/8000\r\n\
             a=fmtp:{EVENTS} 0-15\r\na=ptime:20\r\n"
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
        let mut packets: Vec<[u8; 4]> = (1..=5).map(|n| event(key, n * 160, false)).collect();
        packets.extend([event(key, 800, true); 3]);
        packets.reverse();
        self.mouth().key = packets;
    }

    /// How many packets came so far.
    pub fn packets(&self) -> u64 {
        self.ear().packets
    }

    /// Whether the last 20 ms were this party's tone.
    pub fn hears(&self, hz: u16) -> bool {
        self.ear().last == Some(Heard::Party(hz))
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
            let (to, key) = {
                let mut mouth = self.mouth.lock().unwrap_or_else(PoisonError::into_inner);
                (mouth.to, mouth.key.pop())
            };
            let audio = self.tone.alaw_frame();
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
