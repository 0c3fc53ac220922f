//! What is fuzzed: each with examples, and with what must be so whatever it reads, besides that it
//! neither panics nor hangs.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use rotaline_engine::journal::{self, Cursor, JournalConfig, JournalSettings};
use rotaline_engine::recording::{Mp3, RecordSink, Recorder, RecordingConfig, RecordingSettings};
use rotaline_exchange::{Extent, PlanFile, Reading, Rotas, write};
use rotaline_media::rtp::{Header, Ssrc};
use rotaline_media::{
    Codec, Command, Config, Direction, Event, Io, Media, MediaLeg, MediaRoom, PromptBank,
    StreamConfig, TapeChunk, TapeId, TapeMessage,
};
use rotaline_model::{CaseId, EndCause, Mono, NodeId, Seed};
use rotaline_record::{Fact, Origin, Record};
use rotaline_routing::{Items, Plan, Source};
use rotaline_sip::message::{HeaderName, Message};

/// What the media threads take of a datagram; they relay no more than came.
const DATAGRAM_BYTES: usize = 2_048;

/// Something that reads.
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// Examples.
    pub corpus: fn() -> Vec<Vec<u8>>,
    /// Reads one input.
    pub read: fn(&[u8]),
}

/// All of them.
pub const ALL: &[Target] = &[
    target("sip", torture, read_sip),
    target("sdp", descriptions, read_sdp),
    target("rtp", packets, read_rtp),
    target("plan", plans, read_plan),
    target("folder", folders, read_folder),
    target("journal", segments, read_journal),
    target("wav", wavs, read_wav),
];

const fn target(name: &'static str, corpus: fn() -> Vec<Vec<u8>>, read: fn(&[u8])) -> Target {
    Target { name, corpus, read }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every torture message of RFC 4475 and RFC 5118.
fn torture() -> Vec<Vec<u8>> {
    let folder = root().join("crates/sip/src/message/torture");
    let files = ["rfc4475", "rfc5118"].into_iter().flat_map(|rfc| {
        let mut files: Vec<PathBuf> = fs::read_dir(folder.join(rfc))
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        files.sort();
        files
    });
    files.map(|file| fs::read(file).unwrap()).collect()
}

fn read_sip(input: &[u8]) {
    let bytes = Bytes::copy_from_slice(input);
    let Ok(message) = Message::parse(bytes) else {
        return;
    };
    // What was understood may be asked for.
    let _ = (message.start_line(), message.request_uri(), message.body());
    let _ = (message.via(), message.from(), message.to(), message.cseq());
    let _ = (message.contact(), message.content_type(), message.check());
    let _ = (message.session_expires(), message.max_forwards());
    let _ = (
        message.retry_after_s(),
        message.expires_s(),
        message.event(),
    );
    message.vias().for_each(drop);
    message.contacts().for_each(drop);
    message.routes().for_each(drop);
    message.record_routes().for_each(drop);
    message.p_asserted_identities().for_each(drop);
    message.diversions().for_each(drop);
    message.history_info().for_each(drop);
    message.require().for_each(drop);
    message.supported().for_each(drop);
    message.reasons().for_each(drop);
    for element in message.elements(HeaderName::Via) {
        assert!(element.len() <= input.len());
    }
}

fn descriptions() -> Vec<Vec<u8>> {
    let ours = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
        m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n\
        a=fmtp:101 0-15\r\na=rtcp:4001 IN IP4 192.0.2.2\r\na=ptime:20\r\na=sendonly\r\n";
    let many = "v=0\r\no=- 1 1 IN IP6 ::1\r\ns=-\r\nc=IN IP6 ::1\r\nt=0 0\r\n\
        m=video 1 RTP/AVP 99\r\nm=audio 0 RTP/AVP 8\r\nm=audio 9/2 RTP/SAVP 0\r\n\
        m=audio 5 RTP/AVP 96 97\r\na=rtpmap:96 pcma/8000/1\r\na=rtpmap:97 telephone-event/8000\r\n";
    let bodies = torture().into_iter().filter_map(|message| {
        let at = message.windows(4).position(|four| four == b"\r\n\r\n")?;
        Some(message[at + 4..].to_vec())
    });
    let bodies = bodies.filter(|body| body.starts_with(b"v="));
    bodies.chain([ours.into(), many.into()]).collect()
}

fn read_sdp(input: &[u8]) {
    let local = rotaline_sdp::Local {
        address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9)),
        rtp_port: 20_000,
        session_id: 1,
        version: 1,
    };
    let Ok(offer) = rotaline_sdp::Description::parse(input) else {
        return;
    };
    let _ = rotaline_sdp::accept(&offer, &local);
    if let Ok((answer, _)) = rotaline_sdp::answer(&offer, &local) {
        let again = rotaline_sdp::Description::parse(&answer);
        let answer = again.expect("we can read what we answer");
        assert_eq!(answer.media.len(), offer.media.len(), "RFC 3264 section 6");
    }
}

