//! A small switch for tests: room for five calls, with the plan that a test has written.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rotaline_model::{NodeId, Now, Seed};
use rotaline_routing::{Plan, Source};
use rotaline_sip as sip;

use crate::{Begin, Call, Config, MediaSlot, Switch, Trunk};

/// Ten media slots, and the plan of this text.
pub(crate) fn switch(plan: &str, now: Now) -> Switch {
    switch_with(plan, now, Box::new(Call::inbound))
}

/// The same, with ways out.
pub(crate) fn with_trunks(plan: &str, now: Now, trunks: Vec<Trunk>) -> Switch {
    made(plan, now, trunks, Box::new(Call::inbound))
}

/// The same, whose calls begin so.
pub(crate) fn switch_with(plan: &str, now: Now, begin: Begin) -> Switch {
    made(plan, now, Vec::new(), begin)
}

fn made(plan: &str, now: Now, trunks: Vec<Trunk>, begin: Begin) -> Switch {
    let timers = sip::TimerConfig {
        t1: Duration::from_millis(500),
        t2: Duration::from_secs(4),
        t4: Duration::from_secs(5),
    };
    let config = Config {
        sip: sip::Config {
            advertised: SocketAddr::from(([10, 0, 0, 1], 5060)),
            product: "Rotaline".to_owned(),
            timers,
            max_sessions: 10,
            max_transactions: 20,
            peers: Vec::new(),
        },
        media_address: IpAddr::from([10, 0, 0, 1]),
        trunks,
        node: NodeId(1),
        max_calls: 5,
        max_leg_age: Duration::from_secs(600),
    };
    let source = Source {
        name: "plan.toml".to_owned(),
        text: plan.to_owned(),
    };
    let plan = Plan::parse(&[source]).expect("a plan");
    let slot = |slot: u32| MediaSlot {
        thread: 0,
        slot,
        rtp_port: 40_000 + 2 * slot as u16,
    };
    let slots: Vec<MediaSlot> = (0..10).map(slot).collect();
    let seed = Seed::from_number(1);
    Switch::beginning(config, Arc::new(plan), &slots, (seed, now), begin)
}
