//! The writer between the program and whoever reads its log.

use std::io::Write;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use super::*;

/// Takes nothing until it is let, and then everything.
struct Stalled {
    go_on: Receiver<()>,
    began: Sender<()>,
    taken: Arc<Mutex<Vec<u8>>>,
}

impl Write for Stalled {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.began.send(());
        let _ = self.go_on.recv();
        self.taken.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn who_logs_never_waits_and_what_is_too_much_is_dropped_counted_and_the_rest_written() {
    let (go_on, stall) = channel();
    let (began, has_begun) = channel();
    let taken = Arc::default();
    let out = Stalled {
        go_on: stall,
        began,
        taken: Arc::clone(&taken),
    };
    let (mut lines, writer) = lossy(out);
    lines.write_all(b"first\n").unwrap();
    has_begun.recv().unwrap();
    // The first is with the one who does not read it; so many wait, and three are too many.
    for _ in 0..LINES + 3 {
        lines.write_all(b"next\n").unwrap();
    }
    assert_eq!(lines.error_counter().dropped_lines(), 3);
    drop(go_on);
    drop(lines);
    drop(writer);
    let taken = taken.lock().unwrap();
    let text = String::from_utf8_lossy(&taken);
    assert_eq!(text.lines().count(), 1 + LINES, "written before the end");
}
