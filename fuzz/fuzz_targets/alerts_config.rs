//! Any text as a configuration and as a template: no panic, mistakes have a place in the text, and what a template of JSON makes is
//! JSON.

#![no_main]

use haechi_alerts::alert::{Alert, AllTexts, Context};
use haechi_alerts::notification::{Item, News};
use haechi_alerts::receivers::webhook::Template;
use haechi_alerts::receivers::{Outgoing, Service, Text};
use haechi_alerts::secret::{SecretSource, Secrets};
use haechi_alerts::{Config, Notification, Status};
use libfuzzer_sys::fuzz_target;

struct Fixed;

impl Secrets for Fixed {
    fn read(&self, _: &SecretSource) -> Result<String, String> {
        Ok("https://example.com/".to_owned())
    }
}

const HOOK: &str = "[alerts]\nreceivers = ['r']\n[[alerts.receiver]]\nname = 'r'\nkind = 'webhook'\nurl = 'http://x/'\n";

fuzz_target!(|text: &str| {
    let texts = AllTexts::default();
    let alert = Alert::test(text, 0, &texts, Context { cluster: text.to_owned(), ..Context::default() });
    let mut notification = Notification {
        id: "n".to_owned(),
        receiver: "r".to_owned(),
        group: "g".to_owned(),
        route: "1".to_owned(),
        labels: [(text.to_owned(), text.to_owned())].into(),
        status: Status::Firing,
        items: vec![Item { news: News::New, count: 1, alert }],
        more: 0,
        groups: 1,
        lasting: 0,
        created_us: 0,
        again_us: 0,
        part: 1,
        parts: 1,
    };
    match Config::parse(text) {
        Err(mistake) => assert!(mistake.line as usize <= text.matches('\n').count() + 1),
        Ok(None) => {}
        Ok(Some(config)) => {
            for receiver in config.receivers.values() {
                let _ = receiver.outgoing(&notification, &Fixed, &texts, 0);
            }
        }
    }
    let Ok(template) = Template::new(text) else { return };
    let mut receiver = Config::parse(HOOK).unwrap().unwrap().receivers.remove("r").unwrap();
    receiver.service = Service::Webhook {
        url: Text::Plain("http://x/".to_owned()),
        headers: Vec::new(),
        template: Some(template),
        content_type: "application/json".to_owned(),
        signing_key: None,
    };
    notification.more = 3;
    if let Ok(Outgoing::Http(request)) = receiver.outgoing(&notification, &Fixed, &texts, 0) {
        serde_json::from_slice::<serde_json::Value>(&request.body).expect("what is sent as JSON is JSON");
    }
});
