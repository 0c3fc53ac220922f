//! Cells that a spreadsheet would evaluate, and what comes back of them.

use proptest::prelude::*;

use super::cell::{guarded, unguarded};

#[test]
fn what_a_spreadsheet_would_evaluate_is_written_as_text() {
    for text in [
        "=cmd|' /C calc'!A0",
        "+44 7700 900105",
        "-2+3",
        "@SUM(1)",
        "'=1",
        "\t=1",
    ] {
        let cell = guarded(text);
        assert!(cell.starts_with('\''), "{cell}");
        assert_eq!(unguarded(&cell), text);
    }
    for text in ["Dr Ann Archer", "07700 900105", "O'Hara", ""] {
        assert_eq!(guarded(text), text);
    }
}

#[test]
fn an_apostrophe_that_somebody_wrote_stays() {
    assert_eq!(unguarded("'t Hart Surgery"), "'t Hart Surgery");
    assert_eq!(unguarded("+44 7700 900105"), "+44 7700 900105");
}

proptest! {
    #[test]
    fn every_text_comes_back(text in "(?s)['=+@\\-]{0,3}.{0,12}") {
        let cell = guarded(&text);
        prop_assert_eq!(unguarded(&cell), text.as_str());
    }
}
