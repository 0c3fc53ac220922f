//! A caller and a phone: SIP on plain sockets (RFC 3261), no more of it than a test needs.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::voice::Voice;

const ANSWER_LIMIT: Duration = Duration::from_secs(10);

static NEXT: AtomicU32 = AtomicU32::new(1);

/// A SIP message, as it came.
#[derive(Clone, Debug)]
pub struct Message(pub String);

impl Message {
    /// A response's status, 0 for a request.
    pub fn status(&self) -> u16 {
        let rest = self.0.strip_prefix("SIP/2.0 ");
        rest.and_then(|rest| rest.get(..3)?.parse().ok())
            .unwrap_or(0)
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.0.split("\r\n").take_while(|line| !line.is_empty());
        lines.find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The body.
    pub fn body(&self) -> &str {
        self.0.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }

    fn is(&self, method: &str) -> bool {
        self.0.starts_with(method) && self.0[method.len()..].starts_with(' ')
    }
}

/// A socket with the names of one call on it.
pub struct Caller {
    /// Its SIP socket.
    pub socket: UdpSocket,
    server: SocketAddr,
    dialled: String,
    call_id: String,
    tag: String,
    to: String,
    number: String,
    sequence: u32,
    /// Its audio.
    pub voice: Voice,
}

impl Caller {
    /// Not calling yet.
    pub fn new(server: SocketAddr, dialled: &str, hz: u16) -> Caller {
        Caller::with_number(server, dialled, hz, "+441632960101")
    }

    /// One that presents this number.
    pub fn with_number(server: SocketAddr, dialled: &str, hz: u16, number: &str) -> Caller {
        let own = NEXT.fetch_add(1, Ordering::Relaxed);
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        Caller {
            socket,
            server,
            dialled: dialled.to_owned(),
            call_id: format!("{own}-{}@it.invalid", std::process::id()),
            tag: format!("it{own}"),
            to: format!("<sip:{dialled}@{server}>"),
            number: number.to_owned(),
            sequence: 1,
            voice: Voice::new(hz),
        }
    }

    /// Calls, and takes the final response; answered, it speaks.
    pub fn call(&mut self) -> Message {
        let last = self.call_unless(&|| false);
        last.expect("a final response to INVITE in time")
    }

    /// Calls, and is answered: when that was.
    pub fn is_answered(&mut self) -> Instant {
        assert_eq!(self.call().status(), 200);
        Instant::now()
    }

    /// The same as [`Self::call`]; none when it came to nothing, or when that became so.
    pub fn call_unless(&mut self, over: &dyn Fn() -> bool) -> Option<Message> {
        self.send("INVITE", &self.voice.sdp());
        let last = self.response_unless("INVITE", over)?;
        if let Some(to) = last.header("To") {
            self.to = to.to_owned();
        }
        self.send("ACK", "");
        if last.status() == 200 {
            self.voice.speak_to(last.body());
        }
        Some(last)
    }

    /// Ends the call.
    pub fn hang_up(&mut self) -> Message {
        let last = self.hang_up_unless(&|| false);
        last.expect("a final response to BYE in time")
    }

    /// The same; none when it came to nothing, or when that became so.
    pub fn hang_up_unless(&mut self, over: &dyn Fn() -> bool) -> Option<Message> {
        self.voice.be_silent();
        self.sequence += 1;
        self.send("BYE", "");
        self.response_unless("BYE", over)
    }

    /// Waits until the other side ends the call.
    pub fn is_hung_up_within(&self, limit: Duration) -> bool {
        self.bye_within(limit).is_some()
    }

    /// The BYE by which the other side ends the call.
    pub fn bye_within(&self, limit: Duration) -> Option<Message> {
        let limit = Instant::now() + limit;
        while Instant::now() < limit {
            if let Some((message, from)) = receive(&self.socket)
                && message.is("BYE")
            {
                let _ = self
                    .socket
                    .send_to(reply(&message, "200 OK", "").as_bytes(), from);
                return Some(message);
            }
        }
        None
    }

