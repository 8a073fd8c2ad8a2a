//! Tokens to a syntax tree, by the grammar of CEL; macros become nodes of their own.

use crate::ast::{Element, Expr, ExprKind, Field, Literal, Macro, MacroKind, MapEntry, Range, SelectMode};
use crate::env::Features;
use crate::error::{CompileError, Issue};
use crate::lexer::{Lexer, Token};

/// Deepest nesting, as in the reference implementation.
const MAX_DEPTH: u32 = 250;
/// Deepest tree: a chain such as `a + b + c` nests to the left without nesting in the text.
const MAX_TREE_DEPTH: u32 = 400;
/// Longest expression, in characters, as in the reference implementation.
const MAX_CHARS: usize = 100_000;

/// Words that no variable or function may have as its name; fields may.
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Whether a text can be the name of a variable: a letter or `_`, then letters, digits and `_`, and no word that means
/// something else.
pub fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    let begins = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    begins
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !matches!(text, "true" | "false" | "null" | "in")
        && !RESERVED.contains(&text)
}

/// A parsed expression and the number of its nodes.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) expr: Expr,
    pub(crate) nodes: u32,
}

/// Reads one expression. An expression has one syntax error at most: the first.
pub(crate) fn parse(text: &str, features: &Features) -> Result<Parsed, CompileError> {
    let fail = |issue| CompileError::new(text, vec![issue]);
    let chars = text.chars().count();
    if chars > MAX_CHARS {
        let message = format!("expression code point size exceeds limit: size: {chars}, limit {MAX_CHARS}");
        return Err(fail(Issue { at: 0, message }));
    }
    let mut lexer = Lexer::new(text);
    let (token, range) = lexer.next_token().map_err(fail)?;
    let mut parser = Parser { lexer, token, range, last_end: 0, depth: 0, nodes: 0, features };
    let expr = parser.expression().map_err(fail)?;
    if parser.token != Token::End {
        return Err(fail(parser.unexpected("the end of the expression")));
    }
    let nodes = parser.nodes;
    Ok(Parsed { expr, nodes })
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    token: Token,
    range: Range,
    last_end: u32,
    depth: u32,
    nodes: u32,
    features: &'t Features,
}

type Result1<T> = Result<T, Issue>;

