//! Our answer to an offer, and a far end's answer to ours (RFC 3264 sections 6 and 7).

use std::fmt::{self, Write};

use bytes::Bytes;

use crate::description::{Description, Direction};
use crate::offer::{Audio, CODECS, EVENTS, Local, write_session};
use crate::stream::{Codec, NoStream, Stream, Usable};

/// Our answer to an offer, and the stream that it makes.
///
/// It names one codec, the offer's first that is ours, so that nothing else will come.
pub fn answer(offer: &Description<'_>, local: &Local) -> Result<(Bytes, Stream), NoStream> {
    answer_with(offer, local, CODECS)
}

/// The same, with a choice among these codecs only (to stay with the one that a room speaks).
pub fn answer_with(
    offer: &Description<'_>,
    local: &Local,
    codecs: &[Codec],
) -> Result<(Bytes, Stream), NoStream> {
    let chosen = Usable::find(offer, local.address, codecs)?;
    let Some(media) = offer.media.get(chosen.index) else {
        return Err(NoStream::NoAudio);
    };
    let theirs = offer.direction_of(media);
    //= RFC 3264 section 6.1
    //# that same payload type number SHOULD be used for that codec in the answer
    let stream = chosen.stream(chosen.payload, chosen.events, theirs);
    let mut text = String::with_capacity(512);
    write_answer(&mut text, offer, local, &chosen, stream.direction)
        .expect("a String takes whatever is written");
    Ok((Bytes::from(text), stream))
}

/// The stream that an answer to our [`offer`](crate::offer) makes.
pub fn accept(answer: &Description<'_>, local: &Local) -> Result<Stream, NoStream> {
    let chosen = Usable::find(answer, local.address, CODECS)?;
    let Some(media) = answer.media.get(chosen.index) else {
        return Err(NoStream::NoAudio);
    };
    //= RFC 3264 section 7
    //# It MUST send using a media format listed in the answer, and it SHOULD use the first media
    //# format listed in the answer when it does send.
    let payload_in = chosen.codec.static_payload();
    Ok(chosen.stream(payload_in, Some(EVENTS), answer.direction_of(media)))
}

fn write_answer(
    out: &mut String,
    offer: &Description<'_>,
    local: &Local,
    chosen: &Usable,
    direction: Direction,
) -> fmt::Result {
    //= RFC 3264 section 6
    //# The "t=" line in the answer MUST equal that of the offer.
    let timing = if is_timing(offer.timing) {
        offer.timing
    } else {
        "0 0"
    };
    write_session(out, local, timing)?;
    //= RFC 3264 section 6
    //# For each "m=" line in the offer, there MUST be a corresponding "m=" line in the answer.
    for (index, media) in offer.media.iter().enumerate() {
        if index == chosen.index {
            let codecs = std::iter::once((chosen.codec, chosen.payload));
            let audio = Audio {
                protocol: media.protocol,
                codecs,
                events: chosen.events,
            };
            audio.write(out, local.rtp_port, direction)?;
        } else {
            // One format is enough: those of a refused stream mean nothing, but none is no SDP.
            let format = media.formats.split_ascii_whitespace().next().unwrap_or("0");
            write!(out, "m={} 0 {} {format}\r\n", media.kind, media.protocol)?;
        }
    }
    Ok(())
}

fn is_timing(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b' ')
}
