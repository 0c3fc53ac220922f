//! Every metric of the program: its name, its labels, what it says. `operator/README.md` shows the
//! same table, and a test holds one against the other.
//!
//! Names follow Prometheus: base units, `_total` on counters. Every label has few values: words of
//! this source, routes, or the first [`super::MAX_SPECIALTIES`] specialties of the plan.

use anyhow::Context;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// A metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What is done with it.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

/// What is done with a metric.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// It only grows, but for a restart.
    Counter,
    /// It is as it is now.
    Gauge,
    /// Counted by size; each bucket holds what is at most so much.
    Histogram(&'static [f64]),
}

/// A caller's patience, in seconds.
const WAITS: &[f64] = &[5., 10., 15., 20., 30., 45., 60., 90., 120., 180., 300.];
const TALKS: &[f64] = &[15., 30., 60., 120., 180., 300., 600., 1200., 1800., 3600.];
/// The ring time is 15 s by default, 28 s at most.
const RINGS: &[f64] = &[1., 2., 4., 6., 8., 10., 15., 20., 28.];
/// The window is 16 s at most, and a move or a third party may take longer.
const ACCEPTANCES: &[f64] = &[1., 2., 3., 4., 6., 8., 12., 16.];
const LOSSES: &[f64] = &[0., 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2];
const JITTERS: &[f64] = &[0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1];
const SCORES: &[f64] = &[1.5, 2., 2.5, 3., 3.5, 3.8, 4., 4.2, 4.4];
const REQUESTS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1., 2.5, 5.];

/// All of them, as the page shows them.
pub const CATALOGUE: &[Metric] = &[
    // Calls: rate, errors, duration.
    counter(
        "rotaline_calls_started_total",
        &["kind"],
        "Calls that began, by who began them",
    ),
    counter(
        "rotaline_calls_ended_total",
        &["specialty", "cause"],
        "Calls that ended, by the specialty that was chosen and the cause in plain words",
    ),
    counter(
        "rotaline_call_failures_total",
        &["cause"],
        "Those of them that ended for a cause of ours",
    ),
    histogram(
        "rotaline_call_seconds",
        &["specialty"],
        TALKS,
        "From a call's start to its end, in seconds",
    ),
    histogram(
        "rotaline_wait_seconds",
        &["specialty", "end"],
        WAITS,
        "From the choice of a specialty until the caller was `joined`, or `left`, in seconds",
    ),
    histogram(
        "rotaline_talk_seconds",
        &["specialty"],
        TALKS,
        "From joined to the talk's end, in seconds",
    ),
    // The hunt.
    counter(
        "rotaline_attempts_total",
        &["specialty", "result"],
        "Phones rung, by the specialty that was chosen and the result",
    ),
    histogram(
        "rotaline_ring_seconds",
        &["specialty"],
        RINGS,
        "From a phone's first ringing to its answer or the attempt's end, in seconds",
    ),
    histogram(
        "rotaline_acceptance_seconds",
        &["specialty"],
        ACCEPTANCES,
        "From a phone's answer to the acceptance, in seconds",
    ),
    // What comes of calls.
    counter(
        "rotaline_outcomes_total",
        &["how"],
        "Outcomes given, by `key` or on `screen`",
    ),
    counter(
        "rotaline_codes_opened_total",
        &["kind"],
        "Codes and PINs that opened a call",
    ),
    counter(
        "rotaline_codes_refused_total",
        &[],
        "Codes and PINs that opened nothing",
    ),
    counter("rotaline_requests_total", &[], "Requests to be rung back"),
    // Media, each leg when it is gone.
    counter(
        "rotaline_media_packets_received_total",
        &["leg"],
        "RTP packets that came",
    ),
    counter(
        "rotaline_media_packets_sent_total",
        &["leg"],
        "RTP packets that were sent",
    ),
    counter(
        "rotaline_media_packets_lost_total",
        &["leg"],
        "RTP packets that never came",
    ),
    counter(
        "rotaline_media_gaps_total",
        &["leg"],
        "Holes of two packets or more: what is heard as a gap",
    ),
    histogram(
        "rotaline_media_loss_ratio",
        &["leg"],
        LOSSES,
        "Packets lost of those that a leg should have sent us",
    ),
    histogram(
        "rotaline_media_jitter_seconds",
        &["leg"],
        JITTERS,
        "A leg's interarrival jitter at its end (RFC 3550), in seconds",
    ),
    histogram(
        "rotaline_media_mos",
        &["leg"],
        SCORES,
        "A leg's estimated opinion score (ITU-T G.107), 1 to 4.5",
    ),
    // Recordings.
    counter(
        "rotaline_recordings_stored_total",
        &[],
        "Recordings that are on disk, whole",
    ),
    counter(
        "rotaline_recordings_with_holes_total",
        &[],
        "Those of them of which the disk did not take everything",
    ),
    counter(
        "rotaline_recordings_encoded_total",
        &[],
        "Recordings that have an MP3",
    ),
    counter(
        "rotaline_recording_write_errors_total",
        &[],
        "Writes of recordings that failed",
    ),
    counter(
        "rotaline_recording_chunks_lost_total",
        &[],
        "Pieces of 200 ms that the recorder had no room for",
    ),
    counter(
        "rotaline_recording_unlisted_total",
        &[],
        "Recordings that wait for the next start to be listed",
    ),
    counter(
        "rotaline_recording_keep_errors_total",
        &[],
        "Recordings that could not be synced, hashed or reported at the first try",
    ),
    counter(
        "rotaline_recording_encode_errors_total",
        &[],
        "MP3s that could not be made",
    ),
    // What is in use now.
    gauge(
        "rotaline_calls_up",
        &[],
        "Calls that are up, or whose last messages are on their way",
    ),
    gauge(
        "rotaline_calls_limit",
        &[],
        "Most calls at a time: `limits.calls`",
    ),
    gauge("rotaline_jobs", &[], "Callers for whom we keep trying"),
    gauge("rotaline_people_busy", &[], "People who are rung or talk"),
    gauge("rotaline_sip_sessions", &[], "SIP sessions"),
    gauge("rotaline_sip_transactions", &[], "SIP transactions"),
    counter(
        "rotaline_sip_unserved_total",
        &["why"],
        "SIP messages that were dropped, or answered without looking into them",
    ),
    gauge("rotaline_media_slots", &[], "Pairs of media ports"),
    gauge("rotaline_media_slots_free", &[], "Those that no leg has"),
    counter(
        "rotaline_link_full_total",
        &["link"],
        "Times that a queue between two threads was full: an overload, or a thread that is stuck",
    ),
    // What is kept.
    gauge(
        "rotaline_journal_bytes",
        &[],
        "What the journal takes on its disk",
    ),
    counter(
        "rotaline_journal_errors_total",
        &[],
        "Writes of the journal that failed",
    ),
    counter(
        "rotaline_journal_dropped_total",
        &[],
        "Records that were lost: page somebody",
    ),
    counter(
        "rotaline_journal_damaged_total",
        &[],
        "Records that could not be read back",
    ),
    gauge(
        "rotaline_store_database_away",
        &[],
        "1 while the database is away; calls go on",
    ),
    gauge(
        "rotaline_plan_by_copy",
        &[],
        "1 while calls go by the copy of the plan, since the start had no database",
    ),
    gauge(
        "rotaline_store_unwritten_cases",
        &[],
        "Cases that are not in the database yet",
    ),
    gauge(
        "rotaline_store_waiting_records",
        &[],
        "Records that wait for a case to be read",
    ),
    // HTTP.
    counter(
        "rotaline_api_requests_total",
        &["route", "status"],
        "HTTP requests",
    ),
    histogram(
        "rotaline_api_request_seconds",
        &["route"],
        REQUESTS,
        "From a request to its answer's head, in seconds",
    ),
    counter(
        "rotaline_api_unauthorized_total",
        &[],
        "Requests without the right token",
    ),
    gauge(
        "rotaline_event_readers",
        &[],
        "Who follows `/api/v1/events`, 64 at most",
    ),
    counter(
        "rotaline_event_readers_dropped_total",
        &[],
        "Those who fell too far behind and were cut off",
    ),
    gauge(
        "rotaline_webhooks_waiting",
        &[],
        "Webhook events that nobody has taken yet",
    ),
    counter("rotaline_webhooks_sent_total", &[], "Those that were taken"),
    counter(
        "rotaline_webhooks_refused_total",
        &[],
        "Tries after which an event was not taken",
    ),
    counter(
        "rotaline_webhooks_dropped_total",
        &[],
        "Events that are lost: nobody took them for three days, or there was no room",
    ),
    // The process.
    counter(
        "rotaline_log_lines_dropped_total",
        &[],
        "Lines of the log that were dropped, since nobody read it fast enough",
    ),
    gauge(
        "rotaline_build_info",
        &["version"],
        "1; the version is a label",
    ),
    counter(
        "process_cpu_seconds_total",
        &[],
        "CPU time, in whole seconds",
    ),
    gauge("process_resident_memory_bytes", &[], "Memory in use"),
    gauge("process_open_fds", &[], "Open files, sockets among them"),
    gauge("process_max_fds", &[], "Most files that may be open"),
    gauge(
        "process_start_time_seconds",
        &[],
        "When the process started, since 1970",
    ),
];

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric {
        name,
        kind: Kind::Counter,
        labels,
        help,
    }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric {
        name,
        kind: Kind::Gauge,
        labels,
        help,
    }
}

