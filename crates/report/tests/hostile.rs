//! What scanned files say never steers a terminal, a page, a spreadsheet or a build server.
#![cfg(test)]

mod fixture;

use std::sync::Arc;

use haechi_model::{
    Arg, ArgValue, Location, Position, ProblemKind, ResourceRef, ScanCounts, ScanReport, Severity, Span,
    Suppressed, SuppressionSource,
};
use haechi_report::{
    Context, Language, Terminal, write_csv, write_github, write_html, write_json, write_junit, write_sarif,
    write_table,
};
use proptest::prelude::*;

use fixture::{finding, problem, texts, written};

/// Texts that hold what formats care about more often than chance would.
fn hostile() -> impl Strategy<Value = String> {
    let special = prop::sample::select(vec![
        "\u{1b}[31m",
        "\u{9b}",
        "\u{7}",
        "\u{0}",
        "\r",
        "\n",
        "\t",
        "\u{202e}",
        "\u{2066}",
        "\u{feff}",
        "=",
        "+",
        "-",
        "@",
        "\"",
        "'",
        ",",
        "<",
        ">",
        "&",
        "]]>",
        "%0A",
        "::error::",
        "{",
        "}",
        "{$x}",
        "한",
        "`",
        "](",
        " ",
    ]);
    prop::collection::vec(
        prop_oneof![special.prop_map(str::to_owned), any::<char>().prop_map(String::from)],
        0..12,
    )
    .prop_map(|parts| parts.concat())
}

fn report() -> impl Strategy<Value = (ScanReport, Vec<u8>)> {
    let numbers = (any::<u32>(), any::<u32>(), 0..9_u32, 0..9_u32);
    (hostile(), hostile(), hostile(), hostile(), hostile(), any::<bool>(), numbers).prop_map(
        |(path, name, value, source, detail, in_file, (start, end, line, column))| {
            let path = if path.is_empty() { "x".to_owned() } else { path };
            let bytes = u32::try_from(source.len()).unwrap();
            // Places in the file, or anywhere: the file may have changed since.
            let span = if in_file {
                Span::new(start % (bytes + 1), end % (bytes + 1))
            } else {
                Span::new(start, end)
            };
            let location = Location {
                path: path.as_str().into(),
                span,
                start: Position { line, column },
                end: Position { line: column, column: line },
                json_path: name.clone(),
            };
            let mut one = finding(
                "loud-bell",
                Severity::High,
                location,
                vec![Arg { name: "container".into(), value: ArgValue::Text(value) }],
            );
            one.resource = ResourceRef {
                api_version: name.clone(),
                kind: name.clone(),
                namespace: Some(detail.clone()),
                name,
            };
            let suppressed = vec![Suppressed {
                finding: one.clone(),
                reason: detail.clone(),
                source: SuppressionSource::Annotation,
            }];
            let detail = Arg { name: "detail".into(), value: ArgValue::Text(detail) };
            let problems = vec![problem(ProblemKind::Syntax, &path, Some((line, column)), vec![detail])];
            let counts = ScanCounts { files: 1, documents: 1, objects: 1, rules: 1 };
            (
                ScanReport {
                    findings: vec![one.clone(), one],
                    suppressed,
                    problems,
                    counts,
                    ..ScanReport::default()
                },
                source.into_bytes(),
            )
        },
    )
}

