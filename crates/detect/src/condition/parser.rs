use std::fmt;

use super::{
    Comparison, EscapeError, Expr, FieldExpr, Modifier, Operand, Operator, Pos, Right, Transformer, unescape,
};

/// What bounds a parse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Deepest recursion. Falco's parser has 100, its rule loader sets 1000.
    pub depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 100 }
    }
}

/// A condition that cannot be read; the text is Falco's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong.
    pub message: String,
    /// Where the parser stood.
    pub pos: Pos,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ParseError {}

/// Reads a whole condition.
pub fn parse(text: &str, limits: Limits) -> Result<Expr, ParseError> {
    let mut parser = Parser::new(text, limits);
    if text.is_empty() {
        return Err(parser.error("filter input string is empty"));
    }
    let expr = parser.or()?;
    if parser.pos.offset != text.len() {
        let after = String::from_utf8_lossy(&parser.last).into_owned();
        return Err(parser.error(format!("unexpected token after '{after}', expecting 'or', 'and'")));
    }
    Ok(expr)
}

/// Reads a field or a function at the beginning of `text` and tells how many bytes it takes, as output
/// templates need it.
pub fn parse_operand_prefix(text: &str) -> Result<(Operand, usize), ParseError> {
    let mut parser = Parser::new(text, Limits::default());
    let pos = parser.pos;
    let operand = if parser.lex_field_name() {
        parser.field_rest(pos)?
    } else if let Some(function) = parser.lex_function() {
        parser.blank();
        parser.function_rest(function, pos)?
    } else {
        return Err(parser.error("expected a field or a transformer"));
    };
    Ok((operand, parser.pos.offset))
}

type Parsed<T> = Result<T, ParseError>;

/// The keyword operators; the flag tells whether a blank has to follow.
const NUMBER_OPERATORS: [(&str, Comparison); 4] =
    [("<=", Comparison::Le), ("<", Comparison::Lt), (">=", Comparison::Ge), (">", Comparison::Gt)];

const TEXT_OPERATORS: [(&str, bool, Comparison); 12] = [
    ("==", false, Comparison::Eq),
    ("=", false, Comparison::Eq),
    ("!=", false, Comparison::Ne),
    ("glob", true, Comparison::Glob),
    ("iglob", true, Comparison::IGlob),
    ("contains", true, Comparison::Contains),
    ("icontains", true, Comparison::IContains),
    ("bcontains", true, Comparison::BContains),
    ("startswith", true, Comparison::StartsWith),
    ("bstartswith", true, Comparison::BStartsWith),
    ("endswith", true, Comparison::EndsWith),
    ("regex", true, Comparison::Regex),
];

const LIST_OPERATORS: [(&str, Comparison); 3] =
    [("intersects", Comparison::Intersects), ("in", Comparison::In), ("pmatch", Comparison::PMatch)];

const ALL_OPERATORS: &str = "'exists', '<=', '<', '>=', '>', '==', '=', '!=', 'glob', 'iglob', 'contains', \
     'icontains', 'bcontains', 'startswith', 'bstartswith', 'endswith', 'regex', 'intersects', 'in', 'pmatch'";

const ALL_FUNCTIONS: &str =
    "'val', 'tolower', 'toupper', 'b64', 'basename', 'len', 'join', 'concat', 'getopt'";

