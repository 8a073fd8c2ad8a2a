//! What comes along with a request that is refused.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use hyper::body::{Bytes, Frame};

use super::world;

/// A body of so many pieces of 1 KiB, which counts those that were read.
struct Pieces {
    left: usize,
    read: Arc<AtomicUsize>,
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        self.read.fetch_add(1, Ordering::SeqCst);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b' '; 1024])))))
    }
}

#[tokio::test]
async fn a_small_body_is_read_so_that_the_client_hears_why_and_a_large_one_is_not() {
    let world = world();
    for (pieces, wanted) in [(1, 1..=1), (200, 200..=200), (10_000, 0..=300)] {
        let read = Arc::new(AtomicUsize::new(0));
        let body = Body::new(Pieces { left: pieces, read: read.clone() });
        let request = Request::post("/admit/validate/wrong").header(header::HOST, "haechi.test");
        let response = world.send(request.body(body).unwrap()).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert!(wanted.contains(&read.load(Ordering::SeqCst)), "{pieces}: {}", read.load(Ordering::SeqCst));
    }
}
