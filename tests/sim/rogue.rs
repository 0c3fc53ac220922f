//! Rogues: phones that break the rules.
//!
//! A rogue is an ordinary phone with a vice between it and the wire: what the phone says is bent,
//! kept back, repeated or added to, and what it is told may not reach it. So a rogue gets deep into
//! a call before it goes wrong, which raw garbage does not.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::SocketAddr;
use std::time::Duration;

use rotaline_model::Mono;

use crate::cast::Dice;
use crate::text::{self, Dialog, header, is_invite_response, is_request};

/// What marks a transaction of the rogue itself, not of its phone.
const OWN: &str = "z9hG4bKrogue";
/// What it adds to the CSeq of its phone's requests, to stay above those of its own.
const AHEAD: u32 = 1000;

/// What a rogue does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Vice {
    /// Called: answers with a second 200 of another To-tag.
    AnswersTwice,
    /// Called: answers 200 to a CANCEL, after its 487 or in place of it.
    AnswersAfterCancel,
    /// Called: does not answer CANCEL, and rings on.
    IgnoresCancel,
    /// Either: does not answer BYE.
    IgnoresBye,
    /// Either: truncated copies and noise beside everything that it says.
    Babbles,
    /// Called: 183 with SDP in place of 180.
    EarlyMedia,
    /// Called: neither 100 nor 180.
    NoProvisional,
    /// Either: no Contact in INVITE or 200.
    NoContact,
    /// Either: a description that nobody can use.
    BadSdp,
    /// Either: BYE, and another BYE.
    ByesTwice,
    /// Called: BYE at once after its 200, before any ACK.
    ByesBeforeAck,
    /// Caller: no ACK.
    NeverAcks,
    /// Either: re-INVITEs: hold, refresh, without an offer, sometimes without an ACK.
    Reinvites,
    /// Caller: INVITE without an offer.
    OffersNothing,
    /// Caller: the INVITE again, when all is over.
    Repeats,
    /// Caller: a CANCEL that crosses our answer.
    CancelsLate,
    /// Caller: floods of OPTIONS and of requests that belong to nothing.
    Floods,
    /// Caller: carries our Diversion.
    ComesRound,
    /// Caller: requires what we do not have.
    Requires,
    /// Either: any datagram again, up to a minute later.
    Replays,
}

/// Vices of phones that are called.
pub const CALLED: [Vice; 14] = [
    Vice::AnswersTwice,
    Vice::AnswersAfterCancel,
    Vice::AnswersAfterCancel,
    Vice::IgnoresCancel,
    Vice::IgnoresBye,
    Vice::Babbles,
    Vice::EarlyMedia,
    Vice::NoProvisional,
    Vice::NoContact,
    Vice::BadSdp,
    Vice::ByesTwice,
    Vice::ByesBeforeAck,
    Vice::Reinvites,
    Vice::Replays,
];

/// Vices of phones that call.
pub const CALLER: [Vice; 14] = [
    Vice::IgnoresBye,
    Vice::Babbles,
    Vice::NoContact,
    Vice::BadSdp,
    Vice::ByesTwice,
    Vice::NeverAcks,
    Vice::Reinvites,
    Vice::OffersNothing,
    Vice::Repeats,
    Vice::CancelsLate,
    Vice::Floods,
    Vice::ComesRound,
    Vice::Requires,
    Vice::Replays,
];

/// A vice at work.
pub struct Rogue {
    vice: Vice,
    dice: Dice,
    sip: SocketAddr,
    rtp: SocketAddr,
    later: BTreeMap<(Mono, u64), Vec<u8>>,
    number: u64,
    acted: bool,
    dialog: Option<Dialog>,
    caller_contact: String,
    /// Whether a late 200 takes the place of the 487.
    in_its_place: bool,
    /// To-tags of answers that nobody can want, and whether a BYE has come for them.
    unwanted: BTreeMap<String, bool>,
}

impl Rogue {
    /// A rogue in the place of a phone.
    pub fn new(vice: Vice, sip: SocketAddr, rtp: SocketAddr, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        Rogue {
            vice,
            in_its_place: dice.percent(50),
            unwanted: BTreeMap::new(),
            dice,
            sip,
            rtp,
            later: BTreeMap::new(),
            number: 0,
            acted: false,
            dialog: None,
            caller_contact: String::new(),
        }
    }

    /// What it does wrong.
    pub fn vice(&self) -> Vice {
        self.vice
    }

