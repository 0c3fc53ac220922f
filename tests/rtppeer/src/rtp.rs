//! What arrives on the wire: RTP and its continuity (RFC 3550 5.1, RFC 3551), telephone events
//! (RFC 4733 2.3), RTCP counts (RFC 3550 6). Parsers take any bytes and never panic.

use crate::json;

/// Lists in the report stop growing here; the counters beside them do not.
const MAX_LISTED: usize = 1_000;
/// A sequence step beyond this is a restart, not a loss (MAX_DROPOUT, RFC 3550 A.1).
const MAX_DROPOUT: i16 = 3_000;
const SAMPLES_PER_MS: f64 = 8.0;

pub struct Packet<'a> {
    pub marker: bool,
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    pub payload: &'a [u8],
}

/// RFC 3550 5.1, 5.3.1: fixed header, contributing sources, extension, padding.
pub fn parse(datagram: &[u8]) -> Option<Packet<'_>> {
    let header: &[u8; 12] = datagram.get(..12)?.try_into().ok()?;
    if header[0] >> 6 != 2 {
        return None;
    }
    let mut start = 12 + 4 * usize::from(header[0] & 0x0F);
    if header[0] & 0x10 != 0 {
        let words = datagram.get(start + 2..start + 4)?;
        start += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
    }
    let padding = if header[0] & 0x20 != 0 {
        usize::from(*datagram.last()?)
    } else {
        0
    };
    let end = datagram.len().checked_sub(padding)?;
    Some(Packet {
        marker: header[1] & 0x80 != 0,
        payload_type: header[1] & 0x7F,
        sequence: u16::from_be_bytes([header[2], header[3]]),
        timestamp: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
        ssrc: u32::from_be_bytes([header[8], header[9], header[10], header[11]]),
        payload: datagram.get(start..end)?,
    })
}

/// Is the stream one stream? Sequence, timestamps, SSRC and arrival, as they came.
#[derive(Default)]
pub struct Continuity {
    pub packets: u64,
    pub first_ms: Option<f64>,
    pub last_ms: f64,
    pub max_gap_ms: f64,
    pub max_gap_at_ms: Option<f64>,
    pub ssrcs: Vec<u32>,
    pub ssrc_changes: u64,
    pub lost: i64,
    pub duplicates: u64,
    pub reordered: u64,
    pub restarts: u64,
    pub stray: u64,
    pub markers: u64,
    pub payload_types: std::collections::BTreeMap<u8, u64>,
    pub ts_seq_dev_ms: f64,
    pub ts_arrival_dev_ms: f64,
    marker_ms: Vec<f64>,
    current_ssrc: Option<u32>,
    highest: Option<u16>,
    restart_at: Option<u16>,
    /// The 64 sequence numbers up to `highest`, bit 0 the newest.
    seen: u64,
    previous_audio: Option<(u16, u32)>,
    transit: Option<Transit>,
}

/// Arrival minus timestamp, relative to the stream's first packet: constant for a perfect sender.
struct Transit {
    first_timestamp: u32,
    earliest_ms: f64,
    latest_ms: f64,
}

impl Continuity {
    /// Takes one packet. False for a duplicate or a stray one, which must not be heard.
    pub fn take(&mut self, at_ms: f64, packet: &Packet) -> bool {
        self.note_arrival(at_ms);
        self.note_ssrc(packet.ssrc);
        *self.payload_types.entry(packet.payload_type).or_default() += 1;
        if packet.marker {
            self.markers += 1;
            if self.marker_ms.len() < MAX_LISTED {
                self.marker_ms.push(at_ms);
            }
        }
        self.note_sequence(packet.sequence)
    }

    fn note_arrival(&mut self, at_ms: f64) {
        if self.first_ms.is_some() && at_ms - self.last_ms > self.max_gap_ms {
            self.max_gap_ms = at_ms - self.last_ms;
            self.max_gap_at_ms = Some(self.last_ms);
        }
        self.packets += 1;
        self.first_ms.get_or_insert(at_ms);
        self.last_ms = at_ms;
    }

    fn note_ssrc(&mut self, ssrc: u32) {
        if self.current_ssrc == Some(ssrc) {
            return;
        }
        self.ssrc_changes += u64::from(self.current_ssrc.is_some());
        if !self.ssrcs.contains(&ssrc) && self.ssrcs.len() < MAX_LISTED {
            self.ssrcs.push(ssrc);
        }
        (self.current_ssrc, self.highest, self.seen) = (Some(ssrc), None, 0);
        (self.previous_audio, self.transit) = (None, None);
    }

