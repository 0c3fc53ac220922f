//! `rotaline demo`: the whole service on this machine, one whole call over real SIP and RTP, drawn
//! as it happens; then it goes on serving.

mod actor;
mod cast;
mod ladder;
mod verdict;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};
use rotaline_engine::{Clock, drive};
use rotaline_model::{PersonId, Seed};
use rotaline_phone::{self as phone, Event, Manner, Phone};
use rotaline_routing::PhoneAddress;
use rotaline_sip::TimerConfig;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::serve::{Signals, runtime};
use crate::service::{Level, Service, start_logging};
use crate::settings::{PlanOf, Settings};
use actor::{Actor, Scene};
use ladder::Ladder;

/// The caller's column in the ladder.
const CALLER: usize = 0;
/// Scenes that wait to be drawn; more are not drawn.
const SCENES: usize = 1024;
/// The call is over long before.
const LONGEST: Duration = Duration::from_secs(120);
/// RFC 3261 table 4.
const TIMERS: TimerConfig = TimerConfig {
    t1: Duration::from_millis(500),
    t2: Duration::from_secs(4),
    t4: Duration::from_secs(5),
};

/// Whether the demo ends after its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    /// It goes on serving, for a softphone or SIPp to call.
    Serve,
    /// It takes free ports, and ends.
    End,
}

/// Runs the demo; fails if its call did not go as it should.
pub fn run(mut settings: Settings, afterwards: Afterwards) -> Result<()> {
    // The ladder is what there is to see.
    settings.log.level = Level::Warn;
    let _log = start_logging(settings.log);
    if afterwards == Afterwards::End {
        take_free_ports(&mut settings);
    }
    runtime()?.block_on(play(settings, afterwards))
}

/// Free ports and a data folder of its own, so that it can run beside another.
fn take_free_ports(settings: &mut Settings) {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    settings.http_listen = any;
    settings.engine.sip_listen = any;
    settings.engine.switch.sip.advertised = any;
    let own = format!("once-{}", std::process::id());
    settings.data.push(&own);
    settings.database = None;
    settings.engine.journal = settings.data.join("journal");
    settings.engine.recordings.push(&own);
}

async fn play(mut settings: Settings, afterwards: Afterwards) -> Result<()> {
    let clock = Clock::start();
    let (scenes, mut stage) = mpsc::channel(SCENES);
    let mut parties = vec!["GP surgery".to_owned()];
    let mut phones = Vec::new();
    for (number, specialist) in cast::specialists().into_iter().enumerate() {
        let seat = Seat::take().await?;
        let person = PersonId::parse(specialist.user).context("the cast's names are ids")?;
        let address = PhoneAddress::parse(&format!("sip:{}@{}", specialist.user, seat.sip_address));
        let address = address.context("a seat's address is an address")?;
        settings.items.set_phone(&person, &address);
        parties.push(specialist.name.to_owned());
        let manners = vec![specialist.manner];
        let phone = seat.phone(specialist.user, specialist.tone_hz, manners);
        let actor = Actor::new(phone, number + 1, scenes.clone());
        phones.push(seat.drive(actor, clock));
    }
    settings.plan_of = PlanOf::Settings;
    let recordings = settings.engine.recordings.clone();
    let service = Service::start(settings).await?;

    let mut ladder = Ladder::new(parties);
    ladder.say("A GP surgery rings for cardiology advice while the patient is in the room.\n");
    ladder.head();
    let target = format!("sip:{}@{}", cast::DIALLED, service.sip_address());
    let seat = Seat::take().await?;
    let mut phone = seat.phone(cast::CALLER, cast::CALLER_HZ, vec![Manner::RingOut]);
    let start = clock.mono();
    phone.dial(start, &target, service.sip_address(), cast::caller());
    phones.push(seat.drive(Actor::new(phone, CALLER, scenes), clock));
    let over = async {
        while let Some(Scene { at, party, event }) = stage.recv().await {
            ladder.line(at - start, party, &event);
            let ended = matches!(event, Event::Ended | Event::HangsUp | Event::Refused(_));
            if party == CALLER && ended {
                return;
            }
        }
    };
    let in_time = tokio::time::timeout(LONGEST, over).await;
    anyhow::ensure!(in_time.is_ok(), "the call was not over after {LONGEST:?}");

    let judged = verdict::show(&service, &ladder, &recordings).await;
    finish(service, phones, judged, afterwards, &ladder).await
}

async fn finish(
    service: Service,
    phones: Vec<JoinHandle<()>>,
    judged: Result<()>,
    afterwards: Afterwards,
    ladder: &Ladder,
) -> Result<()> {
    if afterwards == Afterwards::Serve && judged.is_ok() {
        let sip = service.sip_address();
        ladder.say(&format!(
            "\nServing on: ring sip:{}@{sip} from a softphone or SIPp, key 1. Ctrl-C ends it.",
            cast::DIALLED
        ));
        Signals::new()?.next().await;
    }
    for phone in phones {
        phone.abort();
    }
    service.stop().await?;
    judged
}

/// Sockets of a phone, on free ports of this machine.
struct Seat {
    sip: UdpSocket,
    rtp: UdpSocket,
    sip_address: SocketAddr,
    rtp_address: SocketAddr,
}

impl Seat {
    async fn take() -> Result<Seat> {
        let sip = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let rtp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (sip_address, rtp_address) = (sip.local_addr()?, rtp.local_addr()?);
        Ok(Seat {
            sip,
            rtp,
            sip_address,
            rtp_address,
        })
    }

    fn phone(&self, user: &str, tone_hz: u16, manners: Vec<Manner>) -> Phone {
        let config = phone::Config {
            user: user.to_owned(),
            sip: self.sip_address,
            rtp: self.rtp_address,
            tone_hz: Some(tone_hz),
            manners,
            audio: true,
            timers: TIMERS,
        };
        Phone::new(config, Seed::from_number(self.sip_address.port().into()))
    }

    fn drive(self, mut actor: Actor, clock: Clock) -> JoinHandle<()> {
        tokio::spawn(async move {
            drive::drive(&mut actor, &self.sip, &self.rtp, clock).await;
        })
    }
}
