//! A small API server on loopback: answers what a test tells it to, one connection a thread.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as the server saw it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) accept: String,
    pub(crate) authorization: String,
    pub(crate) media: String,
    pub(crate) body: String,
}

/// What it answers; the status 0 closes the connection without a word.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) delay: Duration,
}

impl Answer {
    pub(crate) fn ok(body: impl Into<String>) -> Self {
        Answer { status: 200, body: body.into(), delay: Duration::ZERO }
    }

    pub(crate) fn status(status: u16, message: &str) -> Self {
        let body = serde_json::json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "code": status });
        Answer { status, body: body.to_string(), delay: Duration::ZERO }
    }
}

pub(crate) struct FakeApi {
    address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl FakeApi {
    pub(crate) fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, log) = (Arc::new(answer), asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (answer, log) = (answer.clone(), log.clone());
                std::thread::spawn(move || serve(stream, &*answer, &log));
            }
        });
        FakeApi { address, asked }
    }

    /// Lists of these objects, by the path of the list; `/version` is always answered, other lists are empty.
    pub(crate) fn holding(lists: BTreeMap<String, Vec<serde_json::Value>>) -> Self {
        Self::start(move |asked| {
            if asked.path == "/version" {
                return Answer::ok("{}");
            }
            let items = lists.get(&asked.path).cloned().unwrap_or_default();
            Answer::ok(list(&items, ""))
        })
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// A kubeconfig for this server in a folder.
    pub(crate) fn kubeconfig(&self, folder: &Path) -> PathBuf {
        let path = folder.join("kubeconfig");
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: fake\n\
             clusters: [{{name: fake, cluster: {{server: 'http://{}'}}}}]\n\
             users: [{{name: me, user: {{token: secret-token}}}}]\n\
             contexts:\n- {{name: fake, context: {{cluster: fake, user: me, namespace: shop}}}}\n\
             - {{name: nobody, context: {{cluster: fake, user: gone}}}}\n",
            self.address
        );
        std::fs::write(&path, text).unwrap();
        path
    }
}

pub(crate) fn list(items: &[serde_json::Value], token: &str) -> String {
    serde_json::json!({ "kind": "ThingList", "apiVersion": "v1", "items": items,
        "metadata": { "resourceVersion": "7", "continue": token } })
    .to_string()
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(&Asked) -> Answer, log: &Mutex<Vec<Asked>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if line.trim_end().is_empty() {
            break;
        }
        head.push_str(&line);
    }
    let mut asked = read_head(&head);
    let length = head
        .to_ascii_lowercase()
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    asked.body = String::from_utf8(body).unwrap();
    log.lock().unwrap().push(asked.clone());
    let answer = answer(&asked);
    std::thread::sleep(answer.delay);
    if answer.status == 0 {
        return;
    }
    let text = format!(
        "HTTP/1.1 {} Any\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
        answer.status,
        answer.body.len(),
        answer.body
    );
    let _ = stream.write_all(text.as_bytes());
    let _ = stream.flush();
    let _ = reader.read(&mut [0]);
}

fn read_head(head: &str) -> Asked {
    let target = head.split(' ').nth(1).unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let header = |name: &str| {
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")));
        line.and_then(|line| line.split_once(": ")).map_or("", |(_, value)| value).trim().to_owned()
    };
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    Asked {
        method: head.split(' ').next().unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        accept: header("accept"),
        authorization: header("authorization"),
        media: header("content-type"),
        body: String::new(),
    }
}
