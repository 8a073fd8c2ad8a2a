//! Syslog by datagrams and streams.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::UdpSocket;

use haechi_outbound::call::{ReachError, addresses, connect, wrap};

use super::reach;
use crate::receivers::{Answer, Receiver, SyslogTransport};

/// How long is waited for a server that resets the connection: there is no other answer.
const LINGER: Duration = Duration::from_millis(500);

pub(super) async fn send(
    receiver: &Receiver,
    (host, port): (&str, u16),
    transport: SyslogTransport,
    messages: &[Vec<u8>],
) -> Answer {
    let work = async {
        match transport {
            SyslogTransport::Udp => datagrams(receiver, host, port, messages).await,
            SyslogTransport::Tcp => {
                let stream = connect(reach(receiver), host, port).await.map_err(judged)?;
                write(stream, messages).await.map_err(|error| failed(&error))
            }
            SyslogTransport::Tls => {
                let stream = connect(reach(receiver), host, port).await.map_err(judged)?;
                let stream = wrap(reach(receiver), host, stream)
                    .await
                    .map_err(|why| Answer::Later { after: None, why })?;
                write(stream, messages).await.map_err(|error| failed(&error))
            }
        }
    };
    match tokio::time::timeout(receiver.timeout, work).await {
        Ok(Ok(())) => Answer::Accepted,
        Ok(Err(answer)) => answer,
        Err(_) => {
            let why = format!("not written within {} seconds", receiver.timeout.as_secs());
            Answer::Later { after: None, why }
        }
    }
}

fn failed(error: &io::Error) -> Answer {
    Answer::Later { after: None, why: error.to_string() }
}

fn judged(error: ReachError) -> Answer {
    match error {
        ReachError::Forbidden { .. } => Answer::Refused { why: error.to_string() },
        ReachError::Failed { .. } => Answer::Later { after: None, why: error.to_string() },
    }
}

async fn datagrams(receiver: &Receiver, host: &str, port: u16, messages: &[Vec<u8>]) -> Result<(), Answer> {
    let found = addresses(reach(receiver), host, port).await.map_err(judged)?;
    let Some(address) = found.first() else { return Ok(()) };
    let local = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let send = async {
        let socket = UdpSocket::bind(local).await?;
        socket.connect(address).await?;
        for message in messages {
            socket.send(message).await?;
        }
        Ok(())
    };
    send.await.map_err(|error| failed(&error))
}

async fn write<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, messages: &[Vec<u8>]) -> io::Result<()> {
    for message in messages {
        stream.write_all(message).await?;
    }
    stream.flush().await?;
    stream.shutdown().await?;
    let mut answer = [0; 64];
    match tokio::time::timeout(LINGER, stream.read(&mut answer)).await {
        // Nothing has to be answered; a peer that does not say goodbye has read it all the same.
        Err(_) | Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
        Ok(Err(error)) => Err(error),
    }
}
