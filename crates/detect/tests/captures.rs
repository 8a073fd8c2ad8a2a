//! Captures of kernel events, made here block by block.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking"
)]

use haechi_detect::decode::{Reject, RejectReason};
use haechi_detect::program::RuleMatching;
use haechi_detect::rules::{Loaded, Options, RuleFile, load};
use haechi_detect::stream::{Report, Stream, StreamOptions};
use haechi_model::Detection;

const START_NS: u64 = 1_700_000_000_000_000_000;

#[derive(Default, Debug, PartialEq)]
struct Log {
    messages: Vec<String>,
    rejects: Vec<(u64, RejectReason)>,
}

impl Report for Log {
    fn detection(&mut self, detection: Detection, _offset: u64) {
        self.messages.push(detection.message);
    }

    fn reject(&mut self, reject: Reject) {
        self.rejects.push((reject.line, reject.reason));
    }
}

fn rule(condition: &str, output: &str) -> Loaded {
    let text = format!(
        "- rule: r\n  desc: d\n  condition: {condition}\n  output: \"{output}\"\n  priority: INFO\n  warn_evttypes: false\n"
    );
    let loaded = load(&[RuleFile { name: "rules.yaml", bytes: text.as_bytes() }], &Options::default());
    let errors: Vec<_> = loaded.results.iter().flat_map(|result| &result.errors).collect();
    assert!(errors.is_empty(), "{errors:?}");
    loaded
}

fn run(loaded: &Loaded, bytes: &[u8], chunk: usize) -> Log {
    let options = StreamOptions {
        matching: RuleMatching::All,
        now_ns: Some(START_NS + 1_000_000_000),
        ..StreamOptions::default()
    };
    let mut stream = Stream::new(&loaded.program, options);
    let mut log = Log::default();
    for piece in bytes.chunks(chunk) {
        stream.feed(piece, &mut log);
    }
    stream.finish(&mut log);
    log
}

/// Writes a capture.
struct Writer(Vec<u8>, u64);

impl Writer {
    fn new() -> Self {
        let mut writer = Self(Vec::new(), START_NS);
        let mut head = 0x1a2b_3c4du32.to_le_bytes().to_vec();
        head.extend([1, 0, 2, 0]);
        head.extend([0xff; 8]);
        writer.block(0x0a0d_0d0a, &head);
        writer
    }

    fn block(&mut self, kind: u32, body: &[u8]) {
        let length = (12 + body.len()) as u32;
        self.0.extend(kind.to_le_bytes());
        self.0.extend(length.to_le_bytes());
        self.0.extend(body);
        self.0.extend(length.to_le_bytes());
    }

    fn process(&mut self, tid: i64, parent: i64, comm: &str, cwd: &str, uid: u32) {
        let mut item = Vec::new();
        for id in [tid, tid, parent, 1, 1] {
            item.extend(id.to_le_bytes());
        }
        for part in [comm, &format!("/bin/{comm}"), &format!("/usr/bin/{comm}"), "-x\0", cwd] {
            item.extend((part.len() as u16).to_le_bytes());
            item.extend(part.as_bytes());
        }
        item.extend(1024u64.to_le_bytes());
        item.extend(0u32.to_le_bytes());
        item.extend(uid.to_le_bytes());
        item.extend(uid.to_le_bytes());
        item.extend([0; 3 * 4 + 2 * 8]);
        let environment = "PATH=/bin\0HOME=/root\0";
        item.extend((environment.len() as u16).to_le_bytes());
        item.extend(environment.as_bytes());
        item.extend(tid.to_le_bytes());
        item.extend(tid.to_le_bytes());
        let groups = format!("cpu=/docker/{}\0", "ab".repeat(32));
        item.extend((groups.len() as u16).to_le_bytes());
        item.extend(groups.as_bytes());
        item.extend(0u16.to_le_bytes());
        let mut body = ((item.len() + 4) as u32).to_le_bytes().to_vec();
        body.extend(item);
        self.block(0x215, &body);
    }

