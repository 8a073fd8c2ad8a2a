//! How reports look, in both languages.
#![cfg(test)]

mod fixture;

use haechi_report::{
    GroupBy, Language, Terminal, write_csv, write_explain, write_github, write_html, write_json, write_junit,
    write_openreports, write_rule_list, write_rule_list_json, write_sarif, write_table,
};

use fixture::{RULES, clean, context, full, incomplete, nothing, rendered, texts, written};

macro_rules! both_languages {
    ($name:ident, $report:expr, $write:expr) => {
        #[test]
        fn $name() {
            for language in Language::ALL {
                let texts = texts(language);
                let mut context = context(&texts);
                context.terminal = Terminal { colour: false, width: Some(90) };
                let text = written(|out| $write(&$report, &context, out));
                insta::assert_snapshot!(format!("{}_{language}", stringify!($name)), text);
            }
        }
    };
}

both_languages!(table_full, full(), write_table);
both_languages!(table_clean, clean(), write_table);
both_languages!(table_nothing, nothing(), write_table);
both_languages!(table_incomplete, incomplete(), write_table);
both_languages!(table_rendered, rendered(), write_table);
both_languages!(json_rendered, rendered(), write_json);
both_languages!(sarif_rendered, rendered(), write_sarif);
both_languages!(csv_rendered, rendered(), write_csv);
both_languages!(github_rendered, rendered(), write_github);
both_languages!(html_rendered, rendered(), write_html);
both_languages!(junit_rendered, rendered(), write_junit);
both_languages!(json_full, full(), write_json);
both_languages!(json_clean, clean(), write_json);
both_languages!(sarif_full, full(), write_sarif);
both_languages!(sarif_nothing, nothing(), write_sarif);
both_languages!(csv_full, full(), write_csv);
both_languages!(csv_nothing, nothing(), write_csv);
both_languages!(openreports_full, full(), write_openreports);
both_languages!(openreports_nothing, nothing(), write_openreports);
both_languages!(github_full, full(), write_github);
both_languages!(github_incomplete, incomplete(), write_github);
both_languages!(html_full, full(), write_html);
both_languages!(html_nothing, nothing(), write_html);
both_languages!(junit_full, full(), write_junit);
both_languages!(junit_clean, clean(), write_junit);
both_languages!(junit_nothing, nothing(), write_junit);
both_languages!(junit_incomplete, incomplete(), write_junit);

#[test]
fn findings_stand_by_what_was_asked_for() {
    for by in [GroupBy::Namespace, GroupBy::Check, GroupBy::Owner] {
        for language in Language::ALL {
            let texts = texts(language);
            let mut context = context(&texts);
            context.terminal = Terminal { colour: false, width: Some(90) };
            context.group_by = by;
            let mut report = full();
            report.findings.truncate(4);
            report.findings[0].resource.name = "nobody's".to_owned();
            report.findings[1].resource.namespace = None;
            let text = written(|out| write_table(&report, &context, out));
            insta::assert_snapshot!(format!("table_by_{}_{language}", by.as_str()), text);
        }
    }
}

#[test]
fn table_in_colour() {
    let texts = texts(Language::En);
    let mut context = context(&texts);
    context.terminal = Terminal { colour: true, width: Some(90) };
    let mut report = full();
    report.findings.truncate(2);
    insta::assert_snapshot!(written(|out| write_table(&report, &context, out)).replace('\u{1b}', "^["));
}

#[test]
fn hidden_findings_are_told() {
    let texts = texts(Language::En);
    let mut context = context(&texts);
    context.hidden = 3;
    let text = written(|out| write_table(&clean(), &context, out));
    assert!(text.contains("3 findings below the chosen severity are not shown."), "{text}");
    assert!(text.ends_with("No findings at or above the chosen severity.\n"), "{text}");
}

#[test]
fn explanation() {
    for language in Language::ALL {
        let texts = texts(language);
        let text = written(|out| {
            for rule in RULES {
                write_explain(rule, &texts, Terminal::default(), out)?;
                writeln!(out, "----")?;
            }
            Ok(())
        });
        insta::assert_snapshot!(format!("explain_{language}"), text);
    }
}

#[test]
fn rule_list() {
    for language in Language::ALL {
        let texts = texts(language);
        let text = written(|out| {
            write_rule_list(RULES, &texts, Terminal::default(), out)?;
            write_rule_list_json(RULES, &texts, out)
        });
        insta::assert_snapshot!(format!("rule_list_{language}"), text);
    }
}
