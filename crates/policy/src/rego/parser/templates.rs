//! Template strings: `$"the image {image} is not allowed"`.

use super::{Parser, Result};
use crate::rego::ast::{Callee, Literal, LiteralKind, Term, TermKind};
use crate::rego::lexer::{Part, Tok, Token};

impl Parser {
    /// A template string is a call with its parts. An expression becomes the set of its values, so that one without a
    /// value is no end of the whole, but is printed as undefined.
    pub(super) fn template(&mut self, at: u32, parts: Vec<Part>) -> Result<TermKind> {
        let mut terms = Vec::new();
        for part in parts {
            terms.push(match part {
                Part::Text(text) => Term { at, kind: TermKind::Str(text) },
                Part::Expr(tokens) => self.in_braces(tokens)?,
            });
        }
        let parts = Term { at, kind: TermKind::Array(terms) };
        Ok(TermKind::Call(Callee::Operator("internal.template_string"), vec![parts]))
    }

    fn in_braces(&mut self, tokens: Vec<Token>) -> Result<Term> {
        // A name that nobody can write, and that no template string around this one has.
        let name = format!("$value{}", self.terms);
        self.terms += 1;
        let outside = (std::mem::replace(&mut self.tokens, tokens), std::mem::replace(&mut self.at, 0));
        let at = self.pos();
        let Literal { negated, kind, with, .. } = self.literal()?;
        let LiteralKind::Term(term) = kind else {
            return Err(self.error("a template string holds values only"));
        };
        if negated || self.token().tok != Tok::End {
            return Err(self.unexpected("`}`"));
        }
        (self.tokens, self.at) = outside;
        let value = || Term { at, kind: TermKind::Var(name.clone()) };
        let body = vec![Literal { at, negated: false, kind: LiteralKind::Unify(value(), term), with }];
        Ok(Term { at, kind: TermKind::SetCompr(Box::new(value()), body) })
    }
}
