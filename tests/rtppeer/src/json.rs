//! JSON text by hand: three builders that give back strings. Writes only, never reads.

/// A JSON string, with everything that JSON forbids inside one escaped.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// An object; the values are JSON text already.
pub fn object(fields: &[(&str, String)]) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|(k, v)| format!("{}:{v}", quote(k)))
        .collect();
    format!("{{{}}}", fields.join(","))
}

/// An array, one item a line, so that a long timeline can be read and diffed.
pub fn array(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    if items.is_empty() {
        "[]".into()
    } else {
        format!("[\n{}]", items.join(",\n"))
    }
}

/// Milliseconds with a tenth; `null` for what never happened.
pub fn ms(value: impl Into<Option<f64>>) -> String {
    value
        .into()
        .map_or("null".into(), |ms| format!("{:.1}", ms + 0.0)) // turns -0.0 into 0.0
}
