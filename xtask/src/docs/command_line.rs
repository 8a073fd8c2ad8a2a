//! Manual pages and shell completions, from the command line itself.

use std::path::PathBuf;

use anyhow::Result;
use clap::Command;
use clap_complete::Shell;
use haechi_report::{Args, Language, Texts};

use super::Pages;

/// Shells that have a completion, with the name of its file as the shell looks for it.
const SHELLS: [(Shell, &str); 3] =
    [(Shell::Bash, "haechi.bash"), (Shell::Zsh, "_haechi"), (Shell::Fish, "haechi.fish")];

pub(super) fn add(pages: &mut Pages) -> Result<()> {
    for language in Language::ALL {
        let texts = Texts::new(language);
        let folder = match language {
            Language::En => PathBuf::new(),
            Language::Ko => PathBuf::from("ko"),
        };
        let mut command = haechi::command(&texts).disable_help_subcommand(true);
        command.build();
        manual(&command, &texts, &PathBuf::from("man").join(&folder), pages)?;
    }
    // In the language of the shell, `haechi completions` prints them.
    for (shell, file) in SHELLS {
        let mut text = Vec::new();
        let mut command = haechi::command(&Texts::new(Language::En));
        clap_complete::generate(shell, &mut command, "haechi", &mut text);
        pages.insert(PathBuf::from("completions").join(file), String::from_utf8(text)?);
    }
    Ok(())
}

/// A page for the command and for each of its subcommands.
fn manual(command: &Command, texts: &Texts, folder: &std::path::Path, pages: &mut Pages) -> Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let mut roff = Vec::new();
    // Without a date: the same command line gives the same page.
    clap_mangen::Man::new(command.clone()).date("").source("Haechi").manual("Haechi").render(&mut roff)?;
    let text = headings(&String::from_utf8(roff)?, texts);
    pages.insert(folder.join(format!("{name}.1")), text);
    for sub in command.get_subcommands() {
        manual(sub, texts, folder, pages)?;
    }
    Ok(())
}

/// What the generator says in English by itself, in the reader's language.
fn headings(roff: &str, texts: &Texts) -> String {
    let mut text = String::with_capacity(roff.len());
    for line in roff.lines() {
        let heading = match line {
            ".SH NAME" => Some("man-name"),
            ".SH SYNOPSIS" => Some("man-synopsis"),
            ".SH DESCRIPTION" => Some("man-description"),
            ".SH SUBCOMMANDS" => Some("man-subcommands"),
            ".SH EXTRA" => Some("man-extra"),
            ".SH VERSION" => Some("man-version"),
            _ => None,
        };
        match heading {
            Some(id) => text.push_str(&format!(".SH {}", texts.message(id, &Args::new()))),
            None => text.push_str(line.trim_end()),
        }
        text.push('\n');
    }
    text
}
