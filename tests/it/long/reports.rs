//! A million calls in the database: what a page of the report costs, how fast files come and how
//! little memory they take, and whether LibreOffice reads in them what the API says.
//!
//! The calls are put into the database beside the program, by SQL: what is looked at is how they
//! are read. Times are printed, not judged; memory and contents are judged.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection};
use tokio::runtime::Builder;

use crate::server::{Home, Server, Wish};

/// Calls, unless `ROTALINE_REPORT_CALLS` says otherwise.
const SHORT: u64 = 20_000;
/// What an export may add to the program's memory, in kB, however many calls it has.
const EXPORT_KB: u64 = 48 * 1_024;
/// Lines that LibreOffice is given.
const CONVERTED: usize = 5_000;
/// Days that calls are spread over.
const DAYS: u64 = 365;

/// Filters, each walking another index, and those that walk none for long.
const PAGES: [&str; 12] = [
    "limit=100",
    "limit=100&sort=opened&from=2026-03-01&to=2026-03-31",
    "limit=100&organisation=northfield",
    "limit=100&specialty=cardiology",
    "limit=100&specialty=cardiology&outcome=referral-made&from=2026-03-01",
    "limit=100&practice=practice-77",
    "limit=100&practice=practice-77&outcome=-",
    "limit=100&person=person-13&connected=yes",
    "limit=100&outcome=-&connected=yes&sort=opened",
    "limit=100&sort=-wait",
    "limit=100&sort=-wait&specialty=cardiology&from=2026-03-01&to=2026-03-31",
    "limit=100&sort=talk&practice=practice-77",
];

#[test]
fn pages_of_a_large_report_are_quick_and_files_take_no_memory() {
    let calls = super::wished("ROTALINE_REPORT_CALLS").unwrap_or(SHORT);
    let home = filled("reports", calls);
    let server = home.serve();
    println!("figures: {calls} calls; a page of 100, median and worst of 9:");
    for query in PAGES {
        let path = format!("/api/v1/reports/calls?{query}");
        print_page(&server, &path);
    }
    print_page(&server, "/api/v1/reports/people/ann/calls?limit=100");
    for path in [
        "statistics",
        "connection",
        "outcomes",
        "chase?limit=100",
        "attempts?limit=100",
    ] {
        let began = Instant::now();
        whole(&server, &format!("/api/v1/reports/{path}"));
        println!("figures: /api/v1/reports/{path}: {:.0?}", began.elapsed());
    }
    for format in ["csv", "xlsx"] {
        let taken = export(&server, format);
        println!(
            "figures: {calls} calls as {format}: {:.1} MB in {:.2} s, {:.0} rows/s, first byte \
             after {:.0?}, memory {} kB before and {} kB at most",
            taken.bytes as f64 / 1e6,
            taken.lasted.as_secs_f64(),
            calls as f64 / taken.lasted.as_secs_f64(),
            taken.first,
            taken.before_kb,
            taken.most_kb,
        );
        let more = taken.most_kb.saturating_sub(taken.before_kb);
        assert!(more < EXPORT_KB, "{format} takes {more} kB");
        if format == "csv" {
            assert_eq!(taken.lines, calls + 1, "every call, and the titles");
        }
    }
    server.close(&[]);
}

#[test]
fn libre_office_reads_what_the_api_says() {
    if Command::new("soffice").arg("--version").output().is_err() {
        eprintln!("!!!! soffice is not installed (Debian: libreoffice-calc-nogui): not compared");
        return;
    }
    let home = filled("reports-office", CONVERTED as u64);
    let server = home.serve();
    let file = home.folder.join("calls.xlsx");
    fs::write(&file, whole(&server, "/api/v1/reports/calls.xlsx")).unwrap();
    let table = converted(&file);
    let lines = lines(&server);
    assert_eq!((lines.len(), table.len()), (CONVERTED, CONVERTED + 1));
    for (line, row) in lines.iter().zip(&table[1..]) {
        assert_eq!(*row, as_shown(line));
    }
    // The sum that a manager makes there is the sum that the API gives.
    let talk: f64 = table[1..]
        .iter()
        .map(|row| row[12].parse::<f64>().unwrap())
        .sum();
    let talk_s: f64 = lines
        .iter()
        .map(|line| line["talk_s"].as_f64().unwrap())
        .sum();
    assert!((talk - talk_s).abs() < 0.01, "{talk} and {talk_s}");
    println!("figures: LibreOffice reads {CONVERTED} lines as the API gives them");
    server.close(&[]);
}

