//! Which series a PromQL expression asks for, with which labels. Not a parser: names outside of
//! quotation marks that are neither functions nor words of the language.

use super::scrape::Scrape;

const WORDS: [&str; 14] = [
    "and",
    "or",
    "unless",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "bool",
    "offset",
    "inf",
    "nan",
    "e",
];
/// Labels that a scrape adds.
const SCRAPED: [&str; 2] = ["instance", "job"];

/// An expression.
pub struct Expression {
    /// Each series' name and matchers.
    pub series: Vec<Series>,
}

/// What is asked for of one metric.
pub struct Series {
    name: String,
    /// Label, operator, value.
    matchers: Vec<(String, String, String)>,
}

impl Expression {
    /// Reads it.
    pub fn read(text: &str) -> Expression {
        let mut series: Vec<Series> = Vec::new();
        let mut rest = text;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':' || c == '$';
        while let Some(first) = rest.chars().next() {
            let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            if length == 0 {
                let end = match first {
                    '{' => rest.find('}').map(|end| {
                        let asked = series.last_mut().expect("a selector has a name");
                        asked.matchers = matchers(&rest[1..end]);
                        end + 1
                    }),
                    '[' => rest.find(']').map(|end| end + 1),
                    _ => Some(first.len_utf8()),
                };
                rest = &rest[end.expect("brackets are closed")..];
                continue;
            }
            let (name, after) = rest.split_at(length);
            rest = after;
            let is_number = first.is_ascii_digit();
            let is_list = matches!(name, "by" | "without" | "on" | "ignoring");
            if is_list && let Some(end) = rest.find(')') {
                rest = &rest[end + 1..];
            } else if !is_number && !WORDS.contains(&name) && !rest.trim_start().starts_with('(') {
                let is_operator = ["sum", "max", "min", "avg", "count"].contains(&name);
                if !is_operator {
                    let (name, matchers) = (name.to_owned(), Vec::new());
                    series.push(Series { name, matchers });
                }
            }
        }
        Expression { series }
    }

    /// What is asked for that a service does not show.
    pub fn faults<'a>(
        &'a self,
        scrape: &'a Scrape,
        not_ours: &'a [&str],
    ) -> impl Iterator<Item = String> + 'a {
        let ours = self
            .series
            .iter()
            .filter(|it| !not_ours.contains(&it.name.as_str()));
        ours.flat_map(|series| series.faults(scrape))
    }
}

impl Series {
    fn faults(&self, scrape: &Scrape) -> Vec<String> {
        let name = &self.name;
        let Some(samples) = scrape.samples.get(name) else {
            return vec![format!("no such metric: {name}")];
        };
        let mut faults = Vec::new();
        for (label, operator, value) in &self.matchers {
            if SCRAPED.contains(&label.as_str()) {
                continue;
            }
            let mut values = samples
                .iter()
                .filter_map(|(labels, _)| labels.get(label))
                .peekable();
            if values.peek().is_none() {
                faults.push(format!("{name} has no label {label}"));
            } else if operator == "=" && !values.any(|it| it == value) {
                faults.push(format!("{name} has no {label}={value:?}"));
            }
        }
        faults
    }
}

fn matchers(text: &str) -> Vec<(String, String, String)> {
    let parts: Vec<&str> = text.split('"').collect();
    let pairs = parts.chunks_exact(2).map(|pair| {
        let label = pair[0].trim_matches([',', ' ', '\n']);
        let end = label.find(['=', '!']).unwrap_or(label.len());
        let (label, operator) = label.split_at(end);
        (label.to_owned(), operator.to_owned(), pair[1].to_owned())
    });
    pairs.collect()
}

#[test]
fn series_are_found_and_words_of_the_language_are_none() {
    let text = r#"histogram_quantile(0.9, sum by (specialty, le) (rate(wait_bucket{end="joined",
        specialty=~"$specialty"}[5m]))) > 1.5 and up == 0 or max(a_total offset 5m) unless b"#;
    let expression = Expression::read(text);
    let names: Vec<&str> = expression
        .series
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(names, ["wait_bucket", "up", "a_total", "b"]);
    let matcher = |label: &str, operator: &str, value: &str| {
        (label.to_owned(), operator.to_owned(), value.to_owned())
    };
    let expected = [
        matcher("end", "=", "joined"),
        matcher("specialty", "=~", "$specialty"),
    ];
    assert_eq!(expression.series[0].matchers, expected);
}
