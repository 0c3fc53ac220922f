//! One run: receivers on their threads, the 20 ms loop that sends, the report at the end.
//!
//! ```text
//!   receiver threads            Hearing (one lock)           main thread, every 20 ms
//!   RTP  port   --datagram-->   continuity, events,  <-----  script step: waits read Hearing
//!   RTCP port+1 --datagram-->   timeline, RTCP               sender: one packet to the far side
//! ```

use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use crate::hearing::Hearing;
use crate::options::Options;
use crate::runner::Runner;
use crate::script::Expectation;
use crate::send::{FRAME_MS, Sender};
use crate::{arrival, audio, json};

/// Later than this the sender gives packets up instead of sending them in a burst.
const MAX_CATCH_UP_MS: f64 = 200.0;

type Shared = Arc<Mutex<Hearing>>;

/// A receiver that panicked would still leave counts worth reporting.
fn lock(hearing: &Shared) -> MutexGuard<'_, Hearing> {
    hearing
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Reads one socket until the process ends.
fn receive_forever(
    socket: UdpSocket,
    start: Instant,
    hearing: Shared,
    take: fn(&mut Hearing, SocketAddr, f64, &[u8]),
) {
    arrival::ask_for_kernel_time(&socket);
    thread::spawn(move || {
        let mut buffer = [0; 2_048];
        loop {
            match arrival::receive(&socket, &mut buffer) {
                Ok((length, from, at)) => {
                    let at_ms = at.duration_since(start).as_secs_f64() * 1e3;
                    take(&mut lock(&hearing), from, at_ms, &buffer[..length]);
                }
                // A bad socket must not make it spin.
                Err(_) => thread::park_timeout(Duration::from_millis(1)),
            }
        }
    });
}

/// RTCP is bound where it can be (RFC 3550 11: the next port); a taken port is only reported.
fn receive_rtcp(bind: SocketAddr, start: Instant, hearing: &Shared) {
    let Some(port) = bind.port().checked_add(1) else {
        return;
    };
    if let Ok(socket) = UdpSocket::bind((bind.ip(), port)) {
        lock(hearing).rtcp.bound = true;
        receive_forever(socket, start, hearing.clone(), |h, _, at_ms, data| {
            h.rtcp.take(at_ms, data);
        });
    }
}

/// What an expectation saw, and whether it holds.
fn judge(
    expectation: &Expectation,
    heard: &Hearing,
    sender: &Sender,
    end_ms: f64,
) -> (bool, String) {
    match expectation {
        Expectation::Heard(sound, compare, ms) => {
            let total = heard.timeline.total_ms(sound);
            (compare.holds(total, *ms), json::ms(total))
        }
        Expectation::Never(sound) => {
            let total = heard.timeline.total_ms(sound);
            (total == 0.0, json::ms(total))
        }
        Expectation::Digits(digits) => {
            let saw = heard.events.digits();
            (saw == *digits, json::quote(&saw))
        }
        Expectation::Number(name, compare, wanted) => {
            let saw = measure(name, heard, sender, end_ms);
            (
                saw.is_some_and(|saw| compare.holds(saw, *wanted)),
                json::ms(saw),
            )
        }
    }
}

/// A number by its name in `script::NUMBERS`; none where nothing came that it could be about.
fn measure(name: &str, heard: &Hearing, sender: &Sender, end_ms: f64) -> Option<f64> {
    let stream = &heard.continuity;
    match name {
        "received" => return Some(stream.packets as f64),
        "sent" => return Some(sender.packets as f64),
        "rtcp" => return Some(heard.rtcp.packets as f64),
        "cname" => return Some(f64::from(u8::from(heard.rtcp.cname))),
        "garbage" => return Some(heard.garbage as f64),
        "ssrc" => return Some(stream.ssrcs.len() as f64),
        _ => stream.first_ms?,
    };
    Some(match name {
        "max_gap" => stream.max_gap_ms,
        "tail" => end_ms - stream.last_ms,
        "ssrc_changes" => stream.ssrc_changes as f64,
        "ts_dev" => stream.ts_seq_dev_ms.max(stream.ts_arrival_dev_ms),
        "ts_seq_dev" => stream.ts_seq_dev_ms,
        "ts_arrival_dev" => stream.ts_arrival_dev_ms,
        "lost" => stream.lost as f64,
        "duplicates" => stream.duplicates as f64,
        "reordered" => stream.reordered as f64,
        "restarts" => stream.restarts as f64,
        "stray" => stream.stray as f64,
        "markers" => stream.markers as f64,
        _ => return None,
    })
}

