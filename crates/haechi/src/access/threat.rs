//! `access threat-model`: the document.

use std::path::PathBuf;

use anyhow::Result;
use clap::ArgMatches;
use haechi_access::attack::{EntryPoint, ThreatModel, escape};
use haechi_report::{Args, Texts, visible};
use serde_json::json;

use super::arguments::text;
use super::ask::print_json;
use super::export;
use super::load::{Loaded, Need, is_whole, load, load_paths};
use super::ways::path_lines;
use crate::Exit;
use crate::commands::to_stdout;

pub(super) fn threat_model(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let loaded = load(matches, texts, Need::Paths)?;
    let model = build(&loaded);
    let before = match matches.get_one::<PathBuf>("since") {
        Some(path) => {
            let path = std::slice::from_ref(path);
            Some(load_paths(path, is_whole(matches), None, texts, Need::Paths)?)
        }
        None => None,
    };
    let earlier = before;
    let before = earlier.as_ref().map(build);
    match text(matches, "output") {
        "json" => print_json(&json!({
            "entryPoints": model.entries,
            "boundaries": model.boundaries,
            "assets": model.assets,
            "secrets": model.secrets,
            "threats": model.threats.iter().map(|threat| json!({
                "entryPoint": threat.entry,
                "asset": threat.asset,
                "path": export::path(&loaded.snapshot, &threat.path),
            })).collect::<Vec<_>>(),
            "new": before.as_ref().map(|before| model.new_since(before)),
            "gone": before.as_ref().map(|before| before.new_since(&model)),
        }))?,
        "html" => {
            let page = html(texts, &document(texts, &loaded, &model, before.as_ref()));
            to_stdout(|out| out.write_all(page.as_bytes()))?;
        }
        _ => {
            let page = markdown(&document(texts, &loaded, &model, before.as_ref()));
            to_stdout(|out| out.write_all(page.as_bytes()))?;
        }
    }
    loaded.tell_problems(texts)?;
    if let Some(earlier) = &earlier {
        earlier.tell_problems(texts)?;
    }
    let exit = loaded.exit(Exit::Clean);
    Ok(earlier.map_or(exit, |earlier| earlier.exit(exit)))
}

fn build(loaded: &Loaded) -> ThreatModel {
    ThreatModel::build(&loaded.snapshot, &loaded.inventory, &loaded.graph())
}

/// The document before it has a format.
enum Block {
    Title(String),
    Heading(String),
    Text(String),
    List(Vec<String>),
    /// Lines of one path.
    Steps(String, Vec<String>),
}

fn document(texts: &Texts, loaded: &Loaded, model: &ThreatModel, before: Option<&ThreatModel>) -> Vec<Block> {
    let say = |id: &str| texts.message(id, &Args::new());
    let mut blocks = vec![Block::Title(say("access-threat-title")), Block::Text(say("access-threat-about"))];
    if loaded.is_incomplete() {
        blocks.push(Block::Text(say("access-audit-in-part")));
    }
    blocks.extend([
        Block::Heading(say("access-threat-entries")),
        Block::List(model.entries.iter().map(|entry| entry_text(texts, entry)).collect()),
        Block::Heading(say("access-threat-boundaries")),
        Block::List(
            model
                .boundaries
                .iter()
                .map(|boundary| {
                    let args =
                        Args::new().number("inside", boundary.inside).number("guarded", boundary.guarded);
                    texts.message(&format!("access-boundary-{}", boundary.kind), &args)
                })
                .collect(),
        ),
        Block::Heading(say("access-threat-assets")),
    ]);
    let mut assets: Vec<String> = model
        .assets
        .iter()
        .map(|(asset, count)| {
            texts.message(&format!("access-asset-{}", asset.as_str()), &Args::new().number("count", *count))
        })
        .collect();
    assets.extend(model.secrets.iter().map(|(namespace, name, entries)| {
        let args = Args::new().text("name", format!("{namespace}/{name}")).number("entries", *entries);
        texts.message("access-asset-secret", &args)
    }));
    blocks.push(Block::List(assets));
    blocks.push(Block::Heading(say("access-threat-paths")));
    if model.threats.is_empty() {
        blocks.push(Block::Text(super::ways::no_path(texts, loaded)));
    }
    for threat in &model.threats {
        let certainty = if threat.path.is_certain() { "access-certain" } else { "access-perhaps" };
        let asset = texts.message(&format!("access-asset-name-{}", threat.asset.as_str()), &Args::new());
        let head = format!("{} → {asset} {}", entry_text(texts, &threat.entry), say(certainty));
        let lines = path_lines(texts, loaded, &threat.path).into_iter().skip(1).collect();
        blocks.push(Block::Steps(head, lines));
    }
    if let Some(before) = before {
        blocks.push(Block::Heading(say("access-threat-changes")));
        let line = |sign: &str, (entry, asset): &(EntryPoint, haechi_access::attack::Asset)| {
            let asset = texts.message(&format!("access-asset-name-{}", asset.as_str()), &Args::new());
            format!("{sign} {} → {asset}", entry_text(texts, entry))
        };
        let mut lines: Vec<String> = model.new_since(before).iter().map(|new| line("+", new)).collect();
        lines.extend(before.new_since(model).iter().map(|gone| line("−", gone)));
        if lines.is_empty() {
            lines.push(say("access-no-change"));
        }
        blocks.push(Block::List(lines));
    }
    blocks
}