    fn note_sequence(&mut self, sequence: u16) -> bool {
        let step = self
            .highest
            .map_or(1, |highest| sequence.wrapping_sub(highest) as i16);
        match step {
            -63..=0 => {
                let bit = 1u64 << -step;
                if self.seen & bit != 0 {
                    self.duplicates += 1;
                    return false;
                }
                self.seen |= bit;
                self.reordered += 1;
                self.lost -= 1; // it was counted as lost when a later one came
                return true;
            }
            1..=MAX_DROPOUT => {
                self.lost += i64::from(step) - 1;
                self.seen = self.seen.checked_shl(step as u32).unwrap_or(0) | 1;
            }
            // RFC 3550 A.1: a far-off number is a restart only if the next one follows it.
            _ if self.restart_at != Some(sequence) => {
                self.restart_at = Some(sequence.wrapping_add(1));
                self.stray += 1;
                return false;
            }
            _ => {
                self.restarts += 1;
                self.seen = 1;
                self.previous_audio = None;
            }
        }
        self.highest = Some(sequence);
        true
    }

    /// Audio's timestamps against the sequence: each step of one is one packet's samples. A marker
    /// begins a talkspurt (RFC 3551 4.1), where only arrival can say whether the jump is right.
    pub fn note_audio_time(&mut self, at_ms: f64, packet: &Packet) {
        if let (Some((sequence, timestamp)), false) = (self.previous_audio, packet.marker) {
            let steps = packet.sequence.wrapping_sub(sequence) as i16;
            let expected =
                timestamp.wrapping_add((i32::from(steps) * packet.payload.len() as i32) as u32);
            let samples = f64::from(packet.timestamp.wrapping_sub(expected) as i32).abs();
            self.ts_seq_dev_ms = self.ts_seq_dev_ms.max(samples / SAMPLES_PER_MS);
        }
        self.previous_audio = Some((packet.sequence, packet.timestamp));
        self.note_transit(at_ms, packet.timestamp);
    }

    /// The first packet of a telephone event: its timestamp is the event's start and stays, so the
    /// next audio packet cannot be judged by its sequence number.
    pub fn note_event_time(&mut self, at_ms: f64, packet: &Packet, first: bool) {
        self.previous_audio = None;
        if first {
            self.note_transit(at_ms, packet.timestamp);
        }
    }

    fn note_transit(&mut self, at_ms: f64, timestamp: u32) {
        let first_timestamp = self
            .transit
            .as_ref()
            .map_or(timestamp, |t| t.first_timestamp);
        let samples = f64::from(timestamp.wrapping_sub(first_timestamp) as i32);
        let now_ms = at_ms - samples / SAMPLES_PER_MS;
        let transit = self.transit.get_or_insert(Transit {
            first_timestamp,
            earliest_ms: now_ms,
            latest_ms: now_ms,
        });
        transit.earliest_ms = transit.earliest_ms.min(now_ms);
        transit.latest_ms = transit.latest_ms.max(now_ms);
        let spread = transit.latest_ms - transit.earliest_ms;
        self.ts_arrival_dev_ms = self.ts_arrival_dev_ms.max(spread);
    }

    pub fn to_json(&self) -> String {
        let mean = (self.packets > 1)
            .then(|| (self.last_ms - self.first_ms.unwrap_or(0.0)) / (self.packets - 1) as f64);
        let types: Vec<_> = self
            .payload_types
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect();
        let types: Vec<_> = types.iter().map(|(k, v)| (k.as_str(), v.clone())).collect();
        let ssrcs = self.ssrcs.iter().map(|s| json::quote(&format!("{s:08x}")));
        json::object(&[
            ("packets", self.packets.to_string()),
            ("first_ms", json::ms(self.first_ms)),
            ("last_ms", json::ms(self.first_ms.map(|_| self.last_ms))),
            ("mean_interarrival_ms", json::ms(mean)),
            ("max_gap_ms", json::ms(self.max_gap_ms)),
            ("max_gap_at_ms", json::ms(self.max_gap_at_ms)),
            ("ssrcs", json::array(ssrcs)),
            ("ssrc_changes", self.ssrc_changes.to_string()),
            ("lost", self.lost.to_string()),
            ("duplicates", self.duplicates.to_string()),
            ("reordered", self.reordered.to_string()),
            ("sequence_restarts", self.restarts.to_string()),
            ("stray", self.stray.to_string()),
            ("ts_seq_dev_ms", json::ms(self.ts_seq_dev_ms)),
            ("ts_arrival_dev_ms", json::ms(self.ts_arrival_dev_ms)),
            ("payload_types", json::object(&types)),
            ("markers", self.markers.to_string()),
            (
                "marker_ms",
                json::array(self.marker_ms.iter().map(|&at| json::ms(at))),
            ),
        ])
    }
}

/// One keypad event: all packets with its SSRC and timestamp.
pub struct Event {
    pub digit: char,
    pub start_ms: f64,
    end_ms: Option<f64>,
    duration_ms: f64,
    packets: u32,
    end_packets: u32,
    marker: bool,
    key: (u32, u32, u8),
}

/// The telephone events received, RFC 4733 2.3.
#[derive(Default)]
pub struct Events {
    pub list: Vec<Event>,
    pub left_out: u64,
}