    fn user(&mut self, uid: u32, name: &str) {
        let mut item = vec![0];
        item.extend(uid.to_le_bytes());
        item.extend(uid.to_le_bytes());
        for part in [name, "/home", "/bin/sh"] {
            item.extend((part.len() as u16).to_le_bytes());
            item.extend(part.as_bytes());
        }
        let mut body = ((item.len() + 4) as u32).to_le_bytes().to_vec();
        body.extend(item);
        self.block(0x220, &body);
    }

    fn event(&mut self, tid: i64, number: u16, parameters: &[&[u8]]) {
        self.1 += 1_000_000;
        let rest: usize = parameters.iter().map(|parameter| parameter.len() + 2).sum();
        let mut body = 3u16.to_le_bytes().to_vec();
        body.extend(self.1.to_le_bytes());
        body.extend(tid.to_le_bytes());
        body.extend(((26 + rest) as u32).to_le_bytes());
        body.extend(number.to_le_bytes());
        body.extend((parameters.len() as u32).to_le_bytes());
        for parameter in parameters {
            body.extend((parameter.len() as u16).to_le_bytes());
        }
        for parameter in parameters {
            body.extend(*parameter);
        }
        self.block(0x216, &body);
    }

    /// `openat` of a path below a directory that is open.
    fn openat(&mut self, tid: i64, result: i64, directory: i64, path: &str, flags: u32) {
        let path = format!("{path}\0");
        self.event(
            tid,
            307,
            &[
                &result.to_le_bytes(),
                &directory.to_le_bytes(),
                path.as_bytes(),
                &flags.to_le_bytes(),
                &0o644u32.to_le_bytes(),
                &0u32.to_le_bytes(),
                &7u64.to_le_bytes(),
            ],
        );
    }
}

const WORKING_DIRECTORY: i64 = -100;

#[test]
fn files_are_followed_from_their_opening_on() {
    let mut capture = Writer::new();
    capture.process(10, 1, "cat", "/root", 0);
    capture.openat(10, 3, WORKING_DIRECTORY, "../etc", 1 | 1 << 10);
    capture.openat(10, 4, 3, "shadow", 1);
    capture.openat(10, -2, WORKING_DIRECTORY, "nothing", 1);
    // Reading: the descriptor is told at the entry only.
    capture.event(10, 6, &[&4i64.to_le_bytes(), &100u32.to_le_bytes()]);
    capture.event(10, 7, &[&5i64.to_le_bytes(), b"hello"]);
    capture.event(10, 5, &[&0i64.to_le_bytes(), &4i64.to_le_bytes()]);
    capture.event(10, 7, &[&5i64.to_le_bytes(), b"again", &4i64.to_le_bytes(), &9u32.to_le_bytes()]);

    let opened =
        rule("evt.type = openat and evt.is_open_read = true", "%evt.res %fd.num %fd.name %evt.arg.name");
    assert_eq!(
        run(&opened, &capture.0, usize::MAX).messages,
        ["SUCCESS 3 /etc /etc", "SUCCESS 4 /etc/shadow /etc/shadow", "ENOENT <NA> <NA> /root/nothing"]
    );
    let read =
        rule("evt.type = read and fd.directory = /etc", "%evt.buffer %evt.rawres %fd.filename %evt.arg.size");
    assert_eq!(run(&read, &capture.0, usize::MAX).messages, ["hello 5 shadow 100"]);
    // What was closed is not open any more; closing itself still sees it.
    let closed = rule("evt.type = close", "%fd.name");
    assert_eq!(run(&closed, &capture.0, usize::MAX).messages, ["/etc/shadow"]);
}

