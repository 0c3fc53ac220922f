//! The HTTP server: a bounded number of connections, and none that idles.
//!
//! RFC 9112 section 9.5: a server may close a connection that idles, and a head must come in time,
//! so that nobody holds a place by sending a letter a second. At the bound, further connections
//! wait in the system's queue until one is free. Not here: TLS, HTTP/2 (a proxy's work).

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rotaline_api::Peer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Connections at a time; further ones wait.
const CONNECTIONS: u32 = 256;
/// From a connection's start, or the end of its last answer, until the next head is there.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// However slowly a recording is taken, its connection ends.
const CONNECTION_LIFE: Duration = Duration::from_secs(3600);
/// How long answers that are under way may take once the service stops.
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// After a connection could not be taken (too many open files), before the next.
const PAUSE: Duration = Duration::from_millis(100);

/// The server, running.
pub struct HttpServer {
    address: SocketAddr,
    serving: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl HttpServer {
    /// Serves from now on.
    pub async fn start(address: SocketAddr, router: Router) -> Result<Self> {
        let listener = listen(address).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(serve(listener, router, stopped));
        Ok(HttpServer {
            address,
            serving,
            stop,
        })
    }

    /// Where it serves.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more requests; answers that are under way are finished.
    pub async fn stop(self) -> Result<()> {
        let _ = self.stop.send(true);
        self.serving.await.context("the HTTP server had panicked")
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen for HTTP on {address}"))
}

/// Serves until it is told to stop; then answers that are under way are finished.
async fn serve(listener: TcpListener, router: Router, stopped: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS as usize));
    let mut stop = stopped.clone();
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|stopped| *stopped) => break,
            accepted = accept(&listener, &places) => accepted,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                let (router, stopped) = (router.clone(), stopped.clone());
                tokio::spawn(async move {
                    serve_one((stream, peer), router, stopped).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "an HTTP connection could not be taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    if timeout(STOP_WITHIN, places.acquire_many(CONNECTIONS))
        .await
        .is_err()
    {
        tracing::warn!("an HTTP answer took too long at the stop, and was cut");
    }
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, Peer, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await;
    let place = place.expect("the semaphore is never closed");
    let (stream, peer) = listener.accept().await?;
    Ok((stream, Peer(peer.ip()), place))
}

async fn serve_one(
    (stream, peer): (TcpStream, Peer),
    router: Router,
    mut stopped: watch::Receiver<bool>,
) {
    // An answer is written whole: waiting for more of it only delays it.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .serve_connection(TokioIo::new(stream), told_whence(router, peer));
    let mut connection = std::pin::pin!(connection);
    let served = timeout(CONNECTION_LIFE, async {
        tokio::select! {
            ended = connection.as_mut() => return ended,
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
        connection.as_mut().graceful_shutdown();
        connection.await
    });
    match served.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "an HTTP connection broke"),
        Err(_) => tracing::debug!("an HTTP connection lived too long"),
    }
}

/// The service of one connection. Who guesses passwords is told apart by where they are.
fn told_whence(
    router: Router,
    peer: Peer,
) -> impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> {
    let router = TowerToHyperService::new(router);
    service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router.call(request)
    })
}