impl Events {
    /// Takes a packet of the telephone-event payload type; true where it opens a new event.
    pub fn take(&mut self, at_ms: f64, packet: &Packet) -> bool {
        let &[code, flags, high, low, ..] = packet.payload else {
            return false;
        };
        let key = (packet.ssrc, packet.timestamp, code);
        // Late repeats of an end packet may come after the next event began; not long after.
        let mut known = self.list.iter().rev().take(8);
        let opens = !known.any(|event| event.key == key);
        if opens && self.list.len() >= MAX_LISTED {
            self.left_out += 1;
            return true;
        }
        if opens {
            self.list.push(Event::new(at_ms, code, key));
        }
        if let Some(event) = self.list.iter_mut().rev().find(|event| event.key == key) {
            let duration = f64::from(u16::from_be_bytes([high, low])) / SAMPLES_PER_MS;
            event.add(at_ms, flags & 0x80 != 0, duration, packet.marker);
        }
        opens
    }

    pub fn digits(&self) -> String {
        self.list.iter().map(|event| event.digit).collect()
    }

    pub fn to_json(&self) -> String {
        json::array(self.list.iter().map(Event::to_json))
    }
}

impl Event {
    fn new(start_ms: f64, code: u8, key: (u32, u32, u8)) -> Event {
        Event {
            digit: digit_of(code),
            start_ms,
            end_ms: None,
            duration_ms: 0.0,
            packets: 0,
            end_packets: 0,
            marker: false,
            key,
        }
    }

    fn add(&mut self, at_ms: f64, end: bool, duration_ms: f64, marker: bool) {
        self.packets += 1;
        self.duration_ms = self.duration_ms.max(duration_ms);
        self.marker |= marker;
        if end {
            self.end_packets += 1;
            self.end_ms.get_or_insert(at_ms);
        }
    }

    fn to_json(&self) -> String {
        json::object(&[
            ("digit", json::quote(&self.digit.to_string())),
            ("start_ms", json::ms(self.start_ms)),
            ("end_ms", json::ms(self.end_ms)),
            ("duration_ms", json::ms(self.duration_ms)),
            ("packets", self.packets.to_string()),
            ("end_packets", self.end_packets.to_string()),
            ("marker", self.marker.to_string()),
        ])
    }
}

const EVENT_DIGITS: &str = "0123456789*#ABCD"; // RFC 4733 3.2, codes 0 to 15

fn digit_of(code: u8) -> char {
    EVENT_DIGITS.chars().nth(usize::from(code)).unwrap_or('?')
}

pub fn event_code_of(digit: char) -> Option<u8> {
    EVENT_DIGITS
        .find(digit.to_ascii_uppercase())
        .map(|code| code as u8)
}

/// RTCP as it passes: counted by type, and whether a CNAME was among it.
#[derive(Default)]
pub struct Rtcp {
    pub bound: bool,
    pub packets: u64,
    pub sender_reports: u64,
    pub receiver_reports: u64,
    pub byes: u64,
    pub cname: bool,
    pub garbage: u64,
    pub first_ms: Option<f64>,
}

impl Rtcp {
    /// Takes one datagram, RFC 3550 6.1: packets stacked, each with its length in words.
    pub fn take(&mut self, at_ms: f64, mut rest: &[u8]) {
        self.packets += 1;
        self.first_ms.get_or_insert(at_ms);
        while let [first, kind, high, low, ..] = *rest {
            let length = 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
            let (true, Some(body)) = (first >> 6 == 2, rest.get(4..length)) else {
                break;
            };
            match kind {
                200 => self.sender_reports += 1,
                201 => self.receiver_reports += 1,
                202 => self.cname |= has_cname(body),
                203 => self.byes += 1,
                _ => {}
            }
            rest = rest.get(length..).unwrap_or(&[]);
        }
        self.garbage += u64::from(!rest.is_empty());
    }

    pub fn to_json(&self) -> String {
        json::object(&[
            ("port_bound", self.bound.to_string()),
            ("packets", self.packets.to_string()),
            ("first_ms", json::ms(self.first_ms)),
            ("sender_reports", self.sender_reports.to_string()),
            ("receiver_reports", self.receiver_reports.to_string()),
            ("byes", self.byes.to_string()),
            ("cname", self.cname.to_string()),
            ("garbage", self.garbage.to_string()),
        ])
    }
}

/// RFC 3550 6.5: the first chunk's items (type, length, text) after its SSRC; CNAME is type 1.
fn has_cname(chunk: &[u8]) -> bool {
    let mut items = chunk.get(4..).unwrap_or(&[]);
    while let [kind, length, ..] = *items {
        match kind {
            0 => return false,
            1 => return length > 0,
            _ => items = items.get(2 + usize::from(length)..).unwrap_or(&[]),
        }
    }
    false
}