/// A home whose database has so many calls, a third of them without an outcome.
fn filled(name: &str, calls: u64) -> Home {
    let home = Home::new(name, &Wish::default());
    home.serve().close(&[]);
    let file = home.folder.join("data/rotaline.db");
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(file);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let began = Instant::now();
        for sql in [numbers(calls) + CALLS, numbers(calls) + ATTEMPTS] {
            let query = sqlx::query(AssertSqlSafe(sql));
            query.execute(&mut connection).await.unwrap();
        }
        println!(
            "figures: {calls} calls written by SQL in {:.1?}",
            began.elapsed()
        );
        connection.close().await.unwrap();
    });
    home
}

/// `n`: each call's number and its opening, from the first day of 2026 on.
fn numbers(calls: u64) -> String {
    let apart_us = DAYS * 86_400_000_000 / calls;
    format!(
        "WITH RECURSIVE i(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM i WHERE i < {}),
         n AS (SELECT i, 1767225600000000 + i * {apart_us} AS at, abs(i * 7919 % 1009) AS r FROM i)
         ",
        calls - 1
    )
}

const CALLS: &str = "INSERT INTO report_calls SELECT at, unhex(printf('%032x', i)), 1, r % 10 > 0,
    CASE r % 4 WHEN 0 THEN '9434765919' END, NULL, '+4416329' || printf('%05d', r),
    'practice-' || (r % 250), CASE r % 3 WHEN 0 THEN 'Northfield North' ELSE '=1+1' END,
    CASE r % 5 WHEN 0 THEN 'cardiology' ELSE 'specialty-' || (r % 5) END,
    CASE WHEN r % 10 > 0 THEN CASE r % 40 WHEN 1 THEN 'ann' ELSE 'person-' || (r % 40) END END,
    'northfield', 1 + r % 3, (r * 131) % 90000, CASE WHEN r % 10 > 0 THEN r * 617 ELSE 0 END,
    CASE WHEN r % 10 > 0 AND i % 3 > 0 THEN CASE r % 2 WHEN 0 THEN 'referral-avoided'
        ELSE 'referral-made' END END,
    'specialist_hung_up', r % 10 > 0 FROM n";

const ATTEMPTS: &str = "INSERT INTO report_attempts SELECT at, unhex(printf('%032x', i)), 1, at,
    'northfield', CASE r % 5 WHEN 0 THEN 'cardiology' ELSE 'specialty-' || (r % 5) END,
    CASE r % 40 WHEN 1 THEN 'ann' ELSE 'person-' || (r % 40) END, 'mobile', 1,
    'first on the rota', 4000, CASE WHEN r % 10 > 0 THEN 'accepted' ELSE 'no_answer' END, 1,
    r % 10 > 0 FROM n";

fn print_page(server: &Server, path: &str) {
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..9 {
        let began = Instant::now();
        server.get(path);
        times.push(began.elapsed());
    }
    times.sort_unstable();
    println!("figures: {:>6.1?} {:>6.1?}  {path}", times[4], times[8]);
}

/// An export, as it came.
struct Taken {
    lines: u64,
    bytes: u64,
    first: Duration,
    lasted: Duration,
    before_kb: u64,
    most_kb: u64,
}

