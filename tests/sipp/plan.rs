//! The settings and the plan that a scenario's server is given, from templates in which `{{name}}`
//! stands for a port or a path.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

/// What names in a template stand for.
pub type Values = BTreeMap<String, String>;

/// The template with every `{{name}}` replaced; one that nothing is known for is an error.
pub fn fill(template: &str, values: &Values) -> Result<String> {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else {
            bail!("{{{{ without }}}}")
        };
        let Some(value) = values.get(name) else {
            bail!("nothing is known of {{{{{name}}}}}")
        };
        text.push_str(before);
        text.push_str(value);
        rest = after;
    }
    Ok(text + rest)
}

/// The phones that a plan's template rings: the users of its SIP addresses `sip:ann@...:{{ann}}`.
pub fn phones(template: &str) -> Vec<String> {
    let uncommented = template
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    let named = uncommented.flat_map(|line| line.split("{{").skip(1));
    let mut names: Vec<String> = named
        .filter_map(|after| Some(after.split_once("}}")?.0.to_owned()))
        .collect();
    names.sort();
    names.dedup();
    names
}
