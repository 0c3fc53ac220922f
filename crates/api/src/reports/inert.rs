//! Texts from outside in spreadsheets, so that no cell of them is ever a formula.
//!
//! Whoever rings chooses what their phone presents as its name, and practices are imported; a
//! manager then opens the export in a program that runs what begins with `=`. So:
//!
//! - Control characters, tabs and line ends become spaces, in both formats: no text begins another
//!   cell or line, whatever a program takes for a separator.
//! - XLSX says of each cell what it is. Texts are stored as texts, unchanged, and formatted as
//!   text, so they stay texts when somebody edits them.
//! - CSV says nothing, so a text that begins with `=`, `+`, `-` or `@` (also in its wide form, also
//!   after spaces or marks that do not show) gets `'` before it, which programs show and do not
//!   run. A telephone number begins with `+`; without the `'` it would become the figure
//!   442079460001. A text that begins with `'` gets another, so who reads a CSV by program takes
//!   one `'` away and has the text.
//! - Where a semicolon is the separator (a German Excel), a text would be split: what begins a
//!   formula after a `;` gets a `'` too.
//! - The bare `-` of an outcome that was not given is no formula, and stays.

/// What a program may take for the beginning of a formula.
const DANGEROUS: [char; 9] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '−'];

/// A text for any cell: what does not show, or ends cells and lines, is a space.
pub(super) fn plain(text: &str, into: &mut String) {
    into.extend(
        text.chars()
            .map(|c| if ends_something(c) { ' ' } else { c }),
    );
}

fn ends_something(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}')
}

/// A text for a quoted cell of a CSV, without the quotation marks around it.
pub(super) fn csv(text: &str, into: &mut String) {
    if text.starts_with('\'') || (begins_formula(text) && text != "-") {
        into.push('\'');
    }
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '"' => into.push_str("\"\""),
            ';' if begins_formula(rest.as_str()) => into.push_str(";'"),
            c if ends_something(c) => into.push(' '),
            c => into.push(c),
        }
    }
}

fn begins_formula(text: &str) -> bool {
    let mut shown = text.chars().skip_while(|c| {
        let invisible = matches!(
            c,
            '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}'
        );
        c.is_whitespace() || c.is_control() || invisible || *c == '"'
    });
    shown.next().is_some_and(|first| DANGEROUS.contains(&first))
}