    /// Whether it has done anything wrong.
    pub fn has_acted(&self) -> bool {
        self.acted
    }

    /// Whether its calls must be refused 486 (SERVICE.md 1.13).
    pub fn comes_round(&self) -> bool {
        self.vice == Vice::ComesRound
    }

    /// Whether an answer of its that nobody can want was left up: no BYE came for it.
    pub fn was_left_up(&self) -> bool {
        self.unwanted.values().any(|ended| !ended)
    }

    /// Whoever should have ended its calls was killed.
    pub fn forgive(&mut self) {
        self.unwanted.clear();
    }

    /// When it has something to say of its own.
    pub fn deadline(&self) -> Option<Mono> {
        self.later.first_key_value().map(|((at, _), _)| *at)
    }

    /// What it says of its own by now.
    pub fn due(&mut self, now: Mono) -> Option<Vec<u8>> {
        let first = self.later.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// Its phone says something: what leaves in its place, if anything.
    pub fn says(&mut self, now: Mono, said: Vec<u8>) -> Option<Vec<u8>> {
        let Ok(text) = String::from_utf8(said) else {
            return None;
        };
        let (before, said) = (self.number, text.clone());
        let instead = match self.vice {
            Vice::AnswersTwice
            | Vice::AnswersAfterCancel
            | Vice::EarlyMedia
            | Vice::NoProvisional
            | Vice::ByesBeforeAck => self.answers(now, text),
            Vice::OffersNothing
            | Vice::Repeats
            | Vice::CancelsLate
            | Vice::Floods
            | Vice::ComesRound
            | Vice::Requires
            | Vice::NeverAcks => self.calls(now, text),
            Vice::IgnoresCancel => Some(text),
            Vice::IgnoresBye
            | Vice::Babbles
            | Vice::NoContact
            | Vice::BadSdp
            | Vice::ByesTwice
            | Vice::Reinvites
            | Vice::Replays => self.talks(now, text),
        };
        self.acted |= self.number != before || instead.as_ref() != Some(&said);
        instead.map(String::into_bytes)
    }

    /// Its phone is told something: whether it hears of it.
    pub fn hears(&mut self, now: Mono, bytes: &[u8]) -> bool {
        let heard = self.lets_hear(now, bytes);
        self.acted |= !heard;
        heard
    }

    fn lets_hear(&mut self, now: Mono, bytes: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return true;
        };
        if self.vice == Vice::Reinvites {
            return self.hears_of_reinvite(now, text);
        }
        if is_request(text, "INVITE") {
            self.caller_contact = header(text, "Contact").map_or("", text::uri).to_owned();
        }
        if is_request(text, "BYE")
            && let Some(ended) = self.unwanted.get_mut(text::to_tag(text))
        {
            *ended = true;
        }
        let ignored = [(Vice::IgnoresCancel, "CANCEL"), (Vice::IgnoresBye, "BYE")];
        !ignored
            .iter()
            .any(|(vice, method)| self.vice == *vice && is_request(text, method))
    }

    fn answers(&mut self, now: Mono, text: String) -> Option<String> {
        let answered = is_invite_response(&text, "200");
        if self.vice == Vice::AnswersTwice && answered {
            let to = header(&text, "To").unwrap_or_default();
            let other = text::with(&text, "To", &format!("{to}x"));
            let tag = text::to_tag(&other).to_owned();
            if let Entry::Vacant(unwanted) = self.unwanted.entry(tag) {
                unwanted.insert(false);
                self.say_until_heard(now, &other);
            }
        }
        if self.vice == Vice::AnswersAfterCancel && is_invite_response(&text, "487") {
            let mut late = text::with_status(&text, "200 OK");
            late = text::with(&late, "Contact", &format!("<sip:{}>", self.sip));
            late = text::with_body(&late, &text::sdp(self.rtp, "sendrecv", 1));
            if self.in_its_place {
                let tag = text::to_tag(&late).to_owned();
                self.unwanted.entry(tag).or_insert(false);
                return Some(late);
            }
            self.say_within(now, 1_500, late);
        }
        if self.vice == Vice::EarlyMedia && is_invite_response(&text, "180") {
            let early = text::with_status(&text, "183 Session Progress");
            return Some(text::with_body(&early, &text::sdp(self.rtp, "sendrecv", 1)));
        }
        if self.vice == Vice::NoProvisional && is_invite_response(&text, "1") {
            return None;
        }
        if self.vice == Vice::ByesBeforeAck && answered {
            let dialog = Dialog {
                target: self.caller_contact.clone(),
                local: header(&text, "To").unwrap_or_default().to_owned(),
                remote: header(&text, "From").unwrap_or_default().to_owned(),
                call_id: header(&text, "Call-ID").unwrap_or_default().to_owned(),
                cseq: AHEAD,
            };
            let branch = self.branch();
            let bye = dialog.request("BYE", self.sip, &branch, "");
            self.say_within(now, 20, bye);
        }
        Some(text)
    }