/// Every 20 ms of an absolute clock: a look at the script, a packet. Gives the end's instant.
fn run(
    start: Instant,
    secs: u64,
    hearing: &Shared,
    sender: &mut Sender,
    runner: &mut Runner,
) -> f64 {
    let since_start = || start.elapsed().as_secs_f64() * 1e3;
    let (mut tick, limit_ms) = (0u64, (secs * 1_000) as f64);
    loop {
        let due_ms = (tick * FRAME_MS) as f64;
        let mut now_ms = since_start();
        while now_ms < due_ms {
            thread::park_timeout(Duration::from_secs_f64((due_ms - now_ms) / 1e3));
            now_ms = since_start();
        }
        let late_ms = now_ms - due_ms;
        sender.max_late_ms = sender.max_late_ms.max(late_ms);
        if late_ms > MAX_CATCH_UP_MS {
            let missed = (late_ms / FRAME_MS as f64) as u64;
            tick += missed;
            sender.skip(missed);
        }
        let far = {
            let heard = lock(hearing);
            runner.advance(now_ms, &heard, sender);
            heard.far
        };
        if runner.over() || now_ms >= limit_ms {
            runner.out_of_time();
            return now_ms;
        }
        // The script may have taken its time, and a key's instants are those of its packets.
        sender.tick(far, since_start());
        tick += 1;
    }
}

/// The whole report as JSON text, and whether all is well.
fn report(
    bind: SocketAddr,
    expectations: &[(String, Expectation)],
    heard: &mut Hearing,
    sender: &Sender,
    runner: &Runner,
    start_unix_us: u128,
    end_ms: f64,
) -> (bool, String) {
    heard.timeline.finish();
    let mut failures: Vec<String> = runner.failure.iter().cloned().collect();
    let mut judged = Vec::new();
    for (text, expectation) in expectations {
        let (holds, saw) = judge(expectation, heard, sender, end_ms);
        if !holds {
            failures.push(format!("expected \"{text}\", saw {saw}"));
        }
        let fields = [
            ("expect", json::quote(text)),
            ("holds", holds.to_string()),
            ("saw", saw),
        ];
        judged.push(json::object(&fields));
    }
    let address = |a: &SocketAddr| json::quote(&a.to_string());
    let strangers = heard.strangers.iter().map(|(from, count)| {
        json::object(&[("from", address(from)), ("packets", count.to_string())])
    });
    let ok = failures.is_empty();
    let text = json::object(&[
        ("ok", ok.to_string()),
        (
            "failures",
            json::array(failures.iter().map(|f| json::quote(f))),
        ),
        ("start_unix_us", start_unix_us.to_string()),
        ("ran_ms", json::ms(end_ms)),
        ("bind", address(&bind)),
        ("far", heard.far.as_ref().map_or("null".into(), address)),
        ("script", runner.to_json()),
        ("expectations", json::array(judged)),
        ("sent", sender.to_json()),
        ("received", heard.continuity.to_json()),
        ("digits", json::quote(&heard.events.digits())),
        ("events", heard.events.to_json()),
        ("events_left_out", heard.events.left_out.to_string()),
        ("heard_ms", heard.timeline.totals_json()),
        ("heard", heard.timeline.to_json(heard.continuity.first_ms)),
        (
            "segments_left_out",
            heard.timeline.segments_left_out.to_string(),
        ),
        ("rtcp", heard.rtcp.to_json()),
        ("garbage", heard.garbage.to_string()),
        ("strangers", json::array(strangers)),
    ]);
    (ok, text + "\n")
}

/// Runs a call to its end and reports on it: whether all is well.
pub fn call(options: Options, start: Instant, start_unix_us: u128) -> io::Result<bool> {
    let socket = UdpSocket::bind(options.bind)?;
    let bind = socket.local_addr()?;
    let hearing = Arc::new(Mutex::new(Hearing::new(&options)));
    receive_forever(
        socket.try_clone()?,
        start,
        hearing.clone(),
        Hearing::take_rtp,
    );
    receive_rtcp(bind, start, &hearing);

    let Options {
        law,
        dtmf_payload_type,
        source,
        steps,
        ..
    } = options;
    let mut sender = Sender::new(socket, law, dtmf_payload_type, source);
    let mut runner = Runner::new(steps);
    let end_ms = run(start, options.secs, &hearing, &mut sender, &mut runner);

    let mut heard = lock(&hearing);
    let expectations = &options.expectations;
    let (ok, text) = report(
        bind,
        expectations,
        &mut heard,
        &sender,
        &runner,
        start_unix_us,
        end_ms,
    );
    match &options.report {
        Some(path) => fs::write(path, text)?,
        None => print!("{text}"),
    }
    if let (Some(path), Some(recording)) = (&options.record, &heard.recording) {
        audio::write_wav(path, &recording.samples)?;
    }
    Ok(ok)
}