struct Parser<'t> {
    text: &'t [u8],
    pos: Pos,
    /// The token that was read last; error messages name it.
    last: Vec<u8>,
    depth: u32,
    limits: Limits,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, limits: Limits) -> Self {
        Self { text: text.as_bytes(), pos: Pos::default(), last: Vec::new(), depth: 0, limits }
    }

    fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError { message: message.into(), pos: self.pos }
    }

    fn rest(&self) -> &'t [u8] {
        self.text.get(self.pos.offset..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        // A NUL ends the text, as it does for Falco.
        self.text.get(self.pos.offset).copied().filter(|byte| *byte != 0)
    }

    /// Runs `inner` one level deeper.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth >= self.limits.depth {
            return Err(self.error(format!("exceeded max depth limit of {}", self.limits.depth)));
        }
        let result = inner(self);
        self.depth -= 1;
        result
    }

    // Expressions, one function per production.

    fn or(&mut self) -> Parsed<Expr> {
        self.nested(|parser| {
            let pos = parser.pos;
            parser.blank();
            let first = parser.and()?;
            let children = parser.tail("or", first, Self::and)?;
            Ok(single_or(children, |children| Expr::Or(children, pos)))
        })
    }

    fn and(&mut self) -> Parsed<Expr> {
        self.nested(|parser| {
            let pos = parser.pos;
            parser.blank();
            let first = parser.not()?;
            let children = parser.tail("and", first, Self::not)?;
            Ok(single_or(children, |children| Expr::And(children, pos)))
        })
    }

    fn tail(&mut self, word: &str, first: Expr, next: fn(&mut Self) -> Parsed<Expr>) -> Parsed<Vec<Expr>> {
        let mut children = vec![first];
        self.blank();
        while self.lex(word) {
            let child = if self.blank() {
                next(self)?
            } else if self.lex("(") {
                self.embedded()?
            } else {
                return Err(self.error(format!("expected blank or '(' after '{word}'")));
            };
            children.push(child);
            self.blank();
        }
        Ok(children)
    }

    fn not(&mut self) -> Parsed<Expr> {
        self.nested(|parser| {
            let pos = parser.pos;
            let mut negated = false;
            parser.blank();
            while parser.lex_not_blank() {
                negated = !negated;
            }
            let child = if parser.lex("not(") {
                negated = !negated;
                parser.embedded()?
            } else {
                parser.check()?
            };
            Ok(if negated { Expr::Not(Box::new(child), pos) } else { child })
        })
    }

    /// What follows an opening parenthesis.
    fn embedded(&mut self) -> Parsed<Expr> {
        self.nested(|parser| {
            parser.blank();
            let child = parser.or()?;
            parser.blank();
            if !parser.lex(")") {
                return Err(parser.error("expected a ')' token"));
            }
            Ok(child)
        })
    }

    fn check(&mut self) -> Parsed<Expr> {
        self.nested(|parser| {
            let pos = parser.pos;
            parser.blank();
            if parser.lex("(") {
                return parser.embedded();
            }
            if parser.lex_field_name() {
                let left = parser.field_rest(pos)?;
                return parser.condition(left, pos);
            }
            if let Some(function) = parser.lex_function() {
                parser.blank();
                let left = parser.function_rest(function, pos)?;
                return parser.condition(left, pos);
            }
            if parser.lex_while(is_identifier_start, is_identifier_part) {
                return Ok(Expr::Macro(parser.last_text(), pos));
            }
            Err(parser.error("expected a '(' token, a field check, or an identifier"))
        })
    }

    fn condition(&mut self, left: Operand, pos: Pos) -> Parsed<Expr> {
        self.nested(|parser| {
            parser.blank();
            if parser.lex("exists") {
                return Ok(Expr::Exists(left, pos));
            }
            let (operator, right) = parser.operator_and_right()?;
            Ok(Expr::Check { left, operator, right, pos })
        })
    }

    fn operator_and_right(&mut self) -> Parsed<(Operator, Right)> {
        for (word, comparison) in NUMBER_OPERATORS {
            if self.lex(word) {
                return Ok((Operator::plain(comparison), self.number_or_operand()?));
            }
        }
        for (word, needs_blank, comparison) in TEXT_OPERATORS {
            if self.lex_keyword(word, needs_blank) {
                return self.text_operator_right(comparison, needs_blank);
            }
        }
        for (word, comparison) in LIST_OPERATORS {
            if self.lex(word) {
                return Ok((Operator::plain(comparison), self.list_or_operand()?));
            }
        }
        Err(self.error(format!("expected a valid check operator: one of {ALL_OPERATORS}")))
    }

    /// `oneof`, `anyof` and `allof` are modifiers only where a list follows; else they are plain values.
    fn text_operator_right(&mut self, comparison: Comparison, had_blank: bool) -> Parsed<(Operator, Right)> {
        let had_blank = self.blank() || had_blank;
        let saved = (self.pos, self.last.clone());
        if had_blank {
            for modifier in [Modifier::OneOf, Modifier::AnyOf, Modifier::AllOf] {
                if self.lex_keyword(modifier.as_str(), true) {
                    if self.list_follows() && !self.logical_word_follows() {
                        let operator = Operator { comparison, modifier: Some(modifier) };
                        return Ok((operator, self.list_value()?));
                    }
                    break;
                }
            }
        }
        (self.pos, self.last) = saved;
        Ok((Operator::plain(comparison), self.text_or_operand()?))
    }

    // Right sides.

    fn number_or_operand(&mut self) -> Parsed<Right> {
        self.nested(|parser| {
            parser.blank();
            let pos = parser.pos;
            if let Some(operand) = parser.right_operand()? {
                return Ok(Right::Operand(operand));
            }
            if parser.lex_number() {
                return Ok(Right::Value(parser.last.clone(), pos));
            }
            Err(parser.error(format!(
                "expected a number value or a field with a valid transformer: {ALL_FUNCTIONS}"
            )))
        })
    }

    fn text_or_operand(&mut self) -> Parsed<Right> {
        self.nested(|parser| {
            parser.blank();
            let pos = parser.pos;
            if let Some(operand) = parser.right_operand()? {
                return Ok(Right::Operand(operand));
            }
            if parser.lex_quoted()? || parser.lex_while(is_bare, is_bare) {
                return Ok(Right::Value(parser.last.clone(), pos));
            }
            Err(parser.error(format!(
                "expected a string value or a field with a valid transformer: {ALL_FUNCTIONS}"
            )))
        })
    }

    fn list_or_operand(&mut self) -> Parsed<Right> {
        self.nested(|parser| {
            parser.blank();
            let pos = parser.pos;
            if let Some(list) = parser.list_expr()? {
                return Ok(list);
            }
            if let Some(operand) = parser.right_operand()? {
                return Ok(Right::Operand(operand));
            }
            if parser.lex_while(is_identifier_start, is_identifier_part) {
                return Ok(Right::Value(parser.last.clone(), pos));
            }
            Err(parser.error(format!(
                "expected a list, an identifier, or a field with a valid transformer: {ALL_FUNCTIONS}"
            )))
        })
    }

    fn list_value(&mut self) -> Parsed<Right> {
        self.nested(|parser| {
            parser.blank();
            let pos = parser.pos;
            if let Some(list) = parser.list_expr()? {
                return Ok(list);
            }
            if parser.lex_while(is_identifier_start, is_identifier_part) {
                return Ok(Right::Value(parser.last.clone(), pos));
            }
            Err(parser.error("expected a list or an identifier"))
        })
    }

    fn list_expr(&mut self) -> Parsed<Option<Right>> {
        let pos = self.pos;
        if !self.lex("(") {
            return Ok(None);
        }
        let mut values = Vec::new();
        self.blank();
        // A first item that cannot be read leaves an empty list, which only a parenthesis may end.
        if let Ok(first) = self.list_item() {
            values.push(first);
            self.blank();
            while self.lex(",") {
                values.push(self.list_item()?);
                self.blank();
            }
        }
        if !self.lex(")") {
            return Err(self.error("expected a ')' token"));
        }
        Ok(Some(Right::List(values, pos)))
    }

    fn list_item(&mut self) -> Parsed<Vec<u8>> {
        self.nested(|parser| {
            parser.blank();
            if parser.lex_quoted()? || parser.lex_while(is_bare, is_bare) {
                return Ok(parser.last.clone());
            }
            Err(parser.error("expected a string value"))
        })
    }

    fn right_operand(&mut self) -> Parsed<Option<Operand>> {
        self.nested(|parser| {
            parser.blank();
            let pos = parser.pos;
            if parser.lex("val(") {
                parser.blank();
                let field_pos = parser.pos;
                if !parser.lex_field_name() {
                    return Err(parser.error("expected a field within 'val' transformer"));
                }
                let field = parser.field_rest(field_pos)?;
                parser.blank();
                parser.closing_parenthesis()?;
                let selector = parser.bracket_argument()?;
                let function = Transformer::Val;
                return Ok(Some(Operand::Transform { function, arguments: vec![field], selector, pos }));
            }
            match parser.lex_function() {
                Some(function) => {
                    parser.blank();
                    parser.function_rest(function, pos).map(Some)
                }
                None => Ok(None),
            }
        })
    }

    // Fields and functions.

    fn field_rest(&mut self, pos: Pos) -> Parsed<Operand> {
        self.nested(|parser| {
            let name = parser.last_text();
            let argument = parser.bracket_argument()?;
            Ok(Operand::Field(FieldExpr { name, argument, pos }))
        })
    }

    fn bracket_argument(&mut self) -> Parsed<Option<String>> {
        if !self.lex("[") {
            return Ok(None);
        }
        if !self.lex_quoted()? && !self.lex_while(is_bare_argument, is_bare_argument) {
            return Err(self.error("expected a valid field argument: a quoted string or a bare string"));
        }
        let argument = self.last_text();
        if !self.lex("]") {
            return Err(self.error("expected a ']' token"));
        }
        Ok(Some(argument))
    }

    fn closing_parenthesis(&mut self) -> Parsed<()> {
        if self.lex(")") {
            return Ok(());
        }
        Err(self.error("expected a ')' token closing the transformer"))
    }

    fn function_rest(&mut self, function: Transformer, pos: Pos) -> Parsed<Operand> {
        self.nested(|parser| {
            parser.blank();
            let mut arguments = Vec::new();
            loop {
                arguments.push(parser.function_argument()?);
                parser.blank();
                if !parser.lex(",") {
                    break;
                }
            }
            parser.closing_parenthesis()?;
            let selector = parser.bracket_argument()?;
            Ok(Operand::Transform { function, arguments, selector, pos })
        })
    }

    fn function_argument(&mut self) -> Parsed<Operand> {
        let pos = self.pos;
        self.nested(|parser| {
            parser.blank();
            if parser.lex_number() || parser.lex_quoted()? {
                return Ok(Operand::Value(parser.last.clone(), pos));
            }
            if parser.lex("(") {
                return parser.function_list(pos);
            }
            if let Some(function) = parser.lex_function() {
                return parser.function_rest(function, pos);
            }
            if parser.lex_field_name() {
                return parser.field_rest(pos);
            }
            Err(parser.error(
                "expected field transformer argument: field, transformer, quoted string, number, or \
                 transformer list",
            ))
        })
    }

    fn function_list(&mut self, pos: Pos) -> Parsed<Operand> {
        let mut items = Vec::new();
        self.blank();
        if self.lex(")") {
            return Ok(Operand::List(items, pos));
        }
        items.push(self.function_list_item(pos)?);
        self.blank();
        while self.lex(",") {
            self.blank();
            items.push(self.function_list_item(pos)?);
            self.blank();
        }
        if !self.lex(")") {
            return Err(self.error("expected ')'"));
        }
        Ok(Operand::List(items, pos))
    }

    fn function_list_item(&mut self, pos: Pos) -> Parsed<Operand> {
        if self.lex_field_name() {
            return self.field_rest(pos);
        }
        if let Some(function) = self.lex_function() {
            self.blank();
            return self.function_rest(function, pos);
        }
        if self.lex_quoted()? || self.lex_number() {
            return Ok(Operand::Value(self.last.clone(), pos));
        }
        Err(self.error("expected transformer list argument: field, transformer, quoted string, or number"))
    }

    // Tokens. Each sets `last` where it reads something, and leaves the position where it does not.

    fn last_text(&self) -> String {
        String::from_utf8_lossy(&self.last).into_owned()
    }

    fn advance(&mut self, length: usize) {
        let taken = self.rest().get(..length).unwrap_or_default();
        for byte in taken {
            self.pos.column += 1;
            if matches!(byte, b'\r' | b'\n') {
                self.pos.column = 1;
                self.pos.line += 1;
            }
            self.pos.offset += 1;
        }
    }

    fn take(&mut self, length: usize) {
        self.last = self.rest().get(..length).unwrap_or_default().to_vec();
        self.advance(length);
    }

    fn blank(&mut self) -> bool {
        let length = self.rest().iter().take_while(|byte| is_blank(**byte)).count();
        self.advance(length);
        length > 0
    }

    fn lex(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word.as_bytes());
        if found {
            self.take(word.len());
        }
        found
    }

    fn lex_keyword(&mut self, word: &str, needs_blank: bool) -> bool {
        let saved = (self.pos, self.last.clone());
        if self.lex(word) && (!needs_blank || self.blank()) {
            return true;
        }
        (self.pos, self.last) = saved;
        false
    }

    fn lex_function(&mut self) -> Option<Transformer> {
        for function in Transformer::EITHER_SIDE {
            let name = function.as_str().as_bytes();
            if self.rest().starts_with(name) && self.rest().get(name.len()) == Some(&b'(') {
                self.take(name.len());
                self.advance(1);
                return Some(function);
            }
        }
        None
    }

    fn lex_while(&mut self, first: fn(u8) -> bool, rest: fn(u8) -> bool) -> bool {
        let length = run_length(self.rest(), first, rest);
        if length > 0 {
            self.take(length);
        }
        length > 0
    }

    fn lex_not_blank(&mut self) -> bool {
        let Some(rest) = self.rest().strip_prefix(b"not") else { return false };
        let blanks = rest.iter().take_while(|byte| is_space(**byte)).count();
        if blanks > 0 {
            self.take("not".len() + blanks);
        }
        blanks > 0
    }

    /// `identifier(.identifier)+`
    fn lex_field_name(&mut self) -> bool {
        let text = self.rest();
        let mut length = run_length(text, is_identifier_start, is_identifier_part);
        let mut parts = 0;
        while length > 0 && text.get(length) == Some(&b'.') {
            let next = run_length(
                text.get(length + 1..).unwrap_or_default(),
                is_identifier_start,
                is_identifier_part,
            );
            if next == 0 {
                break;
            }
            length += 1 + next;
            parts += 1;
        }
        if parts > 0 {
            self.take(length);
        }
        parts > 0
    }

    fn lex_number(&mut self) -> bool {
        let length = number_length(self.rest());
        if length > 0 {
            self.take(length);
        }
        length > 0
    }

    fn lex_quoted(&mut self) -> Parsed<bool> {
        let Some(quote @ (b'"' | b'\'')) = self.peek() else { return Ok(false) };
        let text = self.rest();
        let mut previous = b'\\';
        for (length, &byte) in text.iter().enumerate() {
            if byte == 0 {
                break;
            }
            if byte == quote && previous != b'\\' {
                let inner = text.get(1..length).unwrap_or_default();
                self.advance(length + 1);
                self.last = unescape(inner, quote).map_err(|EscapeError(message)| self.error(message))?;
                return Ok(true);
            }
            previous = byte;
        }
        Ok(false)
    }

    fn list_follows(&self) -> bool {
        self.peek().is_some_and(|byte| byte == b'(' || is_identifier_start(byte))
    }

    fn logical_word_follows(&self) -> bool {
        ["and", "or", "not"].iter().any(|word| {
            self.rest()
                .strip_prefix(word.as_bytes())
                .is_some_and(|rest| rest.first().is_none_or(|byte| !byte.is_ascii_alphanumeric()))
        })
    }
}