    fn calls(&mut self, now: Mono, text: String) -> Option<String> {
        let invites = is_request(&text, "INVITE");
        if self.vice == Vice::OffersNothing && invites {
            return Some(text::with_body(&text, ""));
        }
        if self.vice == Vice::OffersNothing && is_request(&text, "ACK") {
            let answer = text::sdp(self.rtp, "sendrecv", 1);
            return Some(text::with_body(&text, &answer));
        }
        if self.vice == Vice::Repeats && invites {
            for within_ms in [400, 10_000, 60_000] {
                self.say_within(now, within_ms, text.clone());
            }
        }
        if self.vice == Vice::CancelsLate && invites {
            let cseq = text::cseq(&text);
            let mut cancel = text.replacen("INVITE ", "CANCEL ", 1);
            cancel = text::with(&cancel, "CSeq", &format!("{cseq} CANCEL"));
            self.say_within(now, 400, text::with_body(&cancel, ""));
        }
        if self.vice == Vice::Floods && invites {
            self.flood(now, &text);
        }
        if self.vice == Vice::ComesRound && invites {
            let ours = ["02079460000", "02079460001"];
            let ours = ours[self.dice.below(2) as usize];
            let by = format!("<sip:{ours}@10.0.0.1>;reason=no-answer");
            return Some(text::with(&text, "Diversion", &by));
        }
        if self.vice == Vice::Requires && invites {
            return Some(text::with(&text, "Require", "100rel"));
        }
        if self.vice == Vice::NeverAcks && is_request(&text, "ACK") {
            return None;
        }
        Some(text)
    }

    fn talks(&mut self, now: Mono, text: String) -> Option<String> {
        let describes = is_request(&text, "INVITE") || is_invite_response(&text, "200");
        if self.vice == Vice::Babbles {
            let length = self.dice.below(text.len() as u32) as usize;
            self.bytes_within(now, 200, text.as_bytes()[..length].to_vec());
            let noise = (0..self.dice.below(200)).map(|_| self.dice.below(256) as u8);
            let noise = noise.collect();
            self.bytes_within(now, 200, noise);
        }
        if self.vice == Vice::NoContact && describes {
            return Some(text::without(&text, "Contact"));
        }
        if self.vice == Vice::BadSdp && describes {
            let good = text::sdp(self.rtp, "sendrecv", 1);
            let bad = match self.dice.below(5) {
                0 => "hello".to_owned(),
                1 => good.replace("m=audio 4000", "m=audio 0"),
                2 => good.replace("m=audio", "m=video"),
                3 => good.replace("RTP/AVP 8 101", "RTP/AVP 18"),
                _ => good.replace("c=IN IP4", "c=IN IP9"),
            };
            return Some(text::with_body(&text, &bad));
        }
        if self.vice == Vice::ByesTwice && is_request(&text, "BYE") {
            let branch = self.branch();
            let via = format!("SIP/2.0/UDP {};branch={branch}", self.sip);
            let cseq = format!("{} BYE", text::cseq(&text) + 1);
            let other = text::with(&text::with(&text, "Via", &via), "CSeq", &cseq);
            self.say_within(now, 2_000, other);
        }
        if self.vice == Vice::Reinvites && is_request(&text, "ACK") {
            self.plan_reinvites(now, &text, true);
        }
        if self.vice == Vice::Reinvites && is_request(&text, "BYE") {
            let cseq = format!("{} BYE", text::cseq(&text) + AHEAD);
            return Some(text::with(&text, "CSeq", &cseq));
        }
        if self.vice == Vice::Replays && self.dice.percent(20) {
            self.say_within(now, 60_000, text.clone());
        }
        Some(text)
    }

