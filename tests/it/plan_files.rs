//! The plan as a folder of files: imported into a service that is down or up, refused as a whole,
//! exported.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::party::{Caller, Manner, Phone};
use crate::server::{Home, Wish, root, rotaline, wait_until};

const CALLER_HZ: u16 = 700;
const PHONE_HZ: u16 = 1130;

/// What a command came to.
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run(home: &Home, command: &str, folder: &Path, more: &[&str]) -> Ended {
    let output = Command::new(rotaline())
        .arg(command)
        .arg(folder)
        .arg("--config")
        .arg(home.folder.join("rotaline.toml"))
        .args(more)
        .output()
        .unwrap();
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Ended {
    fn well(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self.out
    }
}

/// A folder with these files.
fn folder(home: &Home, name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = home.folder.join(name);
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// The files of a folder, by name.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                files.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// A plan of one specialty, whose rota is a calendar's: Cat, around the clock.
fn plan_of_cat(home: &Home) -> PathBuf {
    let people = format!(
        "id,name,phones\r\ncat,Dr Cat Cole,app sip:cat@127.0.0.1:{}\r\n",
        home.phone + 1
    );
    let whole = "inbound_number = \"020 7946 0000\"\n\
        [organisation.northfield]\nname = \"Northfield Hospitals\"\nzone = \"Europe/London\"\n\
        prompt = \"organisation/northfield-hospitals\"\n\
        [number.\"020 7946 0002\"]\nservice = \"specialty\"\nspecialty = \"cardiology\"\n\
        [specialty.cardiology]\norganisation = \"northfield\"\nname = \"Cardiology\"\n\
        hours = [\"daily 00:00-24:00\"]\n";
    let rota = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\n\
        DTSTART;TZID=Europe/London:20200101T000000\r\nDTEND;TZID=Europe/London:20200102T000000\r\n\
        RRULE:FREQ=DAILY\r\nSUMMARY:Dr Cat Cole\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let files = [
        ("plan.toml", whole),
        ("people.csv", people.as_str()),
        ("rotas/cardiology.ics", rota),
    ];
    folder(home, "cat", &files)
}

#[test]
fn an_imported_plan_is_served_and_its_rota_is_rung() {
    let home = Home::new("import", &Wish::default());
    let said = run(&home, "import", &plan_of_cat(&home), &[]).well();
    assert!(said.contains("5 added, 0 changed, 0 taken away"), "{said}");
    let server = home.serve();
    assert_eq!(server.get("/api/v1/people/cat")["name"], "Dr Cat Cole");
    let rota = &server.get("/api/v1/specialties/cardiology")["session"][0];
    assert_eq!(rota["times"][0], "daily 00:00-24:00");
    assert_eq!(rota["people"][0], "cat");
    let people = server.get("/api/v1/people");
    assert_eq!(people["items"].as_array().unwrap().len(), 1, "{people}");

    let phone = Phone::at(home.phone + 1, PHONE_HZ, Manner::Rings);
    let mut caller = Caller::new(home.sip_address(), "02079460002", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("who is on the calendar is rung", || phone.invited() > 0);
    assert_eq!(caller.hang_up().status(), 200);
    wait_until("no longer", || phone.ended() > 0);
    server.close(&[]);
}

#[test]
fn a_service_that_runs_follows_an_import_and_takes_it_back() {
    let home = Home::new("import-running", &Wish::default());
    let server = home.serve();
    let practices = "id,name,prompt,code\nmill,=cmd|' /C calc'!A0,practice/a-practice,0042\n";
    let part = folder(&home, "part", &[("practices.csv", practices)]);
    let refused = run(&home, "import", &part, &[]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.err.contains("import it with --add"),
        "{}",
        refused.err
    );
    let shown = run(&home, "import", &part, &["--add", "--dry-run"]).well();
    assert!(
        shown.contains("1 added, 0 changed, 0 taken away; nothing was done"),
        "{shown}"
    );
    assert!(
        server
            .list("/api/v1/practices")
            .iter()
            .all(|id| id != "mill")
    );

    let said = run(&home, "import", &part, &["--add"]).well();
    assert!(said.contains("the plan is at revision 2 of "), "{said}");
    let ids = || server.list("/api/v1/practices");
    wait_until("it follows", || ids().contains(&"mill".to_owned()));
    assert!(
        ids().contains(&"elm-street-surgery".to_owned()),
        "nothing is taken away"
    );
    let mill = server.get("/api/v1/practices/mill");
    assert_eq!(
        mill["name"], "=cmd|' /C calc'!A0",
        "a text, and kept as one"
    );
    let again = run(&home, "import", &part, &["--add"]).well();
    assert!(
        again.contains("0 added, 0 changed, 0 taken away"),
        "{again}"
    );

    let undone = server.post("/api/v1/plan/undo", r#"{"revision": 2}"#);
    assert_eq!(undone.status, 200);
    assert!(!ids().contains(&"mill".to_owned()));
    // And a whole plan takes the place of the other.
    let said = run(&home, "import", &plan_of_cat(&home), &[]).well();
    assert!(said.contains("  taken away: person ann\n"), "{said}");
    wait_until("it follows", || server.list("/api/v1/people") == ["cat"]);
    server.close(&[]);
}

#[test]
fn every_fault_is_told_with_file_and_line_and_nothing_is_changed() {
    let home = Home::new("import-faults", &Wish::default());
    let good = plan_of_cat(&home);
    run(&home, "import", &good, &[]).well();
    let before = home.folder.join("before");
    run(&home, "export", &before, &[]).well();
    let bad = folder(
        &home,
        "cat",
        &[
            (
                "people.csv",
                "id,name,phones\ncat,Dr Cat Cole,app sip:cat@127.0.0.1\nDev,,mobile 1\n",
            ),
            (
                "practices.csv",
                "id,name,fax,prompt\n\nelm,Elm\u{1b}[2J Street,1,practice/elm\nelm,Elm,1,\n",
            ),
            ("rotas/derm.csv", "entry,times,people\n"),
            (
                "more.toml",
                "[organisation.south]\nname = \"South\"\nzone = \"Europe/Londn\"\nx = \n",
            ),
        ],
    );
    let refused = run(&home, "import", &bad, &[]);
    assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""));
    let expected = [
        "more.toml:3: organisation.south.zone: \"Europe/Londn\" is no time zone",
        "more.toml:4: ",
        "people.csv:3: id: ",
        "people.csv:3: name: is empty (e.g. Dr Ann Archer)",
        "people.csv:3: phones: \"1\": ",
        "practices.csv:1: there is no column \"fax\"",
        "practices.csv:3: name: ",
        "practices.csv:3: prompt: \"practice/elm\" is not among the prompts (name one of manifest",
        "practices.csv:4: id: practice elm is there already, at practices.csv:3",
        "rotas/derm.csv:1: there is no specialty derm",
    ];
    let lines: Vec<&str> = refused.err.lines().collect();
    for fault in expected {
        let told = lines.iter().any(|line| line.starts_with(fault));
        assert!(told, "{fault} in {}", refused.err);
    }
    assert!(lines[0].contains("fault(s) in ") && lines[0].ends_with("nothing was changed"));
    assert!(
        !refused.err.contains('\u{1b}'),
        "nothing moves the cursor: {}",
        refused.err
    );
    let after = home.folder.join("after");
    run(&home, "export", &after, &[]).well();
    assert_eq!(files(&before), files(&after));
}

#[test]
fn what_is_exported_is_imported_elsewhere_and_exported_equal() {
    let home = Home::new("export", &Wish::default());
    let example = root().join("config/example-plan");
    run(&home, "import", &example, &[]).well();
    for format in [&[][..], &["--calendars"]] {
        let name = format!("one{}", format.len());
        let one = home.folder.join(&name);
        run(&home, "export", &one, format).well();
        let elsewhere = Home::new(&format!("export-{name}"), &Wish::default());
        run(&elsewhere, "import", &one, &[]).well();
        let other = elsewhere.folder.join("other");
        run(&elsewhere, "export", &other, format).well();
        assert_eq!(files(&one), files(&other));
        let names: Vec<String> = files(&one).into_iter().map(|(name, _)| name).collect();
        let rota = match format {
            [] => "rotas/dermatology.csv",
            _ => "rotas/dermatology.ics",
        };
        assert!(names.contains(&rota.to_owned()), "{names:?}");
        let refused = run(&home, "export", &one, format);
        assert_eq!(refused.code, Some(1));
        assert!(
            refused.err.contains("is not empty: name a new folder"),
            "{}",
            refused.err
        );
    }
    let missing = run(&home, "import", &home.folder.join("nowhere"), &[]);
    assert_eq!(missing.code, Some(1));
    assert!(
        missing.err.contains("cannot read the folder"),
        "{}",
        missing.err
    );
}

#[test]
fn a_database_that_another_program_holds_is_named_and_nothing_is_changed() {
    let home = Home::new("import-locked", &Wish::default());
    let plan = plan_of_cat(&home);
    run(&home, "import", &plan, &[]).well();
    let changed = "id,name,phones\ncat,Dr Cat Cole,mobile 07700 900103\n";
    fs::write(plan.join("people.csv"), changed).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let database = SqliteConnectOptions::new().filename(home.folder.join("data/rotaline.db"));
    let mut lock = runtime
        .block_on(SqliteConnection::connect_with(&database))
        .unwrap();
    runtime
        .block_on(sqlx::query("BEGIN EXCLUSIVE").execute(&mut lock))
        .unwrap();
    let refused = run(&home, "import", &plan, &[]);
    assert_eq!(refused.code, Some(1), "{}", refused.out);
    let said = &refused.err;
    assert!(
        said.contains("nothing was changed: the database "),
        "{said}"
    );
    assert!(said.contains("once more when it is free"), "{said}");
    runtime
        .block_on(sqlx::query("COMMIT").execute(&mut lock))
        .unwrap();
    run(&home, "import", &plan, &[]).well();
}

/// Plans came with a later version: whoever serves brings the database to this one.
#[test]
fn a_database_of_before_plans_is_checked_and_exported_by_the_files_and_left_as_it_is() {
    let home = Home::new("older-database", &Wish::default());
    let file = home.folder.join("data/rotaline.db");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let first = root().join("crates/store/migrations/sqlite/0001_cases.sql");
    let first = fs::read_to_string(first).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true);
    runtime.block_on(async {
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let tables = sqlx::raw_sql(sqlx::AssertSqlSafe(first));
        tables.execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
    let before = fs::read(&file).unwrap();
    let out = home.folder.join("out");
    run(&home, "export", &out, &[]).well();
    assert!(!files(&out).is_empty());
    let checked = Command::new(rotaline())
        .arg("check")
        .arg("--config")
        .arg(home.folder.join("rotaline.toml"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{said}");
    assert!(
        fs::read(&file).unwrap() == before,
        "the database was changed"
    );
}

#[test]
fn a_check_warns_of_rotas_and_finds_no_fault_in_them() {
    let home = Home::new("check", &Wish::default());
    let output = Command::new(rotaline())
        .arg("check")
        .arg("--config")
        .arg(home.folder.join("rotaline.toml"))
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{out}");
    assert!(out.contains("rotaline.toml: no faults\n"), "{out}");
    assert!(
        out.contains(" warning(s) about the rotas of the next 28 days\n"),
        "{out}"
    );
    assert!(
        out.contains("  specialty.cardiology, ") && out.contains("only ann is on"),
        "{out}"
    );
    assert!(!home.folder.join("data").exists(), "a check makes nothing");
}