fn entry_text(texts: &Texts, entry: &EntryPoint) -> String {
    let named = |id: &str, name: String| texts.message(id, &Args::new().text("name", name));
    match entry {
        EntryPoint::ExposedWorkload { namespace, name } => {
            named("access-entry-exposed", format!("{namespace}/{name}"))
        }
        EntryPoint::Anonymous => texts.message("access-entry-anonymous", &Args::new()),
        EntryPoint::Workload { namespace, name } => {
            named("access-entry-workload", format!("{namespace}/{name}"))
        }
        EntryPoint::Credential { subject } => named("access-entry-credential", subject.to_string()),
    }
}

fn markdown(blocks: &[Block]) -> String {
    let mut out = String::new();
    // Names come from the cluster: what Markdown takes for markup is escaped.
    let plain = |text: &str| {
        let mut plain = String::with_capacity(text.len());
        for c in visible(text).chars() {
            if matches!(c, '\\' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '|' | '#') {
                plain.push('\\');
            }
            plain.push(c);
        }
        plain
    };
    for block in blocks {
        match block {
            Block::Title(text) => out.push_str(&format!("# {}\n\n", plain(text))),
            Block::Heading(text) => out.push_str(&format!("## {}\n\n", plain(text))),
            Block::Text(text) => out.push_str(&format!("{}\n\n", plain(text))),
            Block::List(items) if items.is_empty() => out.push_str("–\n\n"),
            Block::List(items) => {
                items.iter().for_each(|item| out.push_str(&format!("- {}\n", plain(item))));
                out.push('\n');
            }
            Block::Steps(head, lines) => {
                out.push_str(&format!("### {}\n\n", plain(head)));
                for line in lines {
                    out.push_str(&format!("    {}\n", visible(line.trim_end())));
                }
                out.push('\n');
            }
        }
    }
    out
}

fn html(texts: &Texts, blocks: &[Block]) -> String {
    let title = texts.message("access-threat-title", &Args::new());
    let escape = |text: &str| escape(&visible(text));
    let mut out = format!(
        "<!doctype html>\n<html lang=\"{}\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width\">\n<title>{}</title>\n<style>:root{{color-scheme:light dark}}\
         body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}\
         pre{{overflow-x:auto;padding:.75rem;border:1px solid #8886}}</style>\n",
        texts.language(),
        escape(&title)
    );
    for block in blocks {
        match block {
            Block::Title(text) => out.push_str(&format!("<h1>{}</h1>\n", escape(text))),
            Block::Heading(text) => out.push_str(&format!("<h2>{}</h2>\n", escape(text))),
            Block::Text(text) => out.push_str(&format!("<p>{}</p>\n", escape(text))),
            Block::List(items) if items.is_empty() => out.push_str("<p>–</p>\n"),
            Block::List(items) => {
                out.push_str("<ul>\n");
                items.iter().for_each(|item| out.push_str(&format!("<li>{}</li>\n", escape(item))));
                out.push_str("</ul>\n");
            }
            Block::Steps(head, lines) => {
                let lines: Vec<String> = lines.iter().map(|line| escape(line)).collect();
                out.push_str(&format!("<h3>{}</h3>\n<pre>{}</pre>\n", escape(head), lines.join("\n")));
            }
        }
    }
    out.push_str("</html>\n");
    out
}