type Write = fn(&ScanReport, &Context<'_>, &mut dyn std::io::Write) -> std::io::Result<()>;

fn shown(report: &ScanReport, source: &[u8], write: Write) -> String {
    let texts = texts(Language::Ko);
    let source: Arc<[u8]> = source.into();
    let get = |_: &str| Some(Arc::clone(&source));
    let mut context = Context::new(&texts, fixture::RULES, "0.1.0");
    context.source = &get;
    context.terminal = Terminal { colour: false, width: Some(60) };
    written(|out| write(report, &context, out))
}

/// Characters that a terminal obeys, apart from the line breaks of the format itself.
fn commands(text: &str) -> Vec<char> {
    let is_command = |&c: &char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().filter(is_command).collect()
}

/// Splits RFC 4180 text into records, refusing what it does not allow.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut records = Vec::new();
    let mut record = Vec::new();
    let mut chars = text.chars().peekable();
    while chars.peek().is_some() {
        let mut cell = String::new();
        if chars.next_if_eq(&'"').is_some() {
            loop {
                match chars.next().expect("a quote is open") {
                    '"' if chars.next_if_eq(&'"').is_some() => cell.push('"'),
                    '"' => break,
                    c => cell.push(c),
                }
            }
        } else {
            while let Some(c) = chars.next_if(|c| !matches!(c, ',' | '\r')) {
                assert_ne!(c, '"');
                cell.push(c);
            }
        }
        record.push(cell);
        match chars.next() {
            Some(',') => {}
            Some('\r') => {
                assert_eq!(chars.next(), Some('\n'));
                records.push(std::mem::take(&mut record));
            }
            other => panic!("{other:?} after a cell"),
        }
    }
    assert!(record.is_empty());
    records
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn table_holds_no_commands((report, source) in report()) {
        prop_assert_eq!(commands(&shown(&report, &source, write_table)), Vec::<char>::new());
    }

    #[test]
    fn json_and_sarif_hold_no_commands_and_can_be_read((report, source) in report()) {
        for write in [write_json as Write, write_sarif] {
            let text = shown(&report, &source, write);
            prop_assert_eq!(commands(&text), Vec::<char>::new());
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        }
    }

    #[test]
    fn junit_holds_no_commands_and_no_foreign_elements((report, source) in report()) {
        let text = shown(&report, &source, write_junit);
        prop_assert!(commands(&text).iter().all(|&c| c == '\t'));
        let is_valid = !text.contains(['\u{fffe}', '\u{ffff}']);
        prop_assert!(is_valid);
        prop_assert_eq!(text.matches("<testcase ").count(), 4);
        prop_assert_eq!(text.matches("<testsuite ").count(), 1);
        for part in text.split('&').skip(1) {
            let entity = part.split(';').next().unwrap();
            prop_assert!(["amp", "lt", "gt", "quot", "#39"].contains(&entity), "&{};", entity);
        }
    }

    #[test]
    fn csv_holds_no_commands_and_no_formulas((report, source) in report()) {
        let text = shown(&report, &source, write_csv);
        let text = text.strip_prefix('\u{feff}').unwrap();
        prop_assert!(commands(text).iter().all(|&c| c == '\r'));
        let records = records(text);
        prop_assert_eq!(records.len(), 5);
        for record in records {
            prop_assert_eq!(record.len(), 20);
            for cell in record {
                prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{:?}", cell);
                prop_assert!(commands(&cell).is_empty());
            }
        }
    }

    #[test]
    fn page_holds_no_foreign_elements((report, source) in report()) {
        let text = shown(&report, &source, write_html);
        prop_assert!(commands(&text).iter().all(|&c| c == '\t'));
        let body = text.split_once("</head>").unwrap().1;
        const OURS: [&str; 23] = [
            "body", "main", "h1", "h2", "h3", "h4", "div", "p", "ul", "li", "b", "section", "span", "code", "a",
            "pre", "mark", "br", "small", "footer", "html", "time", "title",
        ];
        for tag in body.split('<').skip(1) {
            let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
            prop_assert!(OURS.contains(&name.as_str()), "<{}", tag);
            prop_assert!(!tag.split('>').next().unwrap().contains(" on"), "<{}", tag);
        }
    }

    #[test]
    fn annotations_are_as_many_as_there_are_findings((report, source) in report()) {
        let text = shown(&report, &source, write_github);
        prop_assert_eq!(commands(&text), Vec::<char>::new());
        prop_assert_eq!(text.lines().filter(|line| line.starts_with("::")).count(), 3);
        prop_assert_eq!(text.lines().count(), 6);
    }
}
