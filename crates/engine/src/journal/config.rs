//! How the journal is kept: settings as written, and checked.

use std::path::PathBuf;

use serde::Deserialize;

const MIB: u64 = 1 << 20;

/// Settings as written in the configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JournalSettings {
    /// Where the journal is kept.
    pub folder: PathBuf,
    /// A segment is full at this size, in MiB, 1 to 1024.
    pub segment_mib: u64,
    /// The journal takes no more than this, in MiB, at least four segments. It fills only while the
    /// database is away: a call takes about 6 kB.
    pub total_mib: u64,
}

impl Default for JournalSettings {
    fn default() -> Self {
        JournalSettings {
            folder: PathBuf::from("journal"),
            segment_mib: 16,
            total_mib: 2_048,
        }
    }
}

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadJournalSetting {
    /// No folder.
    #[error("folder is empty: name the folder that the journal is kept in")]
    NoFolder,
    /// Out of range.
    #[error("segment_mib is {0}: use 1 to 1024")]
    Segment(u64),
    /// Too little room.
    #[error("total_mib is {total}: use at least {least}, four segments, and at most 1048576")]
    Total {
        /// As written.
        total: u64,
        /// What it takes.
        least: u64,
    },
}

/// Checked settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalConfig {
    pub(super) folder: PathBuf,
    pub(super) segment_bytes: u64,
    pub(super) total_bytes: u64,
}

impl TryFrom<JournalSettings> for JournalConfig {
    /// Every fault, not just the first.
    type Error = Vec<BadJournalSetting>;

    fn try_from(settings: JournalSettings) -> Result<Self, Self::Error> {
        let mut faults = Vec::new();
        if settings.folder.as_os_str().is_empty() {
            faults.push(BadJournalSetting::NoFolder);
        }
        if !(1..=1_024).contains(&settings.segment_mib) {
            faults.push(BadJournalSetting::Segment(settings.segment_mib));
        }
        let least = settings.segment_mib.clamp(1, 1_024) * 4;
        if !(least..=1 << 20).contains(&settings.total_mib) {
            let total = settings.total_mib;
            faults.push(BadJournalSetting::Total { total, least });
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(JournalConfig {
            folder: settings.folder,
            segment_bytes: settings.segment_mib * MIB,
            total_bytes: settings.total_mib * MIB,
        })
    }
}
