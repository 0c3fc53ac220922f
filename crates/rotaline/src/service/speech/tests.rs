//! Names said by a command, by what was kept of it, and in general.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rotaline_routing::Source;
use tempfile::TempDir;

use super::*;

const PLAN: &str = r#"
inbound_number = "020 7946 0000"
[organisation.riverside]
name = "Riverside Hospitals"
zone = "Europe/London"
[specialty.cardiology]
organisation = "riverside"
name = "Cardiology"
hours = ["daily 00:00-24:00"]
[specialty.sleep]
organisation = "riverside"
name = "Sleep; $(touch oops) --help"
hours = ["daily 00:00-24:00"]
"#;

/// Keeps what it was to say; says nothing that begins with Riverside.
const SCRIPT: &str = r#"#!/bin/sh
echo "$2" >>"$0.said"
case "$2" in Riverside*) exit 7;; esac
cp "$0.wav" "$1"
"#;

struct World {
    folder: TempDir,
    items: Items,
    prompts: Arc<PromptBank>,
}

impl World {
    fn new() -> World {
        let folder = TempDir::new().unwrap();
        let script = folder.path().join("say");
        fs::write(&script, SCRIPT).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
        let wave = |n: u32| if n % 16 < 8 { 4_000 } else { -4_000 };
        let tone: Vec<i16> = (0..8_000).map(wave).collect();
        rendered::write(&folder.path().join("say.wav"), &tone).unwrap();
        let mut prompts = PromptBank::new();
        for (name, ms) in [
            ("organisation/advice-and-guidance", 100),
            ("specialty/another-team", 200),
            ("specialty/cardiology", 300),
        ] {
            prompts.insert(id(name), Prompt::new(1, &vec![1; ms * 8]));
        }
        let source = Source {
            name: "plan.toml".to_owned(),
            text: PLAN.to_owned(),
        };
        World {
            folder,
            items: Items::read(&[source]).unwrap().0,
            prompts: Arc::new(prompts),
        }
    }

    fn speech(&self, command: &[&str]) -> Speech {
        let script = self.folder.path().join("say").display().to_string();
        let words = command.iter().map(|word| word.replace("say", &script));
        let settings = SpeechSettings {
            command: words.collect(),
        };
        settings.check().unwrap();
        let folder = self.folder.path().join("speech");
        Speech::new(Arc::clone(&self.prompts), settings, folder)
    }

    fn said(&self) -> Vec<String> {
        let said = fs::read_to_string(self.folder.path().join("say.said")).unwrap_or_default();
        said.lines().map(str::to_owned).collect()
    }
}

fn id(name: &str) -> PromptId {
    PromptId::parse(name).unwrap()
}

fn length_ms(bank: &PromptBank, name: &str) -> u32 {
    bank.get(&id(name)).unwrap().length_ms()
}

#[tokio::test]
async fn a_name_is_rendered_once_and_kept_and_what_fails_is_said_in_general() {
    let world = World::new();
    let command = ["say", "{file}", "{text}"];
    let speech = world.speech(&command);
    speech.render(&world.items).await;
    speech.render(&world.items).await;
    let bank = speech.bank(&world.items);
    assert_eq!(length_ms(&bank, "specialty/sleep"), 1_000);
    assert_eq!(length_ms(&bank, "specialty/cardiology"), 300, "its prompt");
    assert_eq!(length_ms(&bank, "organisation/riverside"), 100, "general");
    let once = ["Riverside Hospitals", "Sleep; $(touch oops) --help"];
    assert_eq!(world.said(), once, "as it was typed, and by no shell");
    assert!(!world.folder.path().join("oops").exists());

    let again = world.speech(&command);
    again.render(&world.items).await;
    let bank = again.bank(&world.items);
    assert_eq!(length_ms(&bank, "specialty/sleep"), 1_000);
    assert_eq!(world.said().len(), 3, "only what had failed is tried again");
    let version = |speech: &Speech| {
        let bank = speech.bank(&world.items);
        bank.get(&id("specialty/sleep")).unwrap().version()
    };
    assert_eq!(version(&again), version(&speech));
    assert_ne!(version(&again), 1);
}

#[tokio::test]
async fn without_a_command_or_its_program_names_are_said_in_general() {
    let world = World::new();
    for command in [&[][..], &["/none/there", "{file}", "{text}"]] {
        let speech = world.speech(command);
        speech.render(&world.items).await;
        let bank = speech.bank(&world.items);
        assert_eq!(length_ms(&bank, "specialty/sleep"), 200, "{command:?}");
    }
}

#[test]
fn a_command_without_a_place_for_name_or_file_is_refused() {
    let checked = |words: &[&str]| {
        let command = words.iter().map(|word| (*word).to_owned()).collect();
        SpeechSettings { command }.check()
    };
    assert_eq!(checked(&[]), Ok(()));
    assert_eq!(checked(&["say", "-o{file}", "{text}"]), Ok(()));
    assert_eq!(checked(&["say", "{text}"]), Err(BadCommand::File));
    assert_eq!(
        checked(&["say", "{file}", "x{text}"]),
        Err(BadCommand::Text)
    );
    assert_eq!(checked(&["{file}", "{text}"]), Err(BadCommand::Program));
}
