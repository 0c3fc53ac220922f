//! Rendered speech, encoded once for both laws and shared by every media thread.
//!
//! Finding and reading the files is the driver's work; here a prompt is 8 kHz samples and what the
//! manifest says of them.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use rotaline_model::PromptId;

use crate::Codec;

/// Longest prompt, in samples (10 minutes); what is beyond is cut.
pub const MAX_PROMPT_SAMPLES: usize = 10 * 60 * 8000;

/// One announcement.
#[derive(Debug)]
pub struct Prompt {
    version: u32,
    expires: Option<Timestamp>,
    alaw: Box<[u8]>,
    ulaw: Box<[u8]>,
}

impl Prompt {
    /// Encodes 8 kHz samples.
    pub fn new(version: u32, samples: &[i16]) -> Self {
        let samples = &samples[..samples.len().min(MAX_PROMPT_SAMPLES)];
        let encoded = |codec: Codec| samples.iter().map(|sample| codec.encode(*sample)).collect();
        Prompt {
            version,
            expires: None,
            alaw: encoded(Codec::Pcma),
            ulaw: encoded(Codec::Pcmu),
        }
    }

    /// Which wording this is: kept as evidence of what was heard.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The same, not to be said from then on.
    #[must_use]
    pub fn expiring(mut self, at: Option<Timestamp>) -> Self {
        self.expires = at;
        self
    }

    /// From when on it is not said any more; whoever chooses what is said minds it.
    pub fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// Its length in milliseconds.
    pub fn length_ms(&self) -> u32 {
        // At most MAX_PROMPT_SAMPLES / 8, which fits.
        (self.alaw.len() / 8) as u32
    }

    /// Its samples, a byte each.
    pub fn audio(&self, codec: Codec) -> &[u8] {
        match codec {
            Codec::Pcma => &self.alaw,
            Codec::Pcmu => &self.ulaw,
        }
    }
}

/// All announcements by id.
///
/// A bank does not change while it is shared; an edited one is a clone (cheap: the audio is
/// shared) that is handed to [`Media::replace_prompts`](crate::Media::replace_prompts).
#[derive(Clone, Debug, Default)]
pub struct PromptBank {
    prompts: HashMap<PromptId, Arc<Prompt>>,
}

impl PromptBank {
    /// An empty bank.
    pub fn new() -> Self {
        PromptBank::default()
    }

    /// Adds a prompt, in place of one with the same id.
    pub fn insert(&mut self, id: PromptId, prompt: Prompt) {
        self.prompts.insert(id, Arc::new(prompt));
    }

    /// Adds a prompt that is known by another id too, in place of one with the same id.
    pub fn share(&mut self, id: PromptId, prompt: Arc<Prompt>) {
        self.prompts.insert(id, prompt);
    }

    /// The prompt of this id.
    pub fn get(&self, id: &PromptId) -> Option<&Arc<Prompt>> {
        self.prompts.get(id)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.prompts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.prompts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_kept_in_both_laws() {
        let samples: Vec<i16> = (0..8000).map(|n| (n * 4 - 16_000) as i16).collect();
        let mut bank = PromptBank::new();
        let id = PromptId::parse("specialty/cardiology").unwrap();
        bank.insert(id.clone(), Prompt::new(3, &samples));
        let prompt = bank.get(&id).unwrap();
        assert_eq!((prompt.version(), prompt.length_ms()), (3, 1000));
        for codec in [Codec::Pcma, Codec::Pcmu] {
            let encoded = prompt.audio(codec);
            assert_eq!(encoded.len(), samples.len());
            assert_eq!(encoded[0], codec.encode(-16_000));
        }
        assert!(bank.get(&PromptId::parse("menu").unwrap()).is_none());
    }

    #[test]
    fn a_prompt_without_end_is_cut() {
        let prompt = Prompt::new(1, &vec![0; MAX_PROMPT_SAMPLES + 1]);
        assert_eq!(prompt.length_ms(), 600_000);
    }
}