const fn histogram(
    name: &'static str,
    labels: &'static [&'static str],
    buckets: &'static [f64],
    help: &'static str,
) -> Metric {
    Metric {
        name,
        kind: Kind::Histogram(buckets),
        labels,
        help,
    }
}

/// Starts the process's metrics.
pub fn start() -> anyhow::Result<PrometheusHandle> {
    let handle = exporter()?.install_recorder();
    let handle = handle.context("the metrics recorder is installed once")?;
    describe();
    Ok(handle)
}

/// An exporter that knows the buckets of every histogram.
pub(super) fn exporter() -> Result<PrometheusBuilder, BuildError> {
    let mut builder = PrometheusBuilder::new();
    for metric in CATALOGUE {
        if let Kind::Histogram(buckets) = metric.kind {
            let matcher = Matcher::Full(metric.name.to_owned());
            builder = builder.set_buckets_for_metric(matcher, buckets)?;
        }
    }
    Ok(builder)
}

/// Says what every metric is; counters without labels are there from now on, at nought, so that
/// the first of something is seen as one more.
pub(super) fn describe() {
    for metric in CATALOGUE {
        match metric.kind {
            Kind::Counter => {
                metrics::describe_counter!(metric.name, metric.help);
                if metric.labels.is_empty() {
                    metrics::counter!(metric.name).increment(0);
                }
            }
            Kind::Gauge => metrics::describe_gauge!(metric.name, metric.help),
            Kind::Histogram(_) => metrics::describe_histogram!(metric.name, metric.help),
        }
    }
}