impl Parser<'_> {
    fn advance(&mut self) -> Result1<(Token, Range)> {
        let (token, range) = self.lexer.next_token()?;
        let before = (std::mem::replace(&mut self.token, token), self.range);
        self.last_end = self.range.end;
        self.range = range;
        Ok(before)
    }

    fn unexpected(&self, expected: &str) -> Issue {
        Issue {
            at: self.range.start,
            message: format!(
                "Syntax error: mismatched input {}, expecting {expected}",
                self.token.describe()
            ),
        }
    }

    fn is(&self, text: &str) -> bool {
        matches!(self.token, Token::Punct(found) if found == text)
    }

    fn eat(&mut self, text: &str) -> Result1<bool> {
        let found = self.is(text);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, text: &str) -> Result1<Range> {
        if !self.is(text) {
            return Err(self.unexpected(&format!("`{text}`")));
        }
        Ok(self.advance()?.1)
    }

    /// Makes a node; refuses one that would make the tree too deep to walk by recursion.
    fn node(&mut self, start: u32, at: u32, kind: ExprKind) -> Result1<Expr> {
        let height = height(&kind);
        if height > MAX_TREE_DEPTH {
            return Err(too_deep(at));
        }
        let id = self.nodes;
        self.nodes += 1;
        Ok(Expr { id, height, range: Range { start, end: self.last_end }, at, kind })
    }

    fn call(&mut self, start: u32, at: u32, function: &str, args: Vec<Expr>) -> Result1<Expr> {
        self.node(start, at, ExprKind::Call { function: function.into(), target: None, args })
    }

    fn expression(&mut self) -> Result1<Expr> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("expression recursion limit exceeded: {MAX_DEPTH}");
            return Err(Issue { at: self.range.start, message });
        }
        let start = self.range.start;
        let mut expr = self.binary(1)?;
        if self.is("?") {
            expr = self.conditional(start, expr)?;
        }
        self.depth -= 1;
        Ok(expr)
    }

    fn conditional(&mut self, start: u32, condition: Expr) -> Result1<Expr> {
        let at = self.advance()?.1.start;
        let yes = self.binary(1)?;
        self.expect(":")?;
        let no = self.expression()?;
        self.call(start, at, "_?_:_", vec![condition, yes, no])
    }

    /// The function of the operator at hand and how strongly it binds.
    fn operator(&self) -> Option<(&'static str, u8)> {
        Some(match self.token {
            Token::Punct("||") => ("_||_", 1),
            Token::Punct("&&") => ("_&&_", 2),
            Token::Punct("<") => ("_<_", 3),
            Token::Punct("<=") => ("_<=_", 3),
            Token::Punct(">") => ("_>_", 3),
            Token::Punct(">=") => ("_>=_", 3),
            Token::Punct("==") => ("_==_", 3),
            Token::Punct("!=") => ("_!=_", 3),
            Token::In => ("@in", 3),
            Token::Punct("+") => ("_+_", 4),
            Token::Punct("-") => ("_-_", 4),
            Token::Punct("*") => ("_*_", 5),
            Token::Punct("/") => ("_/_", 5),
            Token::Punct("%") => ("_%_", 5),
            _ => return None,
        })
    }

    /// Operators that bind at least so strongly, from left to right; a chain of `&&` or `||` becomes one call.
    fn binary(&mut self, weakest: u8) -> Result1<Expr> {
        let start = self.range.start;
        let mut left = self.unary()?;
        let mut chained = "";
        while let Some((function, strength)) = self.operator().filter(|(_, strength)| *strength >= weakest) {
            let at = self.advance()?.1.start;
            let right = self.binary(strength + 1)?;
            left = self.combine(start, at, function, left, right, strength <= 2 && chained == function)?;
            chained = function;
        }
        Ok(left)
    }

    fn combine(
        &mut self,
        start: u32,
        at: u32,
        function: &str,
        mut left: Expr,
        right: Expr,
        extends: bool,
    ) -> Result1<Expr> {
        match &mut left.kind {
            ExprKind::Call { args, .. } if extends => {
                left.height = left.height.max(right.height + 1);
                left.range.end = self.last_end;
                args.push(right);
                if left.height > MAX_TREE_DEPTH { Err(too_deep(at)) } else { Ok(left) }
            }
            _ => self.call(start, at, function, vec![left, right]),
        }
    }

    /// Pairs of `!` and of `-` cancel out.
    fn unary(&mut self) -> Result1<Expr> {
        match self.token {
            Token::Punct("!") => self.signed("!", "!_"),
            Token::Punct("-") => self.signed("-", "-_"),
            _ => self.member(),
        }
    }

    fn signed(&mut self, operator: &str, function: &str) -> Result1<Expr> {
        let start = self.range.start;
        let mut count = 0_u32;
        while self.is(operator) {
            self.advance()?;
            count += 1;
        }
        // The sign next to a number belongs to it: -9223372036854775808 is a number.
        let is_number = operator == "-" && matches!(self.token, Token::Int(_) | Token::Double(_));
        let operand = if is_number { self.negative_number(start)? } else { self.member()? };
        if count.is_multiple_of(2) != is_number {
            Ok(operand)
        } else {
            self.call(start, start, function, vec![operand])
        }
    }

    fn negative_number(&mut self, start: u32) -> Result1<Expr> {
        let literal = self.number(true)?;
        let operand = self.node(start, start, ExprKind::Literal(literal))?;
        self.suffixes(start, operand)
    }

    fn member(&mut self) -> Result1<Expr> {
        let start = self.range.start;
        let primary = self.primary()?;
        self.suffixes(start, primary)
    }

    fn suffixes(&mut self, start: u32, mut operand: Expr) -> Result1<Expr> {
        loop {
            let at = self.range.start;
            if self.eat(".")? {
                if self.is("?") {
                    self.optional_syntax()?;
                    let field = self.field_name()?;
                    operand = self.select(start, at, operand, field, SelectMode::Optional)?;
                    continue;
                }
                let field = self.field_name()?;
                if self.is("(") {
                    let at = self.range.start;
                    let args = self.arguments()?;
                    operand = self.member_call(start, at, operand, &field, args)?;
                } else {
                    operand = self.select(start, at, operand, field, SelectMode::Plain)?;
                }
            } else if self.eat("[")? {
                let optional = self.is("?");
                if optional {
                    self.optional_syntax()?;
                }
                let index = self.expression()?;
                self.expect("]")?;
                let function = if optional { "_[?_]" } else { "_[_]" };
                operand = self.call(start, at, function, vec![operand, index])?;
            } else {
                return Ok(operand);
            }
        }
    }

    fn select(
        &mut self,
        start: u32,
        at: u32,
        operand: Expr,
        field: Box<str>,
        mode: SelectMode,
    ) -> Result1<Expr> {
        self.node(start, at, ExprKind::Select { operand: Box::new(operand), field, mode })
    }

    /// Takes the `?` of `.?`, `[?` or `{?`.
    fn optional_syntax(&mut self) -> Result1<()> {
        if !self.features.optionals {
            return Err(Issue { at: self.range.start, message: "unsupported syntax '?'".into() });
        }
        self.expect("?").map(drop)
    }

    fn field_name(&mut self) -> Result1<Box<str>> {
        match &self.token {
            Token::Ident(_) => {}
            Token::Escaped(_) if self.features.escaped_fields => {}
            Token::Escaped(_) => {
                let message = "unsupported syntax: '`'".into();
                return Err(Issue { at: self.range.start, message });
            }
            _ => return Err(self.unexpected("a field name")),
        }
        match self.advance()?.0 {
            Token::Ident(name) | Token::Escaped(name) => Ok(name),
            _ => Err(self.unexpected("a field name")),
        }
    }

    fn arguments(&mut self) -> Result1<Vec<Expr>> {
        self.expect("(")?;
        let mut args = Vec::new();
        if !self.is(")") {
            args.push(self.expression()?);
            while self.eat(",")? {
                args.push(self.expression()?);
            }
        }
        self.expect(")")?;
        Ok(args)
    }

    fn primary(&mut self) -> Result1<Expr> {
        match self.token {
            Token::Ident(_) | Token::Punct(".") => self.named(),
            Token::Punct("(") => self.group(),
            Token::Punct("[") => self.list(),
            Token::Punct("{") => self.map(),
            _ => self.literal(),
        }
    }

    fn group(&mut self) -> Result1<Expr> {
        let start = self.advance()?.1.start;
        let mut inner = self.expression()?;
        self.expect(")")?;
        inner.range = Range { start, end: self.last_end };
        Ok(inner)
    }

    fn literal(&mut self) -> Result1<Expr> {
        let start = self.range.start;
        let literal = match &self.token {
            Token::Int(_) | Token::Uint(_) | Token::Double(_) => {
                let literal = self.number(false)?;
                return self.node(start, start, ExprKind::Literal(literal));
            }
            Token::String(text) => Literal::String(text.clone()),
            Token::Bytes(bytes) => Literal::Bytes(bytes.clone()),
            Token::True => Literal::Bool(true),
            Token::False => Literal::Bool(false),
            Token::Null => Literal::Null,
            _ => return Err(self.unexpected("an expression")),
        };
        self.advance()?;
        self.node(start, start, ExprKind::Literal(literal))
    }

    fn number(&mut self, negative: bool) -> Result1<Literal> {
        let (token, range) = self.advance()?;
        let invalid = |kind: &str| Issue { at: range.start, message: format!("invalid {kind} literal") };
        let radix = |text: &str| match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => text.parse(),
        };
        match token {
            Token::Int(text) => {
                let magnitude = radix(&text).map_err(|_| invalid("int"))?;
                let value = if negative {
                    0_i64.checked_sub_unsigned(magnitude)
                } else {
                    i64::try_from(magnitude).ok()
                };
                value.map(Literal::Int).ok_or_else(|| invalid("int"))
            }
            Token::Uint(text) => radix(&text).map(Literal::Uint).map_err(|_| invalid("uint")),
            Token::Double(text) => {
                let value: f64 = text.parse().map_err(|_| invalid("double"))?;
                if value.is_infinite() {
                    return Err(invalid("double"));
                }
                Ok(Literal::Double(if negative { -value } else { value }))
            }
            _ => Err(invalid("number")),
        }
    }

    /// An identifier, a call of a global function, or an object literal `a.b{c: d}`.
    fn named(&mut self) -> Result1<Expr> {
        let start = self.range.start;
        let leading_dot = self.eat(".")?;
        let at = self.range.start;
        let Token::Ident(name) = self.token.clone() else {
            return Err(self.unexpected("an identifier"));
        };
        self.advance()?;
        let full: Box<str> = if leading_dot { format!(".{name}").into() } else { name.clone() };
        if RESERVED.contains(&&*name) {
            return Err(Issue { at, message: format!("reserved identifier: {name}") });
        }
        if self.is("(") {
            let at = self.range.start;
            let args = self.arguments()?;
            return self.global_call(start, at, &full, args);
        }
        if self.is("{") {
            return self.object(start, full);
        }
        let ident = self.node(start, start, ExprKind::Ident(full.clone()))?;
        if self.is(".") {
            return self.maybe_qualified_object(start, full, ident);
        }
        Ok(ident)
    }

    /// After an identifier: reads `.b.c` on, and where a `{` follows takes the whole as the name of a type.
    fn maybe_qualified_object(&mut self, start: u32, mut name: Box<str>, mut ident: Expr) -> Result1<Expr> {
        loop {
            let at = self.range.start;
            if !self.is(".") {
                return if self.is("{") { self.object(start, name) } else { Ok(ident) };
            }
            self.advance()?;
            if self.is("?") {
                self.optional_syntax()?;
                let field = self.field_name()?;
                return self.select(start, at, ident, field, SelectMode::Optional);
            }
            let field = self.field_name()?;
            if self.is("(") {
                let at = self.range.start;
                let args = self.arguments()?;
                return self.member_call(start, at, ident, &field, args);
            }
            name = format!("{name}.{field}").into();
            ident = self.select(start, at, ident, field, SelectMode::Plain)?;
        }
    }

    fn object(&mut self, start: u32, name: Box<str>) -> Result1<Expr> {
        let at = self.range.start;
        self.expect("{")?;
        let mut fields = Vec::new();
        while !self.is("}") {
            let at = self.range.start;
            let optional = self.is("?");
            if optional {
                self.optional_syntax()?;
            }
            let name = self.field_name()?;
            self.expect(":")?;
            let value = self.expression()?;
            fields.push(Field { name, value, optional, at });
            if !self.eat(",")? {
                break;
            }
        }
        self.expect("}")?;
        self.node(start, at, ExprKind::Struct { name, fields })
    }

    fn list(&mut self) -> Result1<Expr> {
        let start = self.expect("[")?.start;
        let mut elements = Vec::new();
        while !self.is("]") {
            let optional = self.is("?");
            if optional {
                self.optional_syntax()?;
            }
            elements.push(Element { value: self.expression()?, optional });
            if !self.eat(",")? {
                break;
            }
        }
        self.expect("]")?;
        self.node(start, start, ExprKind::List(elements))
    }

    fn map(&mut self) -> Result1<Expr> {
        let start = self.expect("{")?.start;
        let mut entries = Vec::new();
        while !self.is("}") {
            let optional = self.is("?");
            if optional {
                self.optional_syntax()?;
            }
            let key = self.expression()?;
            self.expect(":")?;
            entries.push(MapEntry { key, value: self.expression()?, optional });
            if !self.eat(",")? {
                break;
            }
        }
        self.expect("}")?;
        self.node(start, start, ExprKind::Map(entries))
    }

    fn global_call(&mut self, start: u32, at: u32, function: &str, mut args: Vec<Expr>) -> Result1<Expr> {
        if function != "has" || args.len() != 1 {
            return self.call(start, at, function, args);
        }
        match args.pop() {
            Some(Expr { kind: ExprKind::Select { operand, field, mode: SelectMode::Plain }, .. }) => {
                self.node(start, at, ExprKind::Select { operand, field, mode: SelectMode::Test })
            }
            _ => Err(Issue { at, message: "invalid argument to has() macro".into() }),
        }
    }

    fn member_call(
        &mut self,
        start: u32,
        at: u32,
        target: Expr,
        function: &str,
        args: Vec<Expr>,
    ) -> Result1<Expr> {
        match self.macro_kind(&target, function, args.len()) {
            Some(kind) => self.expand(start, at, kind, target, args),
            None => {
                let target = Some(Box::new(target));
                self.node(start, at, ExprKind::Call { function: function.into(), target, args })
            }
        }
    }

    fn macro_kind(&self, target: &Expr, function: &str, arity: usize) -> Option<MacroKind> {
        let features = self.features;
        let two = features.two_variable_comprehensions;
        Some(match (function, arity) {
            ("all", 2) => MacroKind::All,
            ("exists", 2) => MacroKind::Exists,
            ("exists_one" | "existsOne", 2) => MacroKind::ExistsOne,
            ("map", 2 | 3) => MacroKind::Map,
            ("filter", 2) => MacroKind::Filter,
            ("all", 3) if two => MacroKind::All,
            ("exists", 3) if two => MacroKind::Exists,
            ("exists_one" | "existsOne", 3) if two => MacroKind::ExistsOne,
            ("transformList", 3 | 4) if two => MacroKind::TransformList,
            ("transformMap", 3 | 4) if two => MacroKind::TransformMap,
            ("transformMapEntry", 3 | 4) if two => MacroKind::TransformMapEntry,
            ("sortBy", 2) if features.lists => MacroKind::SortBy,
            ("optMap", 2) if features.optionals => MacroKind::OptMap,
            ("optFlatMap", 2) if features.optionals => MacroKind::OptFlatMap,
            ("bind", 3) if features.bindings => match &target.kind {
                ExprKind::Ident(name) if &**name == "cel" => MacroKind::Bind,
                _ => return None,
            },
            _ => return None,
        })
    }

    fn expand(
        &mut self,
        start: u32,
        at: u32,
        kind: MacroKind,
        target: Expr,
        args: Vec<Expr>,
    ) -> Result1<Expr> {
        let mut args = args.into_iter();
        let mut next = || args.next().ok_or_else(|| Issue { at, message: "missing argument".into() });
        let variable = variable_name(next()?)?;
        let mut second = None;
        let (target, mut filter, mut body) =
            if kind == MacroKind::Bind { (next()?, None, next()?) } else { (target, None, next()?) };
        let takes_two =
            matches!(kind, MacroKind::TransformList | MacroKind::TransformMap | MacroKind::TransformMapEntry);
        let rest: Vec<Expr> = args.collect();
        let mut rest = rest.into_iter();
        let quantifier = matches!(kind, MacroKind::All | MacroKind::Exists | MacroKind::ExistsOne);
        if takes_two || (quantifier && rest.len() == 1) {
            let second_at = body.at;
            let name = variable_name(body)?;
            if name == variable {
                return Err(Issue { at: second_at, message: format!("duplicate variable name: {name}") });
            }
            second = Some(name);
            body = rest.next().ok_or_else(|| Issue { at, message: "missing argument".into() })?;
        }
        if let Some(last) = rest.next() {
            filter = Some(std::mem::replace(&mut body, last));
        }
        let inner = Macro { kind, target, variable, second, filter, body };
        self.node(start, at, ExprKind::Macro(Box::new(inner)))
    }
}