#[test]
fn programs_and_their_parents_are_known() {
    let mut capture = Writer::new();
    capture.user(33, "www-data");
    capture.process(1, 0, "nginx", "/", 33);
    let number = |value: i64| value.to_le_bytes();
    let clone: Vec<Vec<u8>> = vec![
        number(0).to_vec(),
        b"/bin/nginx\0".to_vec(),
        b"-x\0".to_vec(),
        number(20).to_vec(),
        number(20).to_vec(),
        number(1).to_vec(),
        b"\0".to_vec(),
        number(1024).to_vec(),
        vec![0; 8],
        vec![0; 8],
        vec![0; 4],
        vec![0; 4],
        vec![0; 4],
        b"nginx\0".to_vec(),
        b"cpu=/docker/".iter().copied().chain(b"ab".repeat(32)).chain([0]).collect(),
        vec![0; 4],
        33u32.to_le_bytes().to_vec(),
        33u32.to_le_bytes().to_vec(),
        number(20).to_vec(),
        number(20).to_vec(),
    ];
    let clone: Vec<&[u8]> = clone.iter().map(Vec::as_slice).collect();
    capture.event(20, 223, &clone);
    capture.event(20, 292, &[b"/bin/sh\0"]);
    let execute: Vec<Vec<u8>> = vec![
        number(0).to_vec(),
        b"sh\0".to_vec(),
        b"-c\0id\0".to_vec(),
        number(20).to_vec(),
        number(20).to_vec(),
        number(1).to_vec(),
        b"\0".to_vec(),
        number(1024).to_vec(),
        vec![0; 8],
        vec![0; 8],
        vec![0; 4],
        vec![0; 4],
        vec![0; 4],
        b"sh\0".to_vec(),
        b"cpu=/docker/".iter().copied().chain(b"ab".repeat(32)).chain([0]).collect(),
        b"A=b\0".to_vec(),
        34816u32.to_le_bytes().to_vec(),
    ];
    let execute: Vec<&[u8]> = execute.iter().map(Vec::as_slice).collect();
    capture.event(20, 293, &execute);
    capture.event(20, 186, &[&number(0), &number(0), &[0], &[0], &number(1)]);
    capture.event(20, 1, &[&16u16.to_le_bytes(), &39u16.to_le_bytes()]);

    let spawned = rule(
        "evt.type = execve and proc.pname = nginx and container.id != host",
        "%user.name %proc.cmdline %proc.exepath %proc.aname[2] %proc.env[A] %proc.tty %container.id %evt.dir %proc.duration",
    );
    let log = run(&spawned, &capture.0, usize::MAX);
    assert_eq!(log.messages, ["www-data sh -c id /bin/sh <NA> b 34816 abababababab < 0"]);
    // After its end nothing is known of it.
    let later = rule("evt.type = getpid", "%proc.name %thread.tid");
    assert_eq!(run(&later, &capture.0, usize::MAX).messages, ["<NA> 20"]);
    let any = rule("proc.aname = nginx and evt.type = procexit", "%evt.type");
    assert_eq!(run(&any, &capture.0, usize::MAX).messages, ["procexit"]);
}

