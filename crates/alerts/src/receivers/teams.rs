//! Microsoft Teams: a workflow that is started by a webhook and takes Adaptive Cards, <https://adaptivecards.io/explorer/>.

use serde_json::{Value, json};

use crate::words::{Words, at_most, one_line, web_link};

/// Most bytes of a message; Teams refuses 28 KiB and more.
const MAX_BYTES: usize = 26 << 10;

/// Text without markup: other blocks of a card read Markdown, a run of text does not.
fn run(text: &str, bold: bool) -> Value {
    json!({ "type": "TextRun", "text": text, "weight": if bold { "Bolder" } else { "Default" } })
}

fn line(runs: Vec<Value>) -> Value {
    json!({ "type": "RichTextBlock", "inlines": runs })
}

pub(crate) fn body(words: &Words<'_>) -> Value {
    let mut shown = words.notification.items.len();
    loop {
        let body = card(words, shown);
        if shown <= 1 || body.to_string().len() <= MAX_BYTES {
            return body;
        }
        shown -= 1;
    }
}

/// The message with the first alerts; the others are counted.
fn card(words: &Words<'_>, shown: usize) -> Value {
    let subject = at_most(&one_line(&words.subject()), 300);
    let heading = json!({ "type": "TextRun", "text": subject, "size": "Large", "weight": "Bolder" });
    let mut blocks = vec![line(vec![heading])];
    let mut actions = Vec::new();
    for item in words.notification.items.iter().take(shown) {
        let title = at_most(&one_line(words.title(&item.alert)), 300);
        let mut title = line(vec![run(&title, true)]);
        if let Some(title) = title.as_object_mut() {
            title.insert("separator".into(), true.into());
        }
        blocks.push(title);
        blocks.push(line(vec![run(&at_most(words.summary(&item.alert), 2000), false)]));
        for (name, value) in words.fields(item) {
            let (name, value) = (format!("{}: ", at_most(&name, 60)), at_most(&one_line(&value), 300));
            blocks.push(line(vec![run(&name, true), run(&value, false)]));
        }
        // Teams shows six actions at most.
        if let Some(link) = web_link(&item.alert).filter(|_| actions.len() < 6) {
            actions.push(json!({ "type": "Action.OpenUrl", "title": at_most(&title_of_link(words, item), 60), "url": link }));
        }
    }
    let left = words.notification.items.len().saturating_sub(shown);
    let more = words.notification.more.saturating_add(u64::try_from(left).unwrap_or(u64::MAX));
    for note in words.notes(more) {
        blocks.push(line(vec![run(&note, false)]));
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "fallbackText": subject,
                "body": blocks,
                "actions": actions,
                "msteams": { "width": "Full" },
            },
        }],
    })
}

fn title_of_link(words: &Words<'_>, item: &crate::notification::Item) -> String {
    match words.notification.items.len() {
        0 | 1 => words.open(),
        _ => one_line(words.title(&item.alert)),
    }
}
