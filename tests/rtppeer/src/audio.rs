//! Samples in and out: G.711 (both laws) and WAV files, 16-bit or G.711 inside.
//!
//! A WAV is read as far as it is there; what its header gets wrong is listed, not refused, because
//! the header of a recording is one of the things to be judged.
use std::io::Write;
use std::{fs, io};

const MAX_WAV_BYTES: u64 = 1 << 29;

/// The two companding laws of ITU-T G.711.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Law {
    A,
    Mu,
}

impl Law {
    /// The static payload type, RFC 3551 section 6.
    pub fn payload_type(self) -> u8 {
        match self {
            Law::A => 8,
            Law::Mu => 0,
        }
    }

    pub fn of_payload_type(payload_type: u8) -> Option<Law> {
        [Law::A, Law::Mu]
            .iter()
            .copied()
            .find(|law| law.payload_type() == payload_type)
    }

    pub fn encode(self, sample: i16) -> u8 {
        match self {
            Law::A => a_law_encode(sample),
            Law::Mu => mu_law_encode(sample),
        }
    }

    pub fn decode(self, code: u8) -> i16 {
        match self {
            Law::A => a_law_decode(code),
            Law::Mu => mu_law_decode(code),
        }
    }
}

/// Exponent and mantissa of a magnitude; 128..=255 has exponent 0 (as all below, in A-law).
fn segment_of(magnitude: u32) -> (u32, u32) {
    let exponent = (31 - magnitude.max(128).leading_zeros()).saturating_sub(7);
    (exponent, (magnitude >> (exponent + 3)) & 0x0F)
}

fn a_law_encode(sample: i16) -> u8 {
    let magnitude = if sample < 0 { !sample } else { sample } as u32;
    let (exponent, mantissa) = match magnitude {
        0..=255 => (0, magnitude >> 4),
        _ => segment_of(magnitude),
    };
    let sign = if sample < 0 { 0 } else { 0x80 };
    (sign | (exponent << 4) as u8 | mantissa as u8) ^ 0x55
}

fn a_law_decode(code: u8) -> i16 {
    let code = code ^ 0x55;
    let mantissa = i16::from(code & 0x0F) << 4;
    let magnitude = match (code >> 4) & 7 {
        0 => mantissa + 8,
        exponent => (mantissa + 0x108) << (exponent - 1),
    };
    if code & 0x80 != 0 {
        magnitude
    } else {
        -magnitude
    }
}

const MU_BIAS: i32 = 132;

fn mu_law_encode(sample: i16) -> u8 {
    let magnitude = i32::from(sample).abs().min(32_635) + MU_BIAS;
    let (exponent, mantissa) = segment_of(magnitude as u32);
    let sign = if sample < 0 { 0x80 } else { 0 };
    !(sign | (exponent << 4) as u8 | mantissa as u8)
}

fn mu_law_decode(code: u8) -> i16 {
    let code = !code;
    let magnitude = (((i32::from(code & 0x0F) << 3) + MU_BIAS) << ((code >> 4) & 7)) - MU_BIAS;
    (if code & 0x80 != 0 {
        -magnitude
    } else {
        magnitude
    }) as i16
}

/// A WAV file, split into channels.
pub struct Wav {
    pub format: &'static str,
    pub rate: u32,
    pub channels: Vec<Vec<i16>>,
    pub file_bytes: u64,
    pub riff_bytes: u64,
    pub data_bytes: u64,
    /// What is wrong with the header; empty for a valid file.
    pub faults: Vec<String>,
}

/// Reads a WAV file; an error only where no audio can be found in it at all.
pub fn read_wav(path: &str) -> Result<Wav, String> {
    let size = fs::metadata(path)
        .map_err(|e| format!("{path}: {e}"))?
        .len();
    if size > MAX_WAV_BYTES {
        return Err(format!("{path}: larger than {MAX_WAV_BYTES} bytes"));
    }
    let bytes = fs::read(path).map_err(|e| format!("{path}: {e}"))?;
    parse_wav(&bytes).map_err(|e| format!("{path}: {e}"))
}

fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn parse_wav(bytes: &[u8]) -> Result<Wav, String> {
    if bytes.get(..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
        return Err("no RIFF/WAVE header".into());
    }
    let mut faults = Vec::new();
    let riff_bytes = u64::from(le32(bytes, 4).unwrap_or(0));
    if riff_bytes + 8 != bytes.len() as u64 {
        faults.push(format!(
            "RIFF size {riff_bytes} + 8 is not the file's {}",
            bytes.len()
        ));
    }
    let (mut at, mut fmt) = (12, None);
    while let (Some(id), Some(size)) = (bytes.get(at..at + 4), le32(bytes, at + 4)) {
        let (body, size) = (at + 8, size as usize);
        match id {
            b"fmt " => fmt = bytes.get(body..body + size.min(40)),
            b"data" => {
                let fmt = fmt.ok_or("no readable fmt chunk before the data")?;
                let there = bytes.get(body..).unwrap_or(&[]);
                if size > there.len() {
                    faults.push(format!("data size {size}, only {} there", there.len()));
                } else if size == 0 && !there.is_empty() {
                    faults.push(format!("data size 0, yet {} bytes follow", there.len()));
                }
                let take = if size == 0 {
                    there.len()
                } else {
                    size.min(there.len())
                };
                return decode_wav(fmt, &there[..take], size, riff_bytes, bytes.len(), faults);
            }
            _ => {}
        }
        at = body + size + (size & 1); // chunks are padded to even length
    }
    Err("no data chunk".into())
}

fn decode_wav(
    fmt: &[u8],
    data: &[u8],
    stated: usize,
    riff_bytes: u64,
    file: usize,
    mut faults: Vec<String>,
) -> Result<Wav, String> {
    let field = |at| le16(fmt, at).ok_or("fmt chunk too short");
    let (tag, channels, bits) = (field(0)?, usize::from(field(2)?), field(14)?);
    let rate = le32(fmt, 4).ok_or("fmt chunk too short")?;
    let (format, samples): (_, Vec<i16>) = match (tag, bits) {
        // 0xFFFE is the extensible form; its sub-format starts with the plain tag.
        (1, 16) | (0xFFFE, 16) => (
            "pcm16",
            data.chunks_exact(2)
                .map(|b| i16::from_le_bytes([b[0], b[1]]))
                .collect(),
        ),
        (6, 8) => ("a-law", data.iter().map(|&b| Law::A.decode(b)).collect()),
        (7, 8) => ("mu-law", data.iter().map(|&b| Law::Mu.decode(b)).collect()),
        _ => {
            return Err(format!(
                "format tag {tag} with {bits} bits is not supported"
            ));
        }
    };
    if !(1..=2).contains(&channels) || ![8_000, 16_000].contains(&rate) {
        return Err(format!(
            "{channels} channels at {rate} Hz: want 1 or 2 at 8000 or 16000"
        ));
    }
    let block = channels * usize::from(bits) / 8;
    if usize::from(field(12)?) != block || le32(fmt, 8) != Some(rate * block as u32) {
        faults.push("block align or byte rate does not fit the format".into());
    }
    if !stated.is_multiple_of(block) {
        faults.push(format!(
            "data size {stated} is not a whole number of samples"
        ));
    }
    let channel = |c: usize| samples.iter().skip(c).step_by(channels).copied().collect();
    Ok(Wav {
        format,
        rate,
        channels: (0..channels).map(channel).collect(),
        file_bytes: file as u64,
        riff_bytes,
        data_bytes: stated as u64,
        faults,
    })
}

/// Writes 8 kHz mono 16-bit PCM.
pub fn write_wav(path: &str, samples: &[i16]) -> io::Result<()> {
    let data_bytes = samples.len() as u32 * 2;
    let mut out = io::BufWriter::new(fs::File::create(path)?);
    out.write_all(b"RIFF")?;
    out.write_all(&(36 + data_bytes).to_le_bytes())?;
    out.write_all(b"WAVEfmt \x10\0\0\0\x01\0\x01\0")?;
    out.write_all(&8_000u32.to_le_bytes())?;
    out.write_all(&16_000u32.to_le_bytes())?;
    out.write_all(b"\x02\0\x10\0data")?;
    out.write_all(&data_bytes.to_le_bytes())?;
    for sample in samples {
        out.write_all(&sample.to_le_bytes())?;
    }
    out.flush()
}