    /// A request of its call.
    pub fn request(&self, method: &str, body: &str) -> String {
        let (server, dialled, tag, to) = (self.server, &self.dialled, &self.tag, &self.to);
        let number = &self.number;
        let own = self.socket.local_addr().unwrap();
        let kind = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        let (call_id, sequence, length) = (&self.call_id, self.sequence, body.len());
        let transaction = if method == "ACK" { "INVITE" } else { method };
        format!(
            "{method} sip:{dialled}@{server} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {own};rport;branch=z9hG4bK{tag}{transaction}{sequence}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{number}@{own}>;tag={tag}\r\nTo: {to}\r\n\
             Call-ID: {call_id}\r\nCSeq: {sequence} {method}\r\nContact: <sip:it@{own}>\r\n\
             {kind}Content-Length: {length}\r\n\r\n{body}"
        )
    }

    /// Sends a request of its call.
    pub fn send(&self, method: &str, body: &str) {
        let request = self.request(method, body);
        self.socket
            .send_to(request.as_bytes(), self.server)
            .unwrap();
    }

    /// The final response to its last request; none when it came to nothing, or `over`.
    fn response_unless(&self, method: &str, over: &dyn Fn() -> bool) -> Option<Message> {
        let limit = Instant::now() + ANSWER_LIMIT;
        while Instant::now() < limit && !over() {
            if let Some((message, _)) = receive(&self.socket)
                && message.status() >= 200
                && message
                    .header("CSeq")
                    .is_some_and(|cseq| cseq.ends_with(method))
            {
                return Some(message);
            }
        }
        None
    }
}

/// What a phone does with a call.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Manner {
    /// Rings and answers.
    #[default]
    Answers,
    /// Rings for ever.
    Rings,
    /// Is busy.
    Busy,
}

/// A phone that rings and answers by itself.
pub struct Phone {
    /// Its audio.
    pub voice: Arc<Voice>,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    over: AtomicBool,
    invited: AtomicU32,
    acknowledged: AtomicU32,
    ended: AtomicU32,
    leaves: AtomicBool,
    in_call: AtomicBool,
    manner: Mutex<Manner>,
    last_invite: Mutex<Option<Message>>,
}

impl Phone {
    /// A phone at this port.
    pub fn at(port: u16, hz: u16, manner: Manner) -> Phone {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        let (voice, state) = (Arc::new(Voice::new(hz)), Arc::new(State::default()));
        let (ears, watched) = (Arc::clone(&voice), Arc::clone(&state));
        let thread = thread::spawn(move || ring(&socket, &ears, &watched));
        let phone = Phone {
            voice,
            state,
            thread: Some(thread),
        };
        phone.behave(manner);
        phone
    }

    /// What it does with the next call.
    pub fn behave(&self, manner: Manner) {
        *self.state.manner() = manner;
    }

    /// Ends the call that it is in, if it is in one.
    pub fn hang_up(&self) {
        self.state.leaves.store(true, Ordering::Release);
    }

    /// Whether it has answered a call that is not over.
    pub fn is_in_call(&self) -> bool {
        self.state.in_call.load(Ordering::Acquire)
    }

    /// INVITEs so far, those sent again too.
    pub fn invited(&self) -> u32 {
        self.state.invited.load(Ordering::Acquire)
    }

