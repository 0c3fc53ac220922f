//! Content lines (RFC 5545 section 3.1): unfolded, taken apart, each with the line it begins on.

use crate::place::Found;
use crate::reading::Text;

/// Most lines of a calendar that are read.
const MAX_LINES: usize = 400_000;
/// Most bytes of a line, unfolded.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// `NAME;PARAM=value:value`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ContentLine {
    pub line: usize,
    /// In capital letters.
    pub name: String,
    /// Names in capital letters; values without quotation marks.
    pub params: Vec<(String, String)>,
    pub value: String,
}

impl ContentLine {
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        let mut params = self.params.iter();
        params
            .find(|(it, _)| it == name)
            .map(|(_, value)| value.as_str())
    }
}

/// All content lines; one that cannot be taken apart is a fault.
pub(super) fn lines(found: &mut Found, text: &Text) -> Vec<ContentLine> {
    let mut unfolded: Vec<(usize, String)> = Vec::new();
    for (number, line) in (1..).zip(physical(&text.text)) {
        if number > MAX_LINES {
            let problem = format!("has more than {MAX_LINES} lines; the others are not read");
            found.add(&text.place(number), &problem, "take out what is past");
            break;
        }
        //= RFC 5545 section 3.1
        //# Unfolding is accomplished by removing the CRLF and the linear white-space character
        //# that immediately follows.
        match (line.strip_prefix([' ', '\t']), unfolded.last_mut()) {
            (Some(rest), Some((_, whole))) if whole.len() + rest.len() <= MAX_LINE_BYTES => {
                whole.push_str(rest);
            }
            (Some(_), Some((begun, _))) => {
                let problem = format!("goes on for more than {MAX_LINE_BYTES} bytes");
                found.add(&text.place(*begun), &problem, "shorten it");
            }
            (_, _) if line.trim().is_empty() => {}
            (_, _) => unfolded.push((number, line.to_owned())),
        }
    }
    let mut lines = Vec::with_capacity(unfolded.len());
    for (number, line) in unfolded {
        match parse(number, &line) {
            Some(line) => lines.push(line),
            None => found.add(
                &text.place(number),
                "is no line of a calendar",
                "e.g. SUMMARY:AM: Dr Ann Archer",
            ),
        }
    }
    lines
}

/// Lines as `Lines` counts them.
fn physical(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(['\n', '\r']) else {
            rest = None;
            return Some(text);
        };
        let (line, after) = text.split_at(end);
        rest = after
            .strip_prefix("\r\n")
            .or_else(|| after.strip_prefix(['\r', '\n']));
        Some(line)
    })
}

fn parse(number: usize, line: &str) -> Option<ContentLine> {
    let end = line.find([':', ';'])?;
    let (name, mut rest) = line.split_at(end);
    let is_name = |text: &str| {
        let mut bytes = text.bytes();
        !text.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if !is_name(name) {
        return None;
    }
    let mut params = Vec::new();
    while let Some(param) = rest.strip_prefix(';') {
        let (name, value) = param.split_once('=')?;
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => value.split_at(value.find([';', ':'])?),
        };
        if !is_name(name) {
            return None;
        }
        params.push((name.to_ascii_uppercase(), value.to_owned()));
        rest = after;
    }
    Some(ContentLine {
        line: number,
        name: name.to_ascii_uppercase(),
        params,
        value: rest.strip_prefix(':')?.to_owned(),
    })
}