/// Groups of datagrams: two bytes of length, one that says to which socket, and what came.
fn packets() -> Vec<Vec<u8>> {
    let mut groups = Vec::new();
    for payload_type in [8, 0, 13, 101, 77] {
        let mut group = Vec::new();
        for n in 0..20u16 {
            let header = Header {
                marker: n == 0,
                payload_type,
                sequence: n.wrapping_mul(if payload_type == 0 { 3_001 } else { 1 }),
                timestamp: u32::from(n) * 160,
                ssrc: Ssrc(7),
            };
            let mut packet = header.to_bytes().to_vec();
            match payload_type {
                101 => packet.extend([5, if n > 15 { 0x8A } else { 10 }, 0, 160]),
                _ => packet.extend([0x55; 160]),
            }
            push(&mut group, 0, &packet);
        }
        // A sender report with one block, and an SDES (RFC 3550 section 6).
        let mut report = vec![0x81, 200, 0, 12];
        report.extend([0; 48]);
        report.extend([0x81, 202, 0, 2, 0, 0, 0, 7, 1, 1, b'a', 0]);
        push(&mut group, 1, &report);
        groups.push(group);
    }
    groups
}

fn push(group: &mut Vec<u8>, socket: u8, packet: &[u8]) {
    group.extend((packet.len() as u16).to_be_bytes());
    group.push(socket);
    group.extend(packet);
}

fn read_rtp(input: &[u8]) {
    let config = Config {
        slots: 4,
        ..Config::default()
    };
    let seed = Seed::from_number(1);
    let mut media = Media::new(config, Arc::new(PromptBank::new()), seed);
    for slot in [1, 2] {
        let leg = MediaLeg {
            thread: 0,
            slot,
            generation: 1,
        };
        let stream = StreamConfig {
            remote_rtp: phone(slot),
            remote_rtcp: phone(slot),
            codec: if slot == 1 { Codec::Pcma } else { Codec::Pcmu },
            payload_out: 8,
            payload_in: 8,
            events_out: Some(101),
            events_in: Some(101),
            direction: Direction::SendRecv,
        };
        media.command(Mono::ZERO, Command::Open { leg, stream }, &mut Nowhere);
        media.command(
            Mono::ZERO,
            Command::WatchForAnswerphone { leg },
            &mut Nowhere,
        );
        let room = MediaRoom(1);
        if slot == 1 || input.len().is_multiple_of(2) {
            media.command(Mono::ZERO, Command::Enter { leg, room }, &mut Nowhere);
            let tape = TapeId {
                case: CaseId::from(uuid_of(slot)),
                part: 0,
            };
            media.command(Mono::ZERO, Command::StartTape { tape, leg }, &mut Nowhere);
        }
    }
    let mut now = Mono::ZERO;
    let mut rest = input;
    while let [high, low, socket, tail @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let length = length.min(tail.len()).min(DATAGRAM_BYTES);
        let (packet, others) = tail.split_at(length);
        let (slot, source) = (
            1 + u32::from(socket >> 1 & 1),
            phone(1 + u32::from(socket >> 1 & 1)),
        );
        let mut packet = packet.to_vec();
        if socket & 1 == 0 {
            media.receive_rtp(now, slot, source, &mut packet, &mut Nowhere);
        } else {
            media.receive_rtcp(now, slot, source, &packet, &mut Nowhere);
        }
        now += Duration::from_millis(20);
        for _ in 0..16 {
            match media.deadline() {
                Some(due) if due < now => media.tick(due, &mut Nowhere),
                Some(_) | None => break,
            }
        }
        rest = others;
    }
}

