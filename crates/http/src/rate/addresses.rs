//! What each address may ask of a listener, decided before anything of a request but its header section
//! is read.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use axum::routing::Route;
use http::HeaderMap;
use http::header::RETRY_AFTER;

use super::standing::{Standing, retry_after};
use super::table::{Rate, RateTable};
use crate::around::{around, pass_on};
use crate::request_id::X_REQUEST_ID;
use crate::{RenderFault, RequestId, RequestIdSource, TransportFault, TrustedProxies};

/// Bits of an IPv6 address that belong to one subscriber, who has all addresses below.
const SUBSCRIBER_BITS: u32 = 64;
const NAME: &str = "address";

/// The rate of every address.
#[derive(Debug)]
pub struct AddressLimit {
    table: RateTable,
    proxies: Arc<TrustedProxies>,
    refused: AtomicU64,
}

impl AddressLimit {
    /// The same rate for every address, as these proxies tell of it.
    pub fn new(rate: Rate, proxies: Arc<TrustedProxies>) -> Self {
        Self {
            table: RateTable::new(rate),
            proxies,
            refused: AtomicU64::default(),
        }
    }

    /// How many requests were refused. For metrics.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn take(&self, peer: IpAddr, headers: &HeaderMap) -> Result<Standing, Standing> {
        let client = self.proxies.client_address(peer, headers);
        let standing = self.table.take(subscriber(client));
        if standing.is_err() {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        standing
    }
}

/// The addresses that count as one.
fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() >> SUBSCRIBER_BITS << SUBSCRIBER_BITS;
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Limits every route and fallback that `router` has so far. It belongs outside [`crate::bounded`], so
/// that whoever is refused costs neither a place nor a body, and renders the refusal as that does.
pub fn limit_addresses(
    router: Router,
    limit: Option<Arc<AddressLimit>>,
    request_ids: RequestIdSource,
    render: RenderFault,
) -> Router {
    if limit.is_none() {
        return router;
    }
    around(router, AddressGate::new(limit, request_ids, render), pass)
}

async fn pass(gate: Arc<AddressGate>, request: Request, route: Route) -> Response {
    gate.pass(request, |request| pass_on(request, route)).await
}

/// Where the requests of a surface are let through or turned away, by address.
pub struct AddressGate {
    /// None lets everybody through.
    limit: Option<Arc<AddressLimit>>,
    request_ids: RequestIdSource,
    render: RenderFault,
}

impl AddressGate {
    /// A gate that renders its refusals as an [`Envelope`](crate::Envelope) does, and belongs outside of
    /// that.
    pub fn new(
        limit: Option<Arc<AddressLimit>>,
        request_ids: RequestIdSource,
        render: RenderFault,
    ) -> Self {
        Self {
            limit,
            request_ids,
            render,
        }
    }

    /// The answer of `then` if the request's address may ask, and how it stands to its limit.
    pub async fn pass<B, F>(
        &self,
        request: http::Request<B>,
        then: impl FnOnce(http::Request<B>) -> F,
    ) -> Response
    where
        F: Future<Output = Response>,
    {
        let standing = match self.take(&request) {
            Some(Err(standing)) => return self.refuse(standing),
            Some(Ok(standing)) => Some(standing),
            None => None,
        };
        let mut response = then(request).await;
        if let Some(standing) = standing {
            standing.tell(response.headers_mut(), NAME);
        }
        response
    }

    /// None where there is no limit.
    fn take<B>(&self, request: &http::Request<B>) -> Option<Result<Standing, Standing>> {
        let limit = self.limit.as_ref()?;
        // The connection loop tells it of every request.
        let ConnectInfo(peer) = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
        Some(limit.take(peer.ip(), request.headers()))
    }

    fn refuse(&self, standing: Standing) -> Response {
        let id = RequestId::from_bytes((self.request_ids)());
        let mut response = (self.render)(TransportFault::TooManyRequests, id);
        let headers = response.headers_mut();
        headers.insert(X_REQUEST_ID, id.to_header_value());
        headers.insert(RETRY_AFTER, retry_after(standing.retry_after));
        standing.tell(headers, NAME);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscriber_is_one_ipv4_address_or_one_ipv6_network() {
        for (one, other, same) in [
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
        ] {
            let [one, other] = [one, other].map(|text| subscriber(text.parse().unwrap()));
            assert_eq!(one == other, same, "{one} and {other}");
        }
    }
}