    /// An ACK goes by, of our phone or to it: now the dialog is known, and offers may follow.
    fn plan_reinvites(&mut self, now: Mono, ack: &str, ours: bool) {
        if self.dialog.is_some() {
            return;
        }
        let field = |name| header(ack, name).unwrap_or_default().to_owned();
        let (from, to) = (field("From"), field("To"));
        let (local, remote) = if ours { (from, to) } else { (to, from) };
        let target = if ours {
            ack.split(' ').nth(1).unwrap_or_default().to_owned()
        } else {
            self.caller_contact.clone()
        };
        let mut dialog = Dialog {
            target,
            local,
            remote,
            call_id: field("Call-ID"),
            cseq: text::cseq(ack),
        };
        let mut at = now;
        for nth in 0..1 + self.dice.below(5) {
            dialog.cseq += 1;
            let method = if self.dice.percent(80) {
                "INVITE"
            } else {
                "UPDATE"
            };
            let body = match self.dice.below(5) {
                0 => String::new(),
                1 => text::sdp(self.rtp, "sendonly", nth + 1),
                2 => text::sdp(self.rtp, "inactive", nth + 1),
                3 => text::sdp(self.rtp, "sendrecv", 1).replace("m=audio", "m=image"),
                _ => text::sdp(self.rtp, "sendrecv", 1),
            };
            let branch = self.branch();
            let offer = dialog.request(method, self.sip, &branch, &body);
            at += self.dice.up_to_ms(8_000);
            self.say_within(at, 1, offer);
        }
        self.dialog = Some(dialog);
    }

    fn hears_of_reinvite(&mut self, now: Mono, text: &str) -> bool {
        if is_request(text, "INVITE") {
            self.caller_contact = header(text, "Contact").map_or("", text::uri).to_owned();
        }
        if is_request(text, "ACK") {
            self.plan_reinvites(now, text, false);
        }
        if is_request(text, "BYE") {
            self.dialog = None;
        }
        let own =
            text.starts_with("SIP/2.0") && header(text, "Via").is_some_and(|via| via.contains(OWN));
        if !own {
            return true;
        }
        let failed = !is_invite_response(text, "2");
        let invite = header(text, "CSeq").is_some_and(|cseq| cseq.ends_with("INVITE"));
        if let Some(mut dialog) = self.dialog.clone()
            && invite
            && !is_invite_response(text, "1")
            && self.dice.percent(95)
        {
            dialog.cseq = text::cseq(text);
            let via = header(text, "Via").unwrap_or_default();
            let of_invite = via.split(";branch=").nth(1).unwrap_or_default();
            let of_invite = of_invite.split(';').next().unwrap_or_default().to_owned();
            let branch = if failed { of_invite } else { self.branch() };
            let answer = text::sdp(self.rtp, "sendrecv", 1);
            let body = if failed { "" } else { &answer };
            let ack = dialog.request("ACK", self.sip, &branch, body);
            self.say_within(now, 10, ack);
        }
        false
    }

    fn flood(&mut self, now: Mono, invite: &str) {
        let methods = [
            "OPTIONS", "OPTIONS", "OPTIONS", "REGISTER", "BYE", "CANCEL", "ACK", "PRACK", "UPDATE",
            "INFO", "NONSENSE",
        ];
        let branch = self.branch();
        for nth in 0..60 {
            let method = methods[self.dice.below(methods.len() as u32) as usize];
            let mut request = invite.replacen("INVITE ", &format!("{method} "), 1);
            let via = format!("SIP/2.0/UDP {};branch={branch}{}", self.sip, nth / 2);
            request = text::with(&request, "Via", &via);
            request = text::with(&request, "Call-ID", &format!("flood-{nth}"));
            request = text::with(&request, "CSeq", &format!("{nth} {method}"));
            self.say_within(now, 1_000, text::with_body(&request, ""));
        }
    }

    fn branch(&mut self) -> String {
        self.number += 1;
        format!("{OWN}{}x{}", self.number, self.dice.below(u32::MAX))
    }

    /// So often that no network loses all of it.
    fn say_until_heard(&mut self, now: Mono, text: &str) {
        for within_ms in [500, 1_000, 2_000, 4_000, 8_000, 16_000, 16_000] {
            self.say_within(now, within_ms, text.to_owned());
        }
    }

    fn say_within(&mut self, now: Mono, most_ms: u32, text: String) {
        self.bytes_within(now, most_ms, text.into_bytes());
    }

    fn bytes_within(&mut self, now: Mono, most_ms: u32, bytes: Vec<u8>) {
        self.number += 1;
        let wait = self.dice.up_to_ms(most_ms);
        let at = now + wait + Duration::from_micros(1);
        self.later.insert((at, self.number), bytes);
    }
}
