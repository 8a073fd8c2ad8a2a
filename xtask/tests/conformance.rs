//! Every conformance suite as a test of its own name: `cargo test -p xtask --test conformance yaml/tricky`.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use xtask::conformance::{self, Suite, Verdict};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Suites print one line each, and use the cores as they see fit.
    arguments.test_threads.get_or_insert(1);
    let trials = conformance::suites().iter().map(|suite| Trial::test(suite.name, move || judge(suite)));
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

#[expect(clippy::print_stdout, reason = "the line is the result")]
fn judge(suite: &Suite) -> Result<(), Failed> {
    let report = match conformance::run(suite, &conformance::root()).map_err(|error| format!("{error:#}"))? {
        Verdict::Skipped(folder) => {
            println!("{}: skipped, no {}", suite.name, folder.display());
            return Ok(());
        }
        Verdict::Ran(report) => report,
    };
    let outcome = &report.outcome;
    let apart = match outcome.apart.len() {
        0 => String::new(),
        count => format!(" (apart: {count})"),
    };
    println!("{}: {}/{}{apart}", suite.name, outcome.right(), outcome.total);
    if report.is_good() {
        return Ok(());
    }
    let wrong = report.unexpected.iter().map(|wrong| format!("wrong {}: {}", wrong.case, wrong.detail));
    let outdated = report.outdated.iter().map(|case| format!("known difference that is none: {case}"));
    let lines: Vec<String> = wrong.chain(outdated).collect();
    match lines.as_slice() {
        [] => Err("no case was judged".into()),
        lines => Err(lines.join("\n").into()),
    }
}
