//! Slack: Block Kit, <https://api.slack.com/reference/block-kit/blocks>.

use serde_json::{Value, json};

use crate::words::{Words, at_most, one_line, web_link};

/// Most characters of a header block.
const HEADER: usize = 150;
/// Most characters of the text of a section, as sent.
const SECTION: usize = 3000;
/// Most fields of a section, and characters of one.
const FIELDS: (usize, usize) = (10, 2000);

/// `&`, `<` and `>` are all that Slack reads as markup of links and mentions; at most `limit` characters come out, and no entity is
/// cut in two.
fn escaped(text: &str, limit: usize) -> String {
    let mut out = String::new();
    let mut left = limit.saturating_sub(1);
    for c in text.chars() {
        let part = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            _ => "",
        };
        let length = if part.is_empty() { c.len_utf16() } else { part.len() };
        let Some(rest) = left.checked_sub(length) else {
            out.push('…');
            break;
        };
        left = rest;
        match part {
            "" => out.push(c),
            part => out.push_str(part),
        }
    }
    out
}

/// A text in which nothing becomes a mention or a link by itself.
fn text(text: String) -> Value {
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}

pub(crate) fn body(words: &Words<'_>, channel: Option<&str>) -> Value {
    let subject = one_line(&words.subject());
    let mut blocks = vec![json!({
        "type": "header",
        "text": { "type": "plain_text", "text": at_most(&subject, HEADER), "emoji": false },
    })];
    for item in &words.notification.items {
        let title = escaped(&one_line(words.title(&item.alert)), 400);
        let summary = escaped(words.summary(&item.alert), SECTION - 500);
        let mut section = json!({ "type": "section", "text": text(format!("*{title}*\n{summary}")) });
        let fields = words.fields(item);
        let fields: Vec<Value> = fields
            .iter()
            .take(FIELDS.0)
            .map(|(name, value)| {
                let (name, value) = (escaped(name, 100), escaped(&one_line(value), FIELDS.1 - 110));
                text(format!("*{name}*\n{value}"))
            })
            .collect();
        if let Some(section) = section.as_object_mut() {
            section.insert("fields".into(), fields.into());
        }
        blocks.push(section);
        // `|` and `>` would end the address.
        if let Some(link) = web_link(&item.alert).filter(|link| !link.contains(['|', '>', '<', ' '])) {
            let link = format!("<{}|{}>", link.replace('&', "&amp;"), escaped(&words.open(), 100));
            blocks.push(json!({ "type": "context", "elements": [text(link)] }));
        }
    }
    let notes = words.notes(words.notification.more);
    if !notes.is_empty() {
        let notes = escaped(&notes.join("\n"), SECTION);
        blocks.push(json!({ "type": "context", "elements": [text(notes)] }));
    }
    let mut body = json!({
        // For notifications, where blocks are not shown.
        "text": escaped(&subject, SECTION),
        "blocks": blocks,
        "unfurl_links": false,
        "unfurl_media": false,
    });
    if let (Some(channel), Some(body)) = (channel, body.as_object_mut()) {
        body.insert("channel".into(), channel.into());
    }
    body
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn mentions_and_links_are_plain_text() {
        assert_eq!(
            escaped("<!channel> a & <http://x|y>", 999),
            "&lt;!channel&gt; a &amp; &lt;http://x|y&gt;"
        );
    }

    #[test]
    fn limit_counts_what_is_sent() {
        assert_eq!(escaped("<<<", 10), "&lt;&lt;…");
        let long = escaped(&"&".repeat(5000), 3000);
        assert!(long.len() <= 3003 && long.ends_with("&amp;…"), "{}", long.len());
    }
}