fn variable_name(expr: Expr) -> Result1<Box<str>> {
    match expr.kind {
        ExprKind::Ident(name) if &*name == "__result__" => {
            Err(Issue { at: expr.at, message: "iteration variable overwrites accumulator variable".into() })
        }
        ExprKind::Ident(name) if !name.starts_with('.') => Ok(name),
        _ => Err(Issue { at: expr.at, message: "argument must be a simple name".into() }),
    }
}

fn too_deep(at: u32) -> Issue {
    Issue { at, message: format!("expression nests deeper than {MAX_TREE_DEPTH}") }
}

/// One more than the height of the tallest child.
fn height(kind: &ExprKind) -> u32 {
    let tallest = match kind {
        ExprKind::Literal(_) | ExprKind::Ident(_) => 0,
        ExprKind::Select { operand, .. } => operand.height,
        ExprKind::Call { target, args, .. } => target
            .iter()
            .map(|target| target.height)
            .chain(args.iter().map(|arg| arg.height))
            .max()
            .unwrap_or(0),
        ExprKind::List(elements) => elements.iter().map(|element| element.value.height).max().unwrap_or(0),
        ExprKind::Map(entries) => {
            entries.iter().map(|entry| entry.key.height.max(entry.value.height)).max().unwrap_or(0)
        }
        ExprKind::Struct { fields, .. } => fields.iter().map(|field| field.value.height).max().unwrap_or(0),
        ExprKind::Macro(inner) => {
            let filter = inner.filter.as_ref().map_or(0, |filter| filter.height);
            inner.target.height.max(inner.body.height).max(filter)
        }
    };
    tallest + 1
}
