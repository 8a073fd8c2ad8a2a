//! Trees, and many ways to write each.

use std::fmt::Write as _;

use proptest::prelude::*;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,6}",
        Just("yes".to_owned()),
        Just("한글: 값 # no".to_owned()),
        Just("two\nlines\n".to_owned()),
        Just("kept\n\n\n".to_owned()),
        Just("12".to_owned()),
        Just(String::new()),
        "[ -~]{0,12}",
    ]
}

pub(crate) fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        1 => Just(Tree::Null),
        2 => any::<bool>().prop_map(Tree::Bool),
        2 => any::<i32>().prop_map(|value| Tree::Int(value.into())),
        4 => text().prop_map(Tree::Text),
    ];
    let inner = leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Tree::List),
            3 => map(inner, 0..5),
        ]
    });
    map(inner, 1..6)
}

fn map(inner: impl Strategy<Value = Tree>, size: std::ops::Range<usize>) -> impl Strategy<Value = Tree> {
    prop::collection::btree_map("k[a-z]{0,4}|x y|on", inner, size)
        .prop_map(|entries| Tree::Map(entries.into_iter().collect()))
}

/// Writes a tree, each time another way.
pub(crate) struct Writer {
    state: u64,
    out: String,
    map_step: usize,
    list_step: usize,
    comments: usize,
    json: bool,
}

impl Writer {
    pub(crate) fn write(tree: &Tree, seed: u64) -> String {
        let mut writer = Writer {
            state: seed | 1,
            out: String::new(),
            map_step: 2,
            list_step: 0,
            comments: 0,
            json: false,
        };
        writer.map_step = 2 + writer.pick(3);
        writer.list_step = [0, 2, 1][writer.pick(3)];
        let crlf = writer.pick(4) == 0;
        match writer.pick(6) {
            0 => {
                writer.json = true;
                let style = writer.pick(3);
                writer.flow(tree, 0, style);
            }
            way => {
                if way == 1 {
                    writer.out.push_str("# head\n---\n");
                }
                writer.block_map(tree, 0, true);
            }
        }
        if writer.pick(4) == 0 && writer.out.ends_with('\n') && !writer.json && !ends_with_text_block(tree) {
            writer.out.pop();
        }
        match crlf {
            true => writer.out.replace('\n', "\r\n"),
            false => writer.out,
        }
    }

