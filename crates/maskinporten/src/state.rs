//! What the surface holds, and which part of it answers a request.

use std::sync::Arc;

use axum::BoxError;
use axum::body::{Bytes, HttpBody};
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Request};
use axum::response::{IntoResponse, Response};
use portvakt_core::grant::TokenExchange;
use portvakt_http::{AddressGate, Envelope, FairShares, RequestId};

use crate::documents::Documents;
use crate::route::Route;
use crate::{Observer, Surface, answer, documents, error_page, token};

pub(crate) struct State {
    gate: AddressGate,
    envelope: Envelope,
    primary: Served,
    siblings: Vec<Served>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) shares: Option<Arc<FairShares>>,
}

/// An issuer with its ready-made documents.
pub(crate) struct Served {
    pub(crate) exchange: TokenExchange,
    pub(crate) documents: Documents,
}

impl Served {
    fn new(exchange: TokenExchange, cache_seconds: u32) -> Self {
        Self {
            documents: Documents::new(exchange.issuer(), cache_seconds),
            exchange,
        }
    }
}

impl State {
    pub(crate) fn new(surface: Surface) -> Self {
        let Surface {
            exchange,
            siblings,
            observer,
            request_ids,
            limits,
            rates,
            cache_seconds,
        } = surface;
        let fault = answer::transport_fault;
        let served = |exchange| Served::new(exchange, cache_seconds);
        Self {
            gate: AddressGate::new(rates.addresses, request_ids.clone(), fault),
            envelope: Envelope::new(&limits, request_ids, fault),
            primary: served(exchange),
            siblings: siblings.into_iter().map(served).collect(),
            observer,
            shares: rates.shares,
        }
    }

    /// Lets the request through the gate and puts it into the envelope.
    pub(crate) async fn answer<B>(&self, request: Request<B>) -> Response
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Unpin,
    {
        let handle = |head, body, id| self.handle(head, body, id);
        let envelop = |request| self.envelope.answer(request, handle);
        self.gate.pass(request, envelop).await
    }

    async fn handle(&self, head: Parts, body: Bytes, request_id: RequestId) -> Response {
        let served = self.served(&head.headers);
        let is_read = matches!(head.method, Method::GET | Method::HEAD);
        match Route::of(head.uri.path()) {
            Some(Route::Token) => token::handle(self, served, &head, &body, request_id).await,
            Some(_) if !is_read => answer::only_get(request_id),
            Some(Route::Keys) => documents::keys(served, &head.headers),
            Some(Route::Health) => "OK".into_response(),
            Some(Route::ErrorPage(code)) => error_page::page(code),
            Some(Route::Metadata(path)) if served.documents.are_at(path) => {
                served.documents.metadata()
            }
            Some(Route::Metadata(_)) | None => answer::not_found(served, request_id),
        }
    }

    /// The issuer that a request is for. The host chooses among configured issuers and never
    /// makes one up.
    fn served(&self, headers: &HeaderMap) -> &Served {
        if self.siblings.is_empty() {
            return &self.primary;
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        self.siblings
            .iter()
            .find(|sibling| host.is_some_and(|host| sibling.documents.is_host(host)))
            .unwrap_or(&self.primary)
    }
}
