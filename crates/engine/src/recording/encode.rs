//! A recording to MP3 (ISO/IEC 13818-3, MPEG-2.5 layer III at 8000 Hz), by LAME.
//!
//! Two channels kept apart, 32 kbit/s together, constant rate: a quarter of the WAV's size, and a
//! length that every player knows from the size. LAME is bundled, under its own licence (LGPL);
//! without the feature `mp3` there are only WAVs.

use std::io;

/// Why there is no MP3.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The WAV cannot be read or the MP3 not written.
    #[error("cannot read the recording or write its MP3: {0}")]
    Io(#[from] io::Error),
    /// Not the name of a recording.
    #[error(transparent)]
    Name(#[from] super::name::NotARecording),
    /// LAME refused.
    #[error("LAME refused at {step}")]
    Lame {
        /// What it was asked for.
        step: &'static str,
    },
    /// The journal did not take its record.
    #[error("the journal did not take the record of an MP3")]
    NotReported,
    /// Built without the feature `mp3`.
    #[error("this build makes no MP3 (feature mp3)")]
    NotBuilt,
}

#[cfg(not(feature = "mp3"))]
/// Makes no MP3.
pub(super) fn encode(_wav: &std::path::Path, _mp3: &std::path::Path) -> Result<u64, EncodeError> {
    Err(EncodeError::NotBuilt)
}

#[cfg(feature = "mp3")]
pub(super) use lame::encode;

#[cfg(feature = "mp3")]
mod lame {
    use std::fs::{File, OpenOptions};
    use std::io::{Read, Seek, SeekFrom, Write};
    use std::os::unix::fs::OpenOptionsExt;
    use std::path::Path;

    use mp3lame_encoder::{
        Bitrate, Builder, Encoder, FlushGap, InterleavedPcm, Mode, Quality,
        max_required_buffer_size,
    };

    use super::EncodeError;
    use crate::recording::wav::{FRAMES_PER_S, HEADER_BYTES};

    /// Frames encoded at a time: one second.
    const PIECE: usize = FRAMES_PER_S as usize;

    static LINEAR_OF_ALAW: [i16; 256] = linear_of_alaw();

    /// Encodes a whole file, forces it to disk, and gives its size.
    pub(in crate::recording) fn encode(wav: &Path, mp3: &Path) -> Result<u64, EncodeError> {
        let mut source = File::open(wav)?;
        source.seek(SeekFrom::Start(HEADER_BYTES))?;
        let mut target = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(mp3)?;
        let mut encoder = encoder()?;
        let mut encoded = Vec::with_capacity(max_required_buffer_size(2 * PIECE));
        let mut piece = Vec::with_capacity(2 * PIECE);
        let mut linear = Vec::with_capacity(2 * PIECE);
        loop {
            piece.clear();
            linear.clear();
            let read = (&mut source)
                .take(2 * PIECE as u64)
                .read_to_end(&mut piece)?;
            let frames = piece.chunks_exact(2).flatten();
            linear.extend(frames.map(|sample| LINEAR_OF_ALAW[usize::from(*sample)]));
            if read == 0 || linear.is_empty() {
                break;
            }
            encoder
                .encode_to_vec(InterleavedPcm(&linear), &mut encoded)
                .map_err(|_| EncodeError::Lame { step: "encoding" })?;
            target.write_all(&encoded)?;
            encoded.clear();
        }
        // With silence up to a whole frame: without it the last frames of sound stay in LAME.
        encoder
            .flush_to_vec::<FlushGap>(&mut encoded)
            .map_err(|_| EncodeError::Lame { step: "the end" })?;
        target.write_all(&encoded)?;
        target.sync_data()?;
        Ok(target.metadata()?.len())
    }

    fn encoder() -> Result<Encoder, EncodeError> {
        let refused = |step| move |_| EncodeError::Lame { step };
        let rate = FRAMES_PER_S as u32;
        Builder::new()
            .ok_or(EncodeError::Lame { step: "the start" })?
            .with_num_channels(2)
            .map_err(refused("two channels"))?
            .with_sample_rate(rate)
            .map_err(refused("8000 Hz"))?
            .with_brate(Bitrate::Kbps32)
            .map_err(refused("32 kbit/s"))?
            .with_mode(Mode::Stereo)
            .map_err(refused("stereo"))?
            .with_quality(Quality::Good)
            .map_err(refused("its quality"))?
            .with_to_write_vbr_tag(false)
            .map_err(refused("a constant rate"))?
            .build()
            .map_err(refused("the settings together"))
    }

    /// ITU-T G.711 table 1, 13 bits shifted to 16.
    const fn linear_of_alaw() -> [i16; 256] {
        let mut table = [0; 256];
        let mut code = 0;
        while code < 256 {
            let plain = code as u8 ^ 0x55;
            let segment = (plain & 0x70) >> 4;
            let step = ((plain & 0x0F) as i16) << 4;
            let magnitude = match segment {
                0 => step + 8,
                _ => (step + 0x108) << (segment - 1),
            };
            table[code] = if plain & 0x80 == 0 {
                -magnitude
            } else {
                magnitude
            };
            code += 1;
        }
        table
    }
}