    /// The last of them.
    pub fn last_invite(&self) -> Option<Message> {
        let last = self.state.last_invite.lock();
        last.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Calls that are answered and acknowledged.
    pub fn acknowledged(&self) -> u32 {
        self.state.acknowledged.load(Ordering::Acquire)
    }

    /// BYEs and CANCELs so far.
    pub fn ended(&self) -> u32 {
        self.state.ended.load(Ordering::Acquire)
    }
}

impl State {
    fn manner(&self) -> MutexGuard<'_, Manner> {
        self.manner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        self.state.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn ring(socket: &UdpSocket, voice: &Voice, state: &State) {
    let mut invite = None;
    let mut up: Option<(Message, SocketAddr)> = None;
    while !state.over.load(Ordering::Acquire) {
        state.in_call.store(up.is_some(), Ordering::Release);
        if state.leaves.swap(false, Ordering::AcqRel)
            && let Some((invite, from)) = up.take()
        {
            voice.be_silent();
            let _ = socket.send_to(bye(&invite, socket).as_bytes(), from);
        }
        let Some((message, from)) = receive(socket) else {
            continue;
        };
        let answer = |of: &Message, line: &str, body: &str| {
            let _ = socket.send_to(reply(of, line, body).as_bytes(), from);
        };
        if message.is("INVITE") {
            state.invited.fetch_add(1, Ordering::AcqRel);
            let last = state.last_invite.lock();
            *last.unwrap_or_else(PoisonError::into_inner) = Some(message.clone());
            let manner = *state.manner();
            match manner {
                Manner::Busy => answer(&message, "486 Busy Here", ""),
                Manner::Rings | Manner::Answers => answer(&message, "180 Ringing", ""),
            }
            if manner == Manner::Answers {
                answer(&message, "200 OK", &voice.sdp());
                voice.speak_to(message.body());
                up = Some((message.clone(), from));
            }
            invite = Some(message);
        } else if message.is("ACK") {
            state.acknowledged.fetch_add(1, Ordering::AcqRel);
        } else if message.is("CANCEL") || message.is("BYE") {
            voice.be_silent();
            up = None;
            state.ended.fetch_add(1, Ordering::AcqRel);
            answer(&message, "200 OK", "");
            if let (true, Some(invite)) = (message.is("CANCEL"), &invite) {
                answer(invite, "487 Request Terminated", "");
            }
        }
    }
}

/// RFC 3261 section 15.1.1: the called side's BYE, in the dialog that this INVITE made.
fn bye(invite: &Message, socket: &UdpSocket) -> String {
    let header = |name| invite.header(name).unwrap_or_default();
    let own = socket.local_addr().unwrap();
    let (call_id, from, to) = (header("Call-ID"), header("To"), header("From"));
    let target = header("Contact").trim_matches(['<', '>']);
    let branch = NEXT.fetch_add(1, Ordering::Relaxed);
    format!(
        "BYE {target} SIP/2.0\r\nVia: SIP/2.0/UDP {own};rport;branch=z9hG4bKbye{branch}\r\n\
         Max-Forwards: 70\r\nFrom: {from};tag=phone\r\nTo: {to}\r\nCall-ID: {call_id}\r\n\
         CSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n"
    )
}

fn receive(socket: &UdpSocket) -> Option<(Message, SocketAddr)> {
    let mut bytes = [0; 65_535];
    let (length, from) = socket.recv_from(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
    Some((Message(text), from))
}

/// RFC 3261 section 8.2.6.
fn reply(request: &Message, line: &str, body: &str) -> String {
    let mut text = format!("SIP/2.0 {line}\r\n");
    for header in request
        .0
        .split("\r\n")
        .skip(1)
        .take_while(|line| !line.is_empty())
    {
        let name = header.split(':').next().unwrap_or("");
        match name {
            "Via" | "From" | "Call-ID" | "CSeq" => text += &format!("{header}\r\n"),
            "To" if header.contains("tag=") => text += &format!("{header}\r\n"),
            "To" => text += &format!("{header};tag=phone\r\n"),
            _ => {}
        }
    }
    if line.starts_with("200") && !body.is_empty() {
        text += "Content-Type: application/sdp\r\n";
    }
    let target = request.0.split_whitespace().nth(1).unwrap_or_default();
    let contact = if request.is("INVITE") {
        format!("Contact: <{target}>\r\n")
    } else {
        String::new()
    };
    format!(
        "{text}{contact}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
