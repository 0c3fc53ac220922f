//! The shipped prompts load; a folder with faults names all of them.

use std::fs;

use super::*;

/// A folder of its own for one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, manifest: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("rotaline-{}-{name}", std::process::id()));
        fs::create_dir_all(path.join("8k/a")).unwrap();
        fs::write(path.join("manifest.toml"), manifest).unwrap();
        Folder(path)
    }

    fn wav(&self, id: &str, spec: WavSpec, samples: usize) {
        let path = self.0.join("8k").join(format!("{id}.wav"));
        let mut writer = hound::WavWriter::create(path, spec).unwrap();
        (0..samples).for_each(|n| writer.write_sample(n as i16).unwrap());
        writer.finalize().unwrap();
    }

    fn faults(&self) -> Vec<String> {
        load(&self.0)
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const HEAD: &str = "language = 'en-GB'\nvoice = 'x'\nlicence = 'x'\n[prompts]\n";

fn id(text: &str) -> PromptId {
    PromptId::parse(text).unwrap()
}

#[test]
fn the_shipped_prompts_are_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/prompts/en-GB");
    let bank = load(&folder).unwrap();
    let cardiology = bank.get(&id("specialty/cardiology")).unwrap();
    assert!((400..1500).contains(&cardiology.length_ms()));
    let needed = [
        id("whisper/press-1"),
        id("no/such"),
        id("menu/goodbye"),
        id("no/such"),
    ];
    let lacking: Vec<String> = lacking(&bank, &needed)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        lacking,
        ["prompt no/such is needed and not in the manifest"]
    );
}

#[test]
fn a_prompt_is_what_its_file_holds() {
    let manifest =
        format!("{HEAD}'a/b' = {{ version = 7, ms = 10, text = 'B', say = 'Bee', speed = 0.9 }}");
    let folder = Folder::new("whole", &manifest);
    folder.wav("a/b", FORMAT, 85);
    let bank = load(&folder.0).unwrap();
    let prompt = bank.get(&id("a/b")).unwrap();
    assert_eq!(
        (bank.len(), prompt.version(), prompt.length_ms()),
        (1, 7, 10)
    );
    let codec = rotaline_media::Codec::Pcma;
    let expected: Vec<u8> = (0..85).map(|sample| codec.encode(sample)).collect();
    assert_eq!(prompt.audio(codec), expected);
}

#[test]
fn all_faults_of_a_folder_are_named_at_once() {
    let entry = "{ version = 1, ms = 10, text = 'x' }";
    let manifest = [
        HEAD,
        "'a/absent' = ENTRY\n'a/empty' = ENTRY\n'a/long' = ENTRY\n'a/no-wav' = ENTRY\n",
        "'a/short' = { version = 1, ms = 90, text = 'x' }\n'a/wide' = ENTRY\n'A' = ENTRY\n",
        "'a/stereo' = ENTRY\n'b/key' = { version = 1, ms = 1, text = 'x', txt = 'x' }\n",
        "'b/lacks' = { ms = 1, text = 'x' }\n'b/negative' = { version = -1, ms = 1, text = 'x' }\n",
    ];
    let folder = Folder::new("faults", &manifest.concat().replace("ENTRY", entry));
    folder.wav("a/empty", FORMAT, 0);
    folder.wav("a/long", FORMAT, MAX_PROMPT_SAMPLES + 1);
    folder.wav("a/short", FORMAT, 80);
    folder.wav(
        "a/wide",
        WavSpec {
            sample_rate: 16_000,
            ..FORMAT
        },
        80,
    );
    folder.wav(
        "a/stereo",
        WavSpec {
            channels: 2,
            ..FORMAT
        },
        80,
    );
    fs::write(folder.0.join("8k/a/no-wav.wav"), "ID3").unwrap();
    let faults = folder.faults();
    let expected = [
        "\"A\" is not a prompt id",
        "prompt a/absent: ",
        "prompt a/empty: 0 samples",
        "prompt a/long: 4800001 samples",
        "prompt a/no-wav: ",
        "prompt a/short: ms = 90, but its file lasts 10 ms",
        "prompt a/stereo: ",
        "prompt a/wide: ",
        "prompt b/key: unknown field `txt`",
        "prompt b/lacks: missing field `version`",
        "prompt b/negative: ",
    ];
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.starts_with(expected), "{fault:?} is not {expected:?}");
    }
    assert!(faults[1].contains("absent.wav cannot be read"));
    assert!(faults[6].contains("8000 Hz, 2 channels, 16 bits; it must have"));
    assert!(faults[7].contains("16000 Hz, 1 channels, 16 bits; it must have"));
}

#[test]
fn a_manifest_must_be_there_and_a_manifest() {
    let folder = Folder::new("manifest", "language = 'en-GB'\nvoices = 'x'\n");
    let faults = folder.faults();
    assert!(
        faults.len() == 1 && faults[0].contains("unknown field `voices`"),
        "{faults:?}"
    );
    fs::remove_file(folder.0.join("manifest.toml")).unwrap();
    let faults = folder.faults();
    assert!(
        faults.len() == 1 && faults[0].contains("manifest.toml cannot be read"),
        "{faults:?}"
    );
}

#[test]
fn the_number_of_prompts_is_bounded() {
    let entries: String = (0..=MAX_PROMPTS).map(|n| format!("n{n} = 1\n")).collect();
    let folder = Folder::new("many", &format!("{HEAD}{entries}"));
    assert_eq!(folder.faults(), ["4097 prompts are more than 4096"]);
}