#[test]
fn connections_have_two_ends() {
    let mut capture = Writer::new();
    capture.process(10, 1, "curl", "/", 0);
    let number = |value: i64| value.to_le_bytes();
    capture.event(10, 19, &[&number(5), &2u32.to_le_bytes(), &1u32.to_le_bytes(), &6u32.to_le_bytes()]);
    let mut tuple = vec![2, 10, 0, 0, 7];
    tuple.extend(40000u16.to_le_bytes());
    tuple.extend([169, 254, 169, 254]);
    tuple.extend(80u16.to_le_bytes());
    capture.event(10, 23, &[&number(-115), &tuple, &number(5)]);
    capture.event(10, 23, &[&number(-111), &tuple, &number(5)]);
    let metadata = rule(
        "evt.type = connect and fd.sip = 169.254.169.254 and fd.sport = 80 and fd.snet in (169.254.0.0/16)",
        "%fd.name %fd.l4proto %fd.type %fd.cip %fd.lport %evt.res %fd.is_server",
    );
    assert_eq!(
        run(&metadata, &capture.0, usize::MAX).messages,
        [
            "10.0.0.7:40000->169.254.169.254:80 tcp ipv4 10.0.0.7 40000 EINPROGRESS false",
            "10.0.0.7:40000->169.254.169.254:80 tcp ipv4 10.0.0.7 40000 ECONNREFUSED false",
        ]
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        cases: 600,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn damaged_bytes_do_no_harm(
        damage in proptest::collection::vec((0usize..4000, proptest::prelude::any::<u8>()), 1..40),
    ) {
        let mut capture = Writer::new();
        capture.user(0, "root");
        capture.process(10, 1, "cat", "/root", 0);
        capture.openat(10, 3, WORKING_DIRECTORY, "../etc", 1 | 1 << 10);
        capture.openat(10, 4, 3, "shadow", 1);
        capture.event(10, 6, &[&4i64.to_le_bytes(), &100u32.to_le_bytes()]);
        capture.event(10, 7, &[&5i64.to_le_bytes(), b"hello"]);
        capture.event(10, 125, &[&9i64.to_le_bytes()]);
        capture.event(10, 19, &[&5i64.to_le_bytes(), &[2, 0, 0, 0], &[1, 0, 0, 0], &[6, 0, 0, 0]]);
        capture.event(10, 23, &[&0i64.to_le_bytes(), &[2, 1, 1, 1, 1, 2, 2, 3, 3, 3, 3, 4, 4], &5i64.to_le_bytes()]);
        capture.event(10, 186, &[&0i64.to_le_bytes(), &0i64.to_le_bytes(), &[0], &[0], &1i64.to_le_bytes()]);
        let length = capture.0.len();
        for (at, byte) in damage {
            capture.0[at % length] = byte;
        }
        let rules = rule(
            "evt.type exists or not proc.aname = x or fd.sip = 1.1.1.1 or proc.env[A] = b",
            "%evt.num %evt.args %evt.res %proc.cmdline %proc.exepath %proc.aname[3] %proc.cwd %fd.name %fd.l4proto \
             %evt.buffer %evt.abspath %proc.duration %fd.filename %evt.category %evt.time %user.name",
        );
        let whole = run(&rules, &capture.0, usize::MAX);
        proptest::prop_assert_eq!(run(&rules, &capture.0, 5), whole);
    }
}

#[test]
fn where_pieces_end_changes_nothing() {
    let mut capture = Writer::new();
    capture.process(10, 1, "cat", "/root", 0);
    capture.openat(10, 3, WORKING_DIRECTORY, "x", 1);
    let all = rule("evt.num > 0", "%evt.num %evt.type %evt.args");
    let whole = run(&all, &capture.0, usize::MAX);
    assert_eq!(whole.messages.len(), 1, "{whole:?}");
    for chunk in 1..90 {
        assert_eq!(run(&all, &capture.0, chunk), whole, "{chunk}");
    }
}

#[test]
fn a_damaged_block_loses_nothing_else() {
    let mut capture = Writer::new();
    capture.process(10, 1, "cat", "/root", 0);
    let damaged = capture.0.len() as u64;
    // An event that is longer than its block.
    let mut body = 0u16.to_le_bytes().to_vec();
    body.extend([0; 16]);
    body.extend(1_000_000u32.to_le_bytes());
    body.extend(307u16.to_le_bytes());
    body.extend([0; 8]);
    capture.block(0x216, &body);
    capture.openat(10, 3, WORKING_DIRECTORY, "x", 1);
    let all = rule("evt.type = openat", "%fd.name");
    let log = run(&all, &capture.0, usize::MAX);
    assert_eq!(log.messages, ["/root/x"]);
    assert_eq!(log.rejects, [(damaged, RejectReason::CaptureBlock)]);

    // Behind a wrong length nothing can be found.
    let end = capture.0.len() as u64;
    capture.0.extend([0x16, 2, 0, 0, 3, 0, 0, 0]);
    capture.openat(10, 4, WORKING_DIRECTORY, "y", 1);
    let log = run(&all, &capture.0, usize::MAX);
    assert_eq!(log.messages, ["/root/x"]);
    assert_eq!(log.rejects.last(), Some(&(end, RejectReason::CaptureLength)));
}

#[test]
fn what_ends_early_and_what_is_of_another_kind_is_told() {
    let mut capture = Writer::new();
    capture.openat(10, 3, WORKING_DIRECTORY, "/x", 1);
    let all = rule("evt.type = openat", "%fd.name");
    let last = capture.0.len() - 1;
    let log = run(&all, &capture.0[..last], usize::MAX);
    assert_eq!(
        log.rejects.iter().map(|(_, reason)| *reason).collect::<Vec<_>>(),
        [RejectReason::CaptureLength]
    );

    let mut other = capture.0.clone();
    other[8..12].reverse();
    assert_eq!(run(&all, &other, usize::MAX).rejects, [(0, RejectReason::Capture)]);
    let mut later = capture.0;
    later[12] = 2;
    assert_eq!(run(&all, &later, usize::MAX).rejects, [(0, RejectReason::Capture)]);
}

#[test]
fn each_mistake_is_told_with_its_place_and_hides_nothing() {
    let mut capture = Writer::new();
    let mut expected = Vec::new();
    let good = |capture: &mut Writer, path: &str| capture.openat(10, 3, WORKING_DIRECTORY, path, 1);
    capture.process(10, 1, "cat", "/root", 0);
    good(&mut capture, "/first");

    // In 150 years.
    let now = capture.1;
    capture.1 += 150 * 365 * 86_400 * 1_000_000_000;
    good(&mut capture, "/later");
    capture.1 = now;
    expected.push(RejectReason::FutureTime);
    good(&mut capture, "/behind the future");

    // Lengths of parameters that reach beyond the event.
    let mut long = Writer(Vec::new(), now);
    good(&mut long, "/too long");
    let lengths = 8 + 2 + 8 + 8 + 4 + 2 + 4;
    long.0[lengths + 4..lengths + 6].copy_from_slice(&u16::MAX.to_le_bytes());
    capture.0.extend(&long.0);
    expected.push(RejectReason::CaptureBlock);
    good(&mut capture, "/behind a parameter that is too long");

    // More parameters than the block has room for.
    let mut many = Writer(Vec::new(), now);
    good(&mut many, "/too many");
    many.0[lengths - 4..lengths].copy_from_slice(&u32::MAX.to_le_bytes());
    capture.0.extend(&many.0);
    expected.push(RejectReason::CaptureBlock);
    good(&mut capture, "/behind too many parameters");

    // A process whose strings end behind its block.
    capture.block(0x215, &[40, 0, 0, 0, 1, 2, 3]);
    expected.push(RejectReason::CaptureBlock);
    good(&mut capture, "/behind a process");

    // Neither is a mistake: kinds of blocks are many, and paths are bytes.
    capture.block(0x9999, &[1, 2, 3, 4]);
    capture.event(10, 307, &[&3i64.to_le_bytes(), &WORKING_DIRECTORY.to_le_bytes(), b"/\xff\0"]);
    good(&mut capture, "/last");
    capture.0.extend([0x16, 2, 0]);
    expected.push(RejectReason::CaptureLength);

    let all = rule("evt.type = openat", "%fd.name");
    let messages = [
        "/first",
        "/behind the future",
        "/behind a parameter that is too long",
        "/behind too many parameters",
        "/behind a process",
        "/\u{fffd}",
        "/last",
    ];
    for chunk in [usize::MAX, 64, 1] {
        let log = run(&all, &capture.0, chunk);
        assert_eq!(log.messages, messages, "{chunk}");
        assert_eq!(log.rejects.iter().map(|(_, reason)| *reason).collect::<Vec<_>>(), expected, "{chunk}");
    }
}