/// Fetches a file and keeps nothing of it.
fn export(server: &Server, format: &str) -> Taken {
    let mut taken = Taken {
        lines: 0,
        bytes: 0,
        first: Duration::ZERO,
        lasted: Duration::ZERO,
        before_kb: server.resident_kb(),
        most_kb: 0,
    };
    let began = Instant::now();
    let mut body = body(server, &format!("/api/v1/reports/calls.{format}"));
    taken.first = began.elapsed();
    let mut piece = vec![0; 1 << 20];
    let mut looked = Instant::now();
    loop {
        let length = body.read(&mut piece).unwrap();
        if length == 0 {
            break;
        }
        taken.bytes += length as u64;
        taken.lines += piece[..length]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count() as u64;
        if looked.elapsed() > Duration::from_millis(20) {
            taken.most_kb = taken.most_kb.max(server.resident_kb());
            looked = Instant::now();
        }
    }
    taken.lasted = began.elapsed();
    taken.most_kb = taken.most_kb.max(server.resident_kb());
    taken
}

/// The body of an answer, as it comes. HTTP/1.0 has no chunks: it ends with its connection.
fn body(server: &Server, path: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(server.http).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let token = &server.token;
    write!(
        stream,
        "GET {path} HTTP/1.0\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    .unwrap();
    let mut body = BufReader::new(stream);
    let mut line = String::new();
    body.read_line(&mut line).unwrap();
    assert!(line.contains(" 200 "), "{line}");
    while line != "\r\n" {
        line.clear();
        body.read_line(&mut line).unwrap();
    }
    body
}

fn whole(server: &Server, path: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    body(server, path).read_to_end(&mut bytes).unwrap();
    bytes
}

/// Every line of the report, page by page.
fn lines(server: &Server) -> Vec<Value> {
    let mut lines = Vec::new();
    let mut after = String::new();
    loop {
        let page = server.get(&format!("/api/v1/reports/calls?limit=200{after}"));
        lines.extend(page["lines"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next"].as_str() else {
            return lines;
        };
        after = format!("&after={next}");
    }
}

/// What LibreOffice shows of a workbook, as CSV.
fn converted(file: &Path) -> Vec<Vec<String>> {
    let folder = file.parent().unwrap();
    let profile = format!(
        "-env:UserInstallation=file://{}",
        folder.join("office").display()
    );
    // Comma, quotation mark, UTF-8, from line 1; every text quoted; cells as they are shown.
    let how = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,true,true";
    let said = Command::new("soffice")
        .args([
            profile.as_str(),
            "--headless",
            "--convert-to",
            how,
            "--outdir",
        ])
        .args([folder, file])
        .output()
        .unwrap();
    let made: PathBuf = file.with_extension("csv");
    let text = fs::read_to_string(&made).unwrap_or_else(|_| panic!("{said:?}"));
    let text = text.trim_start_matches('\u{feff}');
    text.lines().map(cells).collect()
}

/// No text of these calls has a quotation mark or a line end.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            c => cells.last_mut().unwrap().push(c),
        }
    }
    cells
}

/// A line of the API, as a spreadsheet in Britain shows it.
fn as_shown(line: &Value) -> Vec<String> {
    let text = |field: &str| line[field].as_str().unwrap_or_default().to_owned();
    let figure = |field: &str| {
        line[field]
            .as_f64()
            .map_or(String::new(), |it| format!("{it:.1}"))
    };
    let date = text("date");
    let day: Vec<&str> = date.split('-').rev().collect();
    let mut shown = vec![day.join("/")];
    let fields = [
        "time",
        "patient",
        "gender",
        "caller",
        "practice",
        "area",
        "specialty",
    ];
    shown.extend(fields.map(text));
    shown.extend(["specialist", "organisation"].map(text));
    shown.push(line["refs"].to_string());
    shown.extend(["wait_s", "talk_s"].map(figure));
    shown.extend(["outcome", "recording"].map(text));
    shown
}
