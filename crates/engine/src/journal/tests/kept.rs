//! Files beside the journal: whole or not at all, and nobody else's.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::super::{KeptError, KeptFile};
use super::TestFolder;

#[test]
fn what_was_kept_last_is_read_whole_and_only_its_owner_may() {
    let folder = TestFolder::new();
    let kept = KeptFile::new(folder.path(), "plan");
    assert!(kept.read().unwrap().is_none());
    for text in ["the first plan, which is longer", "the second", ""] {
        kept.write(text.as_bytes()).unwrap();
        assert_eq!(kept.read().unwrap().unwrap(), text.as_bytes());
        let mode = fs::metadata(kept.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn what_a_kill_left_half_written_changes_nothing() {
    let folder = TestFolder::new();
    let kept = KeptFile::new(folder.path(), "plan");
    kept.write(b"whole").unwrap();
    fs::write(folder.path().join("plan.new"), b"ha").unwrap();
    assert_eq!(kept.read().unwrap().unwrap(), b"whole");
    kept.write(b"next").unwrap();
    assert_eq!(kept.read().unwrap().unwrap(), b"next");
}

#[test]
fn any_damage_is_seen_and_a_newer_file_is_no_damage() {
    let folder = TestFolder::new();
    let kept = KeptFile::new(folder.path(), "plan");
    kept.write(b"whole").unwrap();
    let good = fs::read(kept.path()).unwrap();
    for place in (0..good.len()).filter(|place| *place != 3) {
        let mut bad = good.clone();
        bad[place] ^= 0x10;
        fs::write(kept.path(), &bad).unwrap();
        match kept.read() {
            Err(KeptError::Newer(0x11)) if place == 2 => {}
            Err(KeptError::Damaged) if place != 2 => {}
            other => panic!("byte {place}: {other:?}"),
        }
    }
    for length in 0..good.len() {
        fs::write(kept.path(), &good[..length]).unwrap();
        assert!(
            matches!(kept.read(), Err(KeptError::Damaged)),
            "{length} bytes"
        );
    }
}
