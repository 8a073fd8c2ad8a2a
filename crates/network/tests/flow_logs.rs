//! The same mistakes in every log of connections: each is told with its line, and what stands before and behind it is read.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use haechi_network::flows::{self, MOST_LINE_BYTES, Observed};
use haechi_network::world::World;

struct Log {
    name: &'static str,
    read: fn(&[u8], &World) -> Observed,
    /// A connection to that port.
    line: &'static str,
    /// What makes a port one that is none.
    port: &'static str,
}

const LOGS: [Log; 4] = [
    Log {
        name: "VPC",
        read: flows::read_vpc,
        line: "2 1 eni-1 10.0.0.1 10.0.0.2 40000 @port 6 1 1 1 1 ACCEPT OK",
        port: "99999",
    },
    Log {
        name: "Hubble",
        read: flows::read_hubble,
        line: r#"{"flow":{"verdict":"FORWARDED","IP":{"source":"10.0.0.1","destination":"10.0.0.2"},"l4":{"TCP":{"source_port":40000,"destination_port":@port}}}}"#,
        port: "99999",
    },
    Log {
        name: "Hubble without envelope",
        read: flows::read_hubble,
        line: r#"{"verdict":"DROPPED","IP":{"source":"10.0.0.1","destination":"10.0.0.2"},"l4":{"UDP":{"destination_port":@port}}}"#,
        port: "\"80\"",
    },
    Log {
        name: "Cilium's monitor",
        read: flows::read_hubble,
        line: r#"{"type":"trace","state":"new","summary":{"ethernet":"","tcp":"SYN","l3":{"src":"10.0.0.1","dst":"10.0.0.2"},"l4":{"src":"40000","dst":"@port"}}}"#,
        port: "http",
    },
];

#[test]
fn each_mistake_is_told_with_its_line_and_hides_nothing() {
    for log in &LOGS {
        let line = |port: &str| log.line.replace("@port", port).into_bytes();
        let good = line("80");
        let mut not_utf8 = good.clone();
        not_utf8[3] = 0xff;
        let mut long = good.clone();
        long.splice(1..1, vec![b' '; MOST_LINE_BYTES]);
        let text = String::from_utf8(good.clone()).unwrap();
        let wrong: [Vec<u8>; 7] = [
            good[..good.len() * 2 / 3].to_vec(),
            not_utf8,
            long,
            line(log.port),
            text.replace("10.0.0.2", "10.0.0.299").into_bytes(),
            [good.clone(), good.clone()].concat(),
            b"rubbish".to_vec(),
        ];
        let mut lines = vec![good.clone()];
        let mut expected = Vec::new();
        for wrong in wrong {
            lines.push(wrong);
            expected.push(lines.len());
            lines.push(Vec::new());
            lines.push(good.clone());
        }
        let observed = (log.read)(&lines.join(b"\n".as_slice()), &World::default());
        let skipped: Vec<usize> = observed.skipped.iter().map(|skipped| skipped.line).collect();
        assert_eq!(skipped, expected, "{}: {:?}", log.name, observed.skipped);
        assert_eq!(observed.left_out, expected.len(), "{}", log.name);
        let seen: Vec<_> = observed.flows.into_iter().collect();
        assert_eq!(seen.len(), 1, "{}: {seen:?}", log.name);
        assert_eq!((seen[0].0.port, seen[0].1), (80, 8), "{}", log.name);
    }
}

#[test]
fn columns_that_no_line_names_are_not_guessed() {
    let later = "5 1 eni-1 10.0.0.9 10.0.0.8 40000 80 6 1 1 1 1 ACCEPT OK";
    let world = World::default();
    let observed = flows::read_vpc(later.as_bytes(), &world);
    assert!(observed.flows.is_empty());
    assert_eq!(observed.skipped.len(), 1);
    let header = "version account-id interface-id dstaddr srcaddr srcport dstport protocol packets bytes start end action log-status";
    let observed = flows::read_vpc(format!("{header}\n{later}\n5 1 eni-1\n").as_bytes(), &world);
    let flow = observed.flows.keys().next().unwrap();
    assert_eq!(format!("{:?}", flow.from), "Address(10.0.0.8)");
    assert_eq!(observed.skipped.iter().map(|skipped| skipped.line).collect::<Vec<_>>(), [3]);
}
