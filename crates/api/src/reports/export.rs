//! The calls report as a file: made while it is sent, a page at a time, so that a million calls
//! need no more memory than a thousand.
//!
//! ```text
//! Lines ──page──▶ table (a thread for such work) ──piece──▶ queue of 2 ──▶ response
//! ```
//!
//! Nothing goes ahead of the receiver by more than the queue. A receiver that takes nothing for a
//! minute is given up, since an export holds one of few places. If the database goes away in the
//! middle, the response breaks off, which receivers see; a file that only looks whole is never
//! sent.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use rotaline_store::{Action, CallLine, Lines};
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;

use super::calls::redact;
use super::cells::cells;
use super::csv::Csv;
use super::filter::{Asked, ReportFilter};
use super::names::Names;
use super::xlsx::Xlsx;
use crate::ApiState;
use crate::access::{Asker, Right, Show};
use crate::problem::{ApiError, Problem};
use crate::refusals::ReportNotShown;

/// Exports that are made at the same time, for all who ask; others are told to try again.
pub(crate) const EXPORTS_AT_ONCE: usize = 2;
/// Lines that are made into a piece.
const PAGE: usize = 2_000;
/// Pieces that are ready before the receiver takes them.
const PIECES: usize = 2;
/// How long a receiver may take nothing.
const STALLED: Duration = Duration::from_secs(60);

/// The calls report as CSV, all of it
///
/// UTF-8 with a byte order mark. A text that a spreadsheet would take for a formula has `'` before
/// it, and so have telephone numbers, which begin with `+`; one that begins with `'` has another.
#[utoipa::path(
    get,
    path = "/api/v1/reports/calls.csv",
    tag = "reports",
    params(ReportFilter),
    responses(
        (status = 200, description = "The report", body = String, content_type = "text/csv"),
        (status = 429, description = "Too many exports are being made", body = Problem,
            content_type = "application/problem+json"),
        ReportNotShown,
    ),
    security(("token" = []))
)]
pub(crate) async fn csv(
    State(state): State<ApiState>,
    asker: Asker,
    filter: Result<Query<ReportFilter>, QueryRejection>,
) -> Result<Response, ApiError> {
    export((&state, &asker), filter, Table::Csv(Csv::new())).await
}

/// The calls report as XLSX, all of it
///
/// Texts are texts, days and times are days and times on the organisation's clock.
#[utoipa::path(
    get,
    path = "/api/v1/reports/calls.xlsx",
    tag = "reports",
    params(ReportFilter),
    responses(
        (status = 200, description = "The report", body = Vec<u8>,
            content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (status = 429, description = "Too many exports are being made", body = Problem,
            content_type = "application/problem+json"),
        ReportNotShown,
    ),
    security(("token" = []))
)]
pub(crate) async fn xlsx(
    State(state): State<ApiState>,
    asker: Asker,
    filter: Result<Query<ReportFilter>, QueryRejection>,
) -> Result<Response, ApiError> {
    let table = Xlsx::new().map_err(ApiError::Export)?;
    export((&state, &asker), filter, Table::Xlsx(Box::new(table))).await
}

async fn export(
    (state, asker): (&ApiState, &Asker),
    filter: Result<Query<ReportFilter>, QueryRejection>,
    table: Table,
) -> Result<Response, ApiError> {
    let Query(filter) = filter.map_err(ApiError::bad_query)?;
    let Asked { query, names, .. } = filter.whole(state, asker)?;
    let place = std::sync::Arc::clone(&state.exports).try_acquire_owned();
    let place = place.map_err(|_| ApiError::TooManyExports)?;
    let (name, kind) = table.name_and_kind();
    let entry = asker.entry(Action::Exported, None, kind);
    state.store.audit(entry).await?;
    let extent = match asker.patients_in(Right::Reports) {
        true => Show::All,
        false => Show::Redacted,
    };
    let mut lines = state.store.lines(query);
    // A database that is away is told by the status, so the first page is read before it.
    let first = lines.next(PAGE).await?;
    let (sender, pieces) = mpsc::channel(PIECES);
    let names = Shown { names, extent };
    tokio::spawn(async move {
        if let Err(error) = make(lines, first, names, table, &sender).await {
            tracing::warn!(%error, "export broken off");
            let _ = sender.send_timeout(Err(error), STALLED).await;
        }
    });
    // The place is the response's: it is free when that is sent, or given up.
    let pieces = ReceiverStream::new(pieces).map(move |piece| {
        let _ = &place;
        piece
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    let given = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "private, no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in given {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// What lines are made cells with.
struct Shown {
    names: Names,
    extent: Show,
}

type Piece = Result<Bytes, io::Error>;

/// Reads a page while the one before is made into a piece.
async fn make(
    mut lines: Lines,
    first: Vec<CallLine>,
    names: Shown,
    mut table: Table,
    sender: &mpsc::Sender<Piece>,
) -> Result<(), io::Error> {
    let mut page = first;
    while !page.is_empty() {
        if names.extent == Show::Redacted {
            page.iter_mut().for_each(redact);
        }
        let names = names.names.clone();
        let making = tokio::task::spawn_blocking(move || {
            let piece = table.piece(&page, &names);
            piece.map(|piece| (table, piece))
        });
        let (made, next) = tokio::join!(making, lines.next(PAGE));
        let piece;
        (table, piece) = made.map_err(io::Error::other)??;
        page = next.map_err(io::Error::other)?;
        send(sender, piece).await?;
    }
    let last = tokio::task::spawn_blocking(move || table.finish()).await;
    send(sender, last.map_err(io::Error::other)??).await
}

async fn send(sender: &mpsc::Sender<Piece>, piece: Vec<u8>) -> Result<(), io::Error> {
    if piece.is_empty() {
        return Ok(());
    }
    let sent = sender.send_timeout(Ok(Bytes::from(piece)), STALLED).await;
    sent.map_err(|_| io::Error::other("the receiver takes no more"))
}

/// The file in the making.
enum Table {
    Csv(Csv),
    Xlsx(Box<Xlsx>),
}

impl Table {
    fn name_and_kind(&self) -> (&'static str, &'static str) {
        match self {
            Table::Csv(_) => (
                "attachment; filename=\"calls.csv\"",
                "text/csv; charset=utf-8",
            ),
            Table::Xlsx(_) => (
                "attachment; filename=\"calls.xlsx\"",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ),
        }
    }

    fn piece(&mut self, lines: &[CallLine], names: &Names) -> io::Result<Vec<u8>> {
        for line in lines {
            let cells = cells(line, names);
            match self {
                Table::Csv(csv) => csv.row(&cells),
                Table::Xlsx(xlsx) => xlsx.row(&cells)?,
            }
        }
        match self {
            Table::Csv(csv) => Ok(csv.take()),
            Table::Xlsx(xlsx) => xlsx.take(),
        }
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Table::Csv(mut csv) => Ok(csv.take()),
            Table::Xlsx(xlsx) => xlsx.finish(),
        }
    }
}