fn phone(slot: u32) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, slot as u8], 4000))
}

/// Where media goes here.
struct Nowhere;

impl Io for Nowhere {
    fn send_rtp(&mut self, _: u32, _: SocketAddr, packet: &[u8]) {
        assert!(
            (12..=DATAGRAM_BYTES).contains(&packet.len()),
            "{} bytes of RTP",
            packet.len()
        );
    }
    fn send_rtcp(&mut self, _: u32, _: SocketAddr, _: &[u8]) {}
    fn event(&mut self, _: Event) {}
    fn tape(&mut self, _: TapeMessage) {}
    fn spare_chunk(&mut self, tape: TapeId) -> Box<TapeChunk> {
        Box::new(TapeChunk {
            tape,
            start: 0,
            frames: Vec::with_capacity(1_600),
        })
    }
}

fn plans() -> Vec<Vec<u8>> {
    let plans = [
        "config/bench/plan.toml",
        "config/demo/plan.toml",
        "tests/it/plan.toml",
    ];
    plans
        .map(|plan| fs::read(root().join(plan)).unwrap())
        .into()
}

fn read_plan(input: &[u8]) {
    let source = Source {
        name: "plan.toml".into(),
        text: String::from_utf8_lossy(input).into_owned(),
    };
    match Plan::parse(std::slice::from_ref(&source)) {
        Ok(plan) => {
            for at in [0, 1_774_746_000, 1_792_890_000] {
                let at = Timestamp::from_second(at).unwrap();
                plan.prompts().for_each(drop);
                let _ = (plan.inbound_number(), at);
            }
        }
        Err(faults) => {
            assert!(!faults.is_empty(), "refused without a reason");
            faults.iter().for_each(|fault| drop(fault.to_string()));
        }
    }
}

/// The files of the example that are no TOML; `plan` has those.
const FOLDER: [&str; 5] = [
    "people.csv",
    "absences.csv",
    "practices.csv",
    "rotas/cardiology.csv",
    "rotas/dermatology.ics",
];

fn example(name: &str) -> Vec<u8> {
    fs::read(root().join("config/example-plan").join(name)).unwrap()
}

/// Each with its number before it.
fn folders() -> Vec<Vec<u8>> {
    let numbered = (0..).zip(FOLDER);
    numbered
        .map(|(number, name)| [vec![number], example(name)].concat())
        .collect()
}

/// One file of the folder is what came. A plan that comes of it is one that can be written.
fn read_folder(input: &[u8]) {
    let (first, rest) = input.split_first().unwrap_or((&0, &[]));
    let changed = FOLDER[usize::from(*first) % FOLDER.len()];
    let toml = [
        "deployment",
        "organisations",
        "numbers",
        "specialties",
        "outcomes",
    ];
    let names = toml.map(|name| format!("{name}.toml"));
    let files: Vec<PlanFile> = names
        .iter()
        .map(String::as_str)
        .chain(FOLDER)
        .map(|name| PlanFile {
            name: name.into(),
            bytes: if name == changed {
                rest.to_vec()
            } else {
                example(name)
            },
        })
        .collect();
    let now = Timestamp::from_second(1_795_521_600).unwrap();
    let read = |files: &[PlanFile]| {
        let reading = Reading::of(files, Extent::Whole, &Items::default(), now);
        reading.judged(Items::plan).map(|(items, _)| items)
    };
    match read(&files) {
        Ok(items) => {
            for rotas in [Rotas::Sheets, Rotas::Calendars] {
                assert_eq!(read(&write(&items, rotas)).as_ref(), Ok(&items));
            }
        }
        Err(faults) => {
            assert!(!faults.is_empty(), "refused without a reason");
            faults.iter().for_each(|fault| drop(fault.to_string()));
        }
    }
}

fn journal_config(folder: &Path) -> JournalConfig {
    let settings = JournalSettings {
        folder: folder.to_owned(),
        ..JournalSettings::default()
    };
    settings.try_into().unwrap()
}

fn uuid_of(number: u32) -> uuid::Uuid {
    uuid::Uuid::from_u128(number.into())
}

fn segment_of(folder: &Path) -> PathBuf {
    folder.join(format!("{:020}.journal", 1))
}