fn single_or(mut children: Vec<Expr>, several: impl FnOnce(Vec<Expr>) -> Expr) -> Expr {
    match (children.len(), children.pop()) {
        (1, Some(only)) => only,
        (_, Some(last)) => {
            children.push(last);
            several(children)
        }
        (_, None) => several(children),
    }
}

fn run_length(text: &[u8], first: fn(u8) -> bool, rest: fn(u8) -> bool) -> usize {
    match text.split_first() {
        Some((byte, tail)) if first(*byte) => 1 + tail.iter().take_while(|byte| rest(**byte)).count(),
        _ => 0,
    }
}

/// `0[xX][0-9a-fA-F]+` or `[+-]?[0-9]+\.?[0-9]*([eE][+-][0-9]+)?`, the longest.
fn number_length(text: &[u8]) -> usize {
    let digits = |from: usize| {
        text.get(from..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    if let [b'0', b'x' | b'X', rest @ ..] = text {
        let hex = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if hex > 0 {
            return 2 + hex;
        }
    }
    let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let whole = digits(sign);
    if whole == 0 {
        return 0;
    }
    let mut length = sign + whole;
    if text.get(length) == Some(&b'.') {
        length += 1;
        length += digits(length);
    }
    if matches!(text.get(length), Some(b'e' | b'E')) && matches!(text.get(length + 1), Some(b'+' | b'-')) {
        let exponent = digits(length + 2);
        if exponent > 0 {
            length += 2 + exponent;
        }
    }
    length
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x08 | b'\r' | b'\n')
}

/// `[[:space:]]`
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn is_identifier_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic()
}

