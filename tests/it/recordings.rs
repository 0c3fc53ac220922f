//! A folder of recordings, judged from outside: WAV headers byte by byte, ffprobe where it is
//! there, and the digest chain after its description alone.
//!
//! ```text
//! stored <time> <sha256 of the file> <bytes> <day>/<name>.wav <sha256 of link before \n line>
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

/// Where the data chunk begins (after `fmt ` with its 18 bytes, and `fact`).
const DATA: usize = 50;
/// Where its audio begins.
const WAV_HEADER: usize = DATA + 8;

/// Seconds of a WAV whose header is right to the byte.
pub fn wav_seconds(wav: &[u8]) -> Result<f64> {
    ensure!(wav.len() >= WAV_HEADER, "{} bytes are no WAV", wav.len());
    let number = |at: usize| {
        let bytes: [u8; 4] = wav[at..at + 4].try_into().unwrap();
        u32::from_le_bytes(bytes) as usize
    };
    let names = [&wav[..4], &wav[8..16], &wav[DATA..DATA + 4]];
    ensure!(names == [&b"RIFF"[..], b"WAVEfmt ", b"data"], "{names:?}");
    ensure!(number(4) == wav.len() - 8, "RIFF's size: {}", number(4));
    let data = wav.len() - WAV_HEADER;
    ensure!(
        number(DATA + 4) == data,
        "the data's size: {}",
        number(DATA + 4)
    );
    Ok(data as f64 / number(28) as f64)
}

/// What ffprobe says, where it is installed.
pub fn ffprobe_seconds(file: &Path) -> Option<f64> {
    let mut ffprobe = Command::new("ffprobe");
    ffprobe.args([
        "-v",
        "error",
        "-show_entries",
        "format=duration",
        "-of",
        "csv=p=0",
    ]);
    let output = ffprobe.arg(file).output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && said.is_empty(),
        "{file:?}: {said}"
    );
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

/// Every recording of a folder by its name in the chain, with its digest; an error unless the
/// chain holds, every file is listed once and as it was stored, and none is beside the list.
pub fn verified(folder: &Path) -> Result<BTreeMap<String, String>> {
    let text = fs::read_to_string(folder.join("chain.log"))?;
    ensure!(
        text.is_empty() || text.ends_with('\n'),
        "the last line is torn"
    );
    let mut link = "0".repeat(64);
    let mut stored = BTreeMap::new();
    for line in text.lines() {
        let (said, told) = line.rsplit_once(' ').context("a line without a link")?;
        link = sha256(format!("{link}\n{said}").as_bytes());
        ensure!(link == told, "the chain is broken at: {line}");
        let words: Vec<&str> = said.split(' ').collect();
        let ["stored", _, digest, bytes, name] = words[..] else {
            bail!("a line of {} words: {line}", words.len());
        };
        let file = fs::read(folder.join(name)).with_context(|| name.to_owned())?;
        ensure!(
            file.len().to_string() == bytes,
            "{name}: {} bytes",
            file.len()
        );
        ensure!(sha256(&file) == digest, "{name}: altered");
        let twice = stored.insert(name.to_owned(), digest.to_owned());
        ensure!(twice.is_none(), "{name}: listed twice");
    }
    for file in wavs(folder) {
        let name = file.strip_prefix(folder)?.to_string_lossy().into_owned();
        ensure!(stored.contains_key(&name), "{name}: not in the chain");
    }
    Ok(stored)
}

/// All WAVs one folder down.
pub fn wavs(folder: &Path) -> Vec<PathBuf> {
    let files = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries
            .map(|entry| entry.unwrap().path())
            .collect::<Vec<_>>()
    };
    let mut wavs: Vec<PathBuf> = files(folder).iter().flat_map(|day| files(day)).collect();
    wavs.retain(|file| file.extension().is_some_and(|extension| extension == "wav"));
    wavs
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_is_off_by_a_byte_is_seen() {
        let mut wav = b"RIFF\x34\0\0\0WAVEfmt ".to_vec();
        wav.resize(DATA, 0);
        wav[28] = 2;
        wav.extend(*b"data\x02\0\0\0ab");
        assert_eq!(wav_seconds(&wav).unwrap(), 1.0);
        wav.push(b'c');
        assert!(wav_seconds(&wav).is_err());
        assert!(wav_seconds(&wav[..20]).is_err());
    }

    #[test]
    fn what_is_altered_cut_missing_or_beside_the_chain_is_seen() {
        let this = std::env::current_exe().unwrap();
        let target = this.ancestors().nth(3).expect("a target folder");
        let folder = target.join("test-logs/it/chain-judged");
        let fresh = || {
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(folder.join("day")).unwrap();
            let mut link = "0".repeat(64);
            let mut chain = String::new();
            for name in ["a", "b"] {
                fs::write(folder.join(format!("day/{name}.wav")), name).unwrap();
                let said = format!("stored now {} 1 day/{name}.wav", sha256(name.as_bytes()));
                link = sha256(format!("{link}\n{said}").as_bytes());
                chain += &format!("{said} {link}\n");
            }
            fs::write(folder.join("chain.log"), &chain).unwrap();
            chain
        };
        let is_seen = |spoil: &dyn Fn(&str)| {
            spoil(&fresh());
            verified(&folder).is_err()
        };
        fresh();
        assert_eq!(verified(&folder).unwrap().len(), 2);
        let chain = folder.join("chain.log");
        assert!(is_seen(
            &|_| fs::write(folder.join("day/a.wav"), "c").unwrap()
        ));
        assert!(is_seen(
            &|_| fs::remove_file(folder.join("day/a.wav")).unwrap()
        ));
        assert!(is_seen(
            &|_| fs::write(folder.join("day/c.wav"), "c").unwrap()
        ));
        let (first, second) = (0, 1);
        for kept in [first, second] {
            let line = |text: &str| text.lines().nth(kept).unwrap().to_owned() + "\n";
            assert!(is_seen(&|text| fs::write(&chain, line(text)).unwrap()));
        }
        assert!(is_seen(&|text| fs::write(&chain, text.trim_end()).unwrap()));
        assert!(is_seen(&|text| fs::write(
            &chain,
            text.replace("now", "one")
        )
        .unwrap()));
    }
}