    fn pick(&mut self, of: usize) -> usize {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.state >> 33).unwrap() % of
    }

    fn line_end(&mut self) {
        if self.pick(5) == 0 {
            self.comments += 1;
            let _ = write!(self.out, " # c{}", self.comments);
        }
        self.out.push('\n');
    }

    fn between(&mut self, column: usize) {
        match self.pick(10) {
            0 if !self.out.ends_with("\n\n") => self.out.push('\n'),
            1 => {
                self.comments += 1;
                let _ = writeln!(self.out, "{:column$}# c{}", "", self.comments);
            }
            _ => {}
        }
    }

    fn key(&mut self, key: &str) {
        let quoted = key.contains(' ') || key == "on" || self.pick(8) == 0;
        match quoted {
            true => write!(self.out, "\"{key}\":").unwrap(),
            false => write!(self.out, "{key}:").unwrap(),
        }
    }

    /// `is_fresh`: nothing stands on the line yet.
    fn block_map(&mut self, tree: &Tree, column: usize, is_fresh: bool) {
        let Tree::Map(entries) = tree else { unreachable!() };
        for (at, (key, value)) in entries.iter().enumerate() {
            if at > 0 || is_fresh {
                self.between(column);
                let _ = write!(self.out, "{:column$}", "");
            }
            self.key(key);
            self.value(value, column, true);
        }
    }

    fn value(&mut self, value: &Tree, column: usize, is_in_map: bool) {
        match value {
            Tree::Map(entries) if !entries.is_empty() && self.pick(6) > 0 => {
                if is_in_map {
                    self.line_end();
                    self.block_map(value, column + self.map_step, true);
                } else {
                    self.block_map(value, column, false);
                }
            }
            Tree::List(items) if !items.is_empty() && is_in_map && self.pick(6) > 0 => {
                self.line_end();
                let column = column + self.list_step;
                for item in items {
                    self.between(column);
                    let gap = if self.pick(5) == 0 { 3 } else { 1 };
                    let _ = write!(self.out, "{:column$}-{:gap$}", "", "");
                    self.value(item, column + 1 + gap, false);
                }
            }
            Tree::Text(text) if is_literal(text) && self.pick(3) > 0 && is_in_map => {
                let column = column + self.map_step;
                let body = text.trim_end_matches('\n');
                let header = if text.ends_with("\n\n") { "|+" } else { "|" };
                let _ = writeln!(self.out, " {header}");
                for line in body.split('\n') {
                    let _ = writeln!(self.out, "{:column$}{line}", "");
                }
                for _ in 1..text.len() - body.len() {
                    self.out.push('\n');
                }
            }
            Tree::Null if is_in_map && self.pick(2) == 0 => self.line_end(),
            value => {
                if is_in_map {
                    self.out.push(' ');
                }
                let style = if self.pick(3) == 0 { 2 } else { 1 };
                self.flow(value, column + 1, style);
                self.line_end();
            }
        }
    }

    /// `style`: 0 compact, 1 on one line, 2 on several.
    fn flow(&mut self, value: &Tree, column: usize, style: usize) {
        let (open, close, len) = match value {
            Tree::List(items) => ('[', ']', items.len()),
            Tree::Map(entries) => ('{', '}', entries.len()),
            scalar => return self.scalar(scalar),
        };
        self.out.push(open);
        for at in 0..len {
            if at > 0 {
                self.out.push(',');
            }
            match style {
                2 => {
                    let indent = column + 2;
                    let _ = write!(self.out, "\n{:indent$}", "");
                }
                1 if at > 0 => self.out.push(' '),
                _ => {}
            }
            match value {
                Tree::List(items) => self.flow(&items[at], column + 2, style),
                Tree::Map(entries) => {
                    let (key, value) = &entries[at];
                    match self.json || key.contains(' ') || key == "on" {
                        true => write!(self.out, "\"{key}\":").unwrap(),
                        false => write!(self.out, "{key}:").unwrap(),
                    }
                    if style > 0 || !self.json {
                        self.out.push(' ');
                    }
                    self.flow(value, column + 2, style);
                }
                _ => unreachable!(),
            }
        }
        if style == 2 && len > 0 {
            let _ = write!(self.out, "\n{:column$}", "");
        }
        self.out.push(close);
    }

    fn scalar(&mut self, value: &Tree) {
        match value {
            Tree::Null => {
                let word = if !self.json && self.pick(2) == 0 { "~" } else { "null" };
                self.out.push_str(word);
            }
            Tree::Bool(value) if !self.json && self.pick(2) == 0 => {
                self.out.push_str(if *value { "yes" } else { "Off" })
            }
            Tree::Bool(value) => write!(self.out, "{value}").unwrap(),
            Tree::Int(value) => write!(self.out, "{value}").unwrap(),
            Tree::Text(text) => {
                let is_word = text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_lowercase());
                let is_plain = is_word
                    && !matches!(text.as_str(), "yes" | "no" | "on" | "off" | "true" | "false" | "null");
                match self.pick(3) {
                    0 if is_plain && !self.json => self.out.push_str(text),
                    1 if !text.contains('\n') && !self.json => {
                        write!(self.out, "'{}'", text.replace('\'', "''")).unwrap();
                    }
                    _ => {
                        self.out.push('"');
                        for c in text.chars() {
                            match c {
                                '"' | '\\' => self.out.extend(['\\', c]),
                                '\n' => self.out.push_str("\\n"),
                                c => self.out.push(c),
                            }
                        }
                        self.out.push('"');
                    }
                }
            }
            _ => unreachable!(),
        }
    }
}

/// Whether a text can stand below `|` as it is.
fn is_literal(text: &str) -> bool {
    text.ends_with('\n')
        && text.split('\n').next().is_some_and(|line| line.starts_with(|c: char| c.is_ascii_alphabetic()))
}

fn ends_with_text_block(tree: &Tree) -> bool {
    match tree {
        Tree::Map(entries) => entries.last().is_some_and(|(_, value)| ends_with_text_block(value)),
        Tree::List(items) => items.last().is_some_and(ends_with_text_block),
        Tree::Text(text) => is_literal(text),
        _ => false,
    }
}
