//! `rotaline serve`: the service, until it is told to stop.

use anyhow::Result;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::service::{Drained, Service, start_logging};
use crate::settings::Settings;

/// Serves until SIGTERM or SIGINT; then calls that are up finish, unless it is told a second time.
pub fn run(settings: Settings) -> Result<()> {
    let _log = start_logging(settings.log);
    runtime()?.block_on(async {
        let mut signals = Signals::new()?;
        let service = Service::start(settings).await?;
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            sip = %service.sip_address(),
            http = %service.http_address(),
            "calls are taken"
        );
        signals.next().await;
        tracing::info!("draining: calls that are up go on, no more are taken");
        tokio::select! {
            drained = service.drain() => match drained {
                Drained::Idle => {}
                Drained::Late => tracing::warn!("the time to drain is over: calls are ended"),
            },
            () = signals.next() => tracing::warn!("told again: calls that are up are ended"),
        }
        service.end_calls().await;
        service.stop().await
    })
}

/// The runtime of everything that is not a call: HTTP, the database.
pub fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?)
}

/// What tells the process to stop.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Listens from now on.
    pub fn new() -> Result<Self> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Resolves at the next signal.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