/// A segment as the journal writes it.
fn segments() -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let opened = journal::open(
        journal_config(folder.path()),
        Timestamp::UNIX_EPOCH,
        NodeId(1),
    );
    let opened = opened.unwrap();
    for sequence in 1..20 {
        let cause = EndCause::CallerHungUp;
        opened.journal.append(Record {
            case: CaseId::from(uuid_of(sequence / 4)),
            origin: Origin::Call,
            sequence: sequence.into(),
            at: Timestamp::UNIX_EPOCH,
            node: NodeId(1),
            fact: Fact::CaseClosed { cause },
        });
    }
    opened.journal.flush().wait().unwrap();
    opened.thread.stop();
    vec![fs::read(segment_of(folder.path())).unwrap()]
}

/// Opened, read, appended to; what is appended is read again, whatever was there.
fn read_journal(input: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(segment_of(folder.path()), input).unwrap();
    let opened = journal::open(
        journal_config(folder.path()),
        Timestamp::UNIX_EPOCH,
        NodeId(1),
    );
    let opened = match opened {
        Ok(opened) => opened,
        // A newer program's frame: refused, and nothing is touched.
        Err(_) => return assert_eq!(fs::read(segment_of(folder.path())).unwrap(), input),
    };
    let record = Record {
        case: CaseId::from(uuid_of(77)),
        origin: Origin::Recorder,
        sequence: 1,
        at: Timestamp::UNIX_EPOCH,
        node: NodeId(7),
        fact: Fact::CaseClosed {
            cause: EndCause::Interrupted,
        },
    };
    opened
        .journal
        .append_durably(record.clone())
        .wait()
        .unwrap();
    let mut reader = opened.journal.reader(Cursor::default());
    let mut last = None;
    loop {
        let batch = reader.next_batch(64, Duration::ZERO).unwrap();
        match batch.records.last() {
            Some(record) => last = Some(record.clone()),
            None => break,
        }
    }
    assert!(
        last.is_some_and(|last| last == record),
        "the last record is lost"
    );
    opened.thread.stop();
}

const WAV_NAME: &str = "2025-11-24/019ab55e-6c00-7000-8000-000000000001.wav";
const WAV_HEADER: usize = 58;

fn wavs() -> Vec<Vec<u8>> {
    [0usize, 2, 3_200, 3_201].map(wav).into()
}

/// As the recorder writes it.
fn wav(bytes: usize) -> Vec<u8> {
    let number = |number: usize| (number as u32).to_le_bytes();
    let mut wav = Vec::from(*b"RIFF");
    wav.extend(number(WAV_HEADER - 8 + bytes));
    wav.extend(b"WAVEfmt ");
    wav.extend(number(18));
    wav.extend([6, 0, 2, 0]);
    wav.extend(number(8_000));
    wav.extend(number(16_000));
    wav.extend([2, 0, 8, 0, 0, 0]);
    wav.extend(b"fact");
    wav.extend(number(4));
    wav.extend(number(bytes / 2));
    wav.extend(b"data");
    wav.extend(number(bytes));
    wav.extend(vec![0xD5; bytes]);
    wav
}

struct Forgotten;

impl RecordSink for Forgotten {
    fn store(&self, _: Vec<Record>) -> bool {
        true
    }
}

/// Left by a killed process; what the next one makes of it. Its audio stays what it was.
fn read_wav(input: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(WAV_NAME);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, input).unwrap();
    let settings = RecordingSettings {
        folder: folder.path().to_owned(),
        mp3: Mp3::OnDemand,
        ..RecordingSettings::default()
    };
    let config = RecordingConfig::try_from(settings).unwrap();
    let recorder = Recorder::start(config, NodeId(1), Arc::new(Forgotten)).unwrap();
    recorder.stop();
    let found = fs::read(&file).unwrap();
    if found == input {
        return; // whole, or somebody else's
    }
    let audio = found.len() - WAV_HEADER;
    assert_eq!(found, {
        let mut right = wav(audio);
        right.truncate(WAV_HEADER);
        right.extend(&found[WAV_HEADER..]);
        right
    });
    let before = input.get(WAV_HEADER..).unwrap_or_default();
    assert_eq!(&found[WAV_HEADER..], &before[..audio], "its audio");
    assert!(before.len() - audio < 2, "cut by more than half a frame");
}
