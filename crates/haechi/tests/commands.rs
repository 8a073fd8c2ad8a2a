//! The command line as its documentation shows it: `tests/cmd/*.md` are run and compared.

#[test]
fn commands_print_what_their_pages_show() {
    trycmd::TestCases::new().env("NO_COLOR", "1").env("LC_ALL", "C").case("tests/cmd/*.md");
}
