//! Tests of the digest chain and of `verify`.

use std::fs;
use std::path::Path;

use jiff::Timestamp;

use super::super::chain::{CHAIN_FILE, Chain, ChainFault, Deed, Entry, Verified, verify};
use super::super::name::RecordingName;
use super::super::wav::{WavFile, hash};
use super::{TestFolder, tape};

fn name(part: u16) -> RecordingName {
    RecordingName::first(tape(part))
}

fn entry(folder: &Path, deed: Deed, part: u16) -> Entry {
    let name = name(part);
    let path = folder.join(name.to_string());
    Entry {
        deed,
        at: Timestamp::UNIX_EPOCH,
        name,
        contents: hash(&path).unwrap(),
    }
}

/// Three recordings, listed.
fn three() -> TestFolder {
    let folder = TestFolder::new();
    fs::create_dir(folder.join(&name(0).day())).unwrap();
    let (mut chain, _) = Chain::open(folder.path()).unwrap();
    for part in 0..3 {
        let mut wav = WavFile::create(&folder.join(&name(part).to_string())).unwrap();
        wav.write(0, &[[part as u8; 2]; 8]).unwrap();
        wav.write_header().unwrap();
        chain
            .append(&[entry(folder.path(), Deed::Stored, part)])
            .unwrap();
    }
    folder
}

fn faults(folder: &TestFolder) -> Vec<ChainFault> {
    verify(folder.path()).unwrap().faults
}

fn lines(folder: &TestFolder) -> Vec<String> {
    let text = fs::read_to_string(folder.join(CHAIN_FILE)).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn put_lines(folder: &TestFolder, lines: &[String]) {
    fs::write(folder.join(CHAIN_FILE), lines.join("\n") + "\n").unwrap();
}

#[test]
fn what_was_stored_and_not_touched_is_intact() {
    let wanted = Verified {
        intact: 3,
        faults: Vec::new(),
    };
    assert_eq!(verify(three().path()).unwrap(), wanted);
}

#[test]
fn an_altered_recording_is_named() {
    let folder = three();
    let path = folder.join(&name(1).to_string());
    let mut bytes = fs::read(&path).unwrap();
    bytes[60] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert_eq!(faults(&folder), [ChainFault::Altered { name: name(1) }]);
}

#[test]
fn a_missing_recording_is_named() {
    let folder = three();
    fs::remove_file(folder.join(&name(2).to_string())).unwrap();
    assert_eq!(faults(&folder), [ChainFault::Missing { name: name(2) }]);
}

#[test]
fn an_unlisted_recording_is_named() {
    let folder = three();
    WavFile::create(&folder.join(&name(7).to_string())).unwrap();
    assert_eq!(faults(&folder), [ChainFault::Unlisted { name: name(7) }]);
}

#[test]
fn an_altered_line_breaks_the_chain_where_it_is() {
    let folder = three();
    let mut lines = lines(&folder);
    lines[1] = lines[1].replace("1970-", "1971-");
    put_lines(&folder, &lines);
    assert_eq!(faults(&folder), [ChainFault::Broken { line: 2 }]);
}

#[test]
fn a_line_taken_out_breaks_the_chain_and_leaves_its_recording_unlisted() {
    let folder = three();
    let mut lines = lines(&folder);
    lines.remove(1);
    put_lines(&folder, &lines);
    let wanted = [
        ChainFault::Broken { line: 2 },
        ChainFault::Unlisted { name: name(1) },
    ];
    assert_eq!(faults(&folder), wanted);
}

#[test]
fn a_deletion_that_is_listed_is_no_fault() {
    let folder = three();
    let (mut chain, _) = Chain::open(folder.path()).unwrap();
    let deletion = entry(folder.path(), Deed::Deleted, 0);
    chain.append(std::slice::from_ref(&deletion)).unwrap();
    let undeleted = ChainFault::Undeleted { name: name(0) };
    assert_eq!(faults(&folder), [undeleted]);
    fs::remove_file(folder.join(&name(0).to_string())).unwrap();
    assert_eq!(faults(&folder), []);
    let (_, stored) = Chain::open(folder.path()).unwrap();
    assert_eq!(stored.into_iter().collect::<Vec<_>>(), [name(1), name(2)]);
}

#[test]
fn a_chain_cut_at_any_byte_goes_on_unbroken() {
    let folder = three();
    let whole = folder.read(CHAIN_FILE);
    for cut in 0..=whole.len() {
        fs::write(folder.join(CHAIN_FILE), &whole[..cut]).unwrap();
        let (mut chain, stored) = Chain::open(folder.path()).unwrap();
        let rest: Vec<Entry> = (0..3)
            .filter(|part| !stored.contains(&name(*part)))
            .map(|part| entry(folder.path(), Deed::Stored, part))
            .collect();
        chain.append(&rest).unwrap();
        assert_eq!(faults(&folder), [], "cut at {cut}");
    }
}

#[test]
fn garbage_in_the_chain_is_a_fault_and_not_a_panic() {
    let folder = three();
    let mut text = folder.read(CHAIN_FILE);
    text.splice(0..0, b"\xFF\xFE \n\nstored x\n".iter().copied());
    text.extend(b"torn");
    fs::write(folder.join(CHAIN_FILE), text).unwrap();
    let wanted = [
        ChainFault::Unreadable { line: 1 },
        ChainFault::Unreadable { line: 2 },
        ChainFault::Unreadable { line: 3 },
        ChainFault::Broken { line: 4 },
        ChainFault::Torn,
    ];
    assert_eq!(faults(&folder), wanted);
}
