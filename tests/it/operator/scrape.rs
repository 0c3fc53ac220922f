//! What `/metrics` shows: Prometheus's text format, as much of it as is needed.

use std::collections::{BTreeMap, BTreeSet};

use crate::http;
use crate::server::Server;

/// A sample's labels, and its value.
type Sample = (BTreeMap<String, String>, f64);

/// One reading.
pub struct Scrape {
    /// Name and type of every family that has a sample.
    pub types: BTreeSet<(String, String)>,
    /// Of each series' name: its samples' labels and values.
    pub samples: BTreeMap<String, Vec<Sample>>,
}

impl Scrape {
    /// Reads a running service's.
    pub fn of(server: &Server) -> Scrape {
        let answer = http::get(server.http, "/metrics", "").unwrap();
        Scrape::read(&String::from_utf8(answer.body).unwrap())
    }

    fn read(text: &str) -> Scrape {
        let mut types = BTreeSet::new();
        let mut helped = BTreeSet::new();
        let mut samples: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                types.insert((name.to_owned(), kind.to_owned()));
            } else if let Some(rest) = line.strip_prefix("# HELP ") {
                helped.insert(rest.split(' ').next().unwrap().to_owned());
            } else {
                let (series, value) = line.rsplit_once(' ').unwrap();
                let (name, labels) = series.split_once('{').unwrap_or((series, ""));
                let sample = (read_labels(labels), value.parse().unwrap());
                samples.entry(name.to_owned()).or_default().push(sample);
            }
        }
        let unexplained = types.iter().find(|(name, _)| !helped.contains(name));
        assert_eq!(unexplained, None, "a metric without help");
        Scrape { types, samples }
    }

    /// The sum over the series with this label; none: there is none.
    pub fn sum(&self, name: &str, label: &str, is: &str) -> Option<f64> {
        let samples = self.samples.get(name)?.iter();
        let with = samples.filter(|(labels, _)| labels.get(label).is_some_and(|it| it == is));
        let values: Vec<f64> = with.map(|(_, value)| *value).collect();
        (!values.is_empty()).then(|| values.iter().sum())
    }
}

/// `a="b",c="d"}`; no value of ours has a quotation mark.
fn read_labels(text: &str) -> BTreeMap<String, String> {
    let parts: Vec<&str> = text.trim_end_matches('}').split('"').collect();
    let pairs = parts.chunks_exact(2);
    let pair = |pair: &[&str]| {
        let name = pair[0].trim_matches([',', '=']).to_owned();
        (name, pair[1].to_owned())
    };
    pairs.map(pair).collect()
}
