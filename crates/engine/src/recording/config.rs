//! How recordings are kept: settings as written, and checked.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

/// Settings as written in the configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordingSettings {
    /// Where recordings are kept.
    pub folder: PathBuf,
    /// How often files that are being written are forced to disk, in seconds, 1 to 60. What a
    /// killed process loses does not depend on it; what a power cut takes does.
    pub sync_interval_s: u64,
    /// Whether MP3 copies are made after each call.
    pub mp3: Mp3,
}

/// Whether MP3 copies are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mp3 {
    /// After each call, at low priority.
    AfterCalls,
    /// Only when somebody asks for one.
    OnDemand,
}

impl Default for RecordingSettings {
    fn default() -> Self {
        RecordingSettings {
            folder: PathBuf::from("recordings"),
            sync_interval_s: 5,
            mp3: Mp3::AfterCalls,
        }
    }
}

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRecordingSetting {
    /// No folder.
    #[error("folder is empty: name the folder that recordings are kept in")]
    NoFolder,
    /// Out of range.
    #[error("sync_interval_s is {0}: use 1 to 60")]
    SyncInterval(u64),
}

/// Checked settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingConfig {
    pub(super) folder: PathBuf,
    pub(super) sync_interval: Duration,
    pub(super) mp3: Mp3,
}

impl TryFrom<RecordingSettings> for RecordingConfig {
    /// Every fault, not just the first.
    type Error = Vec<BadRecordingSetting>;

    fn try_from(settings: RecordingSettings) -> Result<Self, Self::Error> {
        let mut faults = Vec::new();
        if settings.folder.as_os_str().is_empty() {
            faults.push(BadRecordingSetting::NoFolder);
        }
        if !(1..=60).contains(&settings.sync_interval_s) {
            faults.push(BadRecordingSetting::SyncInterval(settings.sync_interval_s));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(RecordingConfig {
            folder: settings.folder,
            sync_interval: Duration::from_secs(settings.sync_interval_s),
            mp3: settings.mp3,
        })
    }
}