fn is_identifier_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_bare(byte: u8) -> bool {
    !matches!(byte, b'(' | b')' | b'"' | b'\'' | b'=' | b',' | 0) && !is_space(byte)
}

fn is_bare_argument(byte: u8) -> bool {
    !matches!(byte, b'[' | b']' | b'"' | b'\'' | 0) && !is_space(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> String {
        parse(text, Limits::default()).map_or_else(|error| format!("! {error}"), |expr| expr.to_string())
    }

    #[test]
    fn not_binds_tighter_than_and_tighter_than_or() {
        assert_eq!(printed("a or b and not c or d"), "(a or (b and not c) or d)");
    }

    #[test]
    fn negations_cancel_out() {
        assert_eq!(printed("not not not not not(not(not not_macro))"), "not (not (not not_macro))");
        assert_eq!(printed("not not a"), "a");
    }

    #[test]
    fn modifiers_are_values_where_no_list_follows() {
        assert_eq!(printed("proc.name contains oneof"), "proc.name contains oneof");
        assert_eq!(printed("proc.name = oneof (a, b)"), "proc.name = oneof (a, b)");
        assert_eq!(printed("proc.name = oneof and b"), "(proc.name = oneof and b)");
    }

    #[test]
    fn errors_name_the_last_token_and_the_place() {
        let error = parse("evt.type = open open", Limits::default()).unwrap_err();
        assert_eq!(error.message, "unexpected token after 'open', expecting 'or', 'and'");
        assert_eq!(error.pos, Pos { offset: 16, line: 1, column: 17 });
    }

    #[test]
    fn depth_is_bounded() {
        let text = format!("{}a{}", "(".repeat(500), ")".repeat(500));
        assert_eq!(printed(&text), "! exceeded max depth limit of 100");
    }

    #[test]
    fn functions_nest_on_both_sides() {
        assert_eq!(
            printed("tolower(basename(proc.exepath)) = toupper(proc.name)"),
            "tolower(basename(proc.exepath)) = toupper(proc.name)"
        );
        assert_eq!(printed("proc.name = val(proc.pname)"), "proc.name = val(proc.pname)");
    }
}
