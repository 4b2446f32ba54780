//! The space of a search: `{lr: {log-uniform: [1e-4, 1e-1]}, width: {int: [16, 256]}, act: [relu, tanh]}`.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use crate::manifest::columns::ABSENT;
use crate::manifest::columns::Column;
use crate::manifest::expression::Expression;
use crate::manifest::fields;
use crate::manifest::fields::Fields;
use crate::manifest::node::Entry;
use crate::manifest::node::Node;
use crate::registry::ParamType;
use crate::registry::Value;
use crate::registry::Values;
use crate::search::Condition;
use crate::search::Domain;
use crate::search::Parameter;
use crate::search::Point;
use crate::search::Space;
use crate::text::Diagnostic;
use crate::text::did_you_mean;
use crate::text::list_of;

use super::reader::Reader;

/// What a parameter may be: from where to where, or which of several.
const DOMAINS: [&str; 5] = ["choice", "int", "log-int", "log-uniform", "uniform"];

impl Reader<'_> {
    /// The space with the columns of its parameters, and as text.
    pub(super) fn space(
        &mut self,
        fields: &Fields<'_>,
        what: &str,
        node: &Node,
    ) -> Option<(Space, Vec<usize>, String)> {
        let given = fields.get("space").and_then(|node| {
            let entries = fields::map(node, "`space`", self.found)?;
            Some((node, entries))
        });
        let Some((given, entries)) = given.filter(|(_, entries)| !entries.is_empty()) else {
            self.found.push(
                Diagnostic::error(format!("{what} has no `space`"))
                    .at(&node.place, "which parameters are searched?")
                    .help("for example `space: {lr: {log-uniform: [1e-4, 1e-1]}}`"),
            );
            return None;
        };
        let before = self.found.errors();
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut places = Vec::new();
        let mut columns = Vec::new();
        let mut text = String::new();
        for entry in entries {
            if !self.nameable(&entry.key, "a parameter", &entry.key_place) {
                continue;
            }
            self.part(&entry.key, &entry.key_place);
            let Some(column) = self.column(&entry.key, &entry.key_place) else {
                continue;
            };
            let Some((domain, when, condition)) = self.domain(entry, column, &parameters) else {
                continue;
            };
            let _ = writeln!(text, "{} {domain:?} {condition}", entry.key);
            columns.push(column);
            places.push(&entry.value.place);
            parameters.push(Parameter {
                name: entry.key.clone(),
                domain,
                when,
            });
        }
        if self.found.errors() > before {
            return None;
        }
        match Space::new(parameters) {
            Ok(space) => Some((space, columns, text)),
            Err((index, error)) => {
                let place = places.get(index).copied().unwrap_or(&given.place);
                let name = &entries[index].key;
                self.found.push(
                    Diagnostic::error(format!("`{name}` cannot be searched"))
                        .at(place, error.to_string()),
                );
                None
            }
        }
    }

    /// What one parameter may be, when it is there, and that condition as text.
    fn domain(
        &mut self,
        entry: &Entry,
        column: usize,
        before: &[Parameter],
    ) -> Option<(Domain, Option<Condition>, String)> {
        let ty = self.columns.get(column).ty.clone();
        let what = format!("`{}`", entry.key);
        // A value of the command line leaves nothing to search.
        let forced = self.forced.get(entry.key.as_str()).copied();
        self.columns.get_mut(column).held |= forced.is_some();
        if let Some(items) = entry.value.as_list() {
            let items: Vec<&Node> = match forced {
                Some(forced) => vec![forced],
                None => items.iter().collect(),
            };
            self.alike(column, &items);
            return Some((self.choice(&items, &ty, &what)?, None, String::new()));
        }
        let mut keys = DOMAINS.to_vec();
        keys.extend(["step", "when"]);
        let fields = Fields::of(
            &entry.value,
            &format!("the space of {what}"),
            &keys,
            self.found,
        )?;
        let mut forms = DOMAINS.into_iter().filter_map(|form| fields.entry(form));
        let Some(form) = forms.next() else {
            self.found.push(
                Diagnostic::error(format!("{what} has no space"))
                    .at(&entry.value.place, "what may it be?")
                    .help(format!("a list of values, or one of {}", list_of(DOMAINS))),
            );
            return None;
        };
        if let Some(other) = forms.next() {
            self.found.push(
                Diagnostic::error(format!("{what} has two spaces"))
                    .at(&other.key_place, format!("beside `{}`", form.key)),
            );
            return None;
        }
        let domain = match (forced, form.key.as_str()) {
            (Some(forced), _) => self.choice(&[forced], &ty, &what)?,
            (None, "choice") => {
                let Some(items) = form.value.as_list() else {
                    self.found.push(
                        Diagnostic::error(format!("the choices of {what} are a list")).at(
                            &form.value.place,
                            format!("this is {}", form.value.type_name()),
                        ),
                    );
                    return None;
                };
                let items: Vec<&Node> = items.iter().collect();
                self.alike(column, &items);
                self.choice(&items, &ty, &what)?
            }
            (None, _) => self.numeric(form, &fields, &ty, &what)?,
        };
        if let Some(step) = fields.entry("step").filter(|_| form.key == "choice") {
            self.found.push(
                Diagnostic::error(format!("the choices of {what} have no `step`"))
                    .at(&step.key_place, "for numbers between two others"),
            );
        }
        let when = match fields.get("when") {
            Some(node) => Some(self.condition(node, &what, before)?),
            None => None,
        };
        let (when, text) = when.unzip();
        Some((domain, when, text.unwrap_or_default()))
    }

    fn choice(&mut self, items: &[&Node], ty: &ParamType, what: &str) -> Option<Domain> {
        let values: Vec<Value> = items
            .iter()
            .filter_map(|item| fields::given(item, ty, what, self.found))
            .collect();
        (values.len() == items.len()).then_some(Domain::Choice(values))
    }

    /// `{int: [1, 8], step: 2}`
    fn numeric(
        &mut self,
        form: &Entry,
        fields: &Fields<'_>,
        ty: &ParamType,
        what: &str,
    ) -> Option<Domain> {
        let key = form.key.as_str();
        let whole = key.ends_with("int");
        let log = key.starts_with("log");
        let Some([low, high]) = form.value.as_list() else {
            self.found.push(
                Diagnostic::error(format!("`{key}` is `[low, high]`"))
                    .at(&form.value.place, "wrong form"),
            );
            return None;
        };
        if let (ParamType::Int { .. } | ParamType::Seed, false) = (ty, whole) {
            let instead = if log { "log-int" } else { "int" };
            self.found.push(
                Diagnostic::error(format!("{what} is a whole number"))
                    .at(&form.key_place, "proposes others as well")
                    .help(format!("write `{instead}`")),
            );
            return None;
        }
        let number = match whole {
            true => ParamType::Int {
                min: None,
                max: None,
            },
            false => ParamType::Float {
                min: None,
                max: None,
            },
        };
        let mut read = |node: &Node| {
            let value = fields::conform(node, &number, &format!("`{key}`"), self.found)?;
            // Both ends may be proposed, so that the parameter has to be able to have them.
            fields::conform(node, ty, what, self.found)?;
            Some(value)
        };
        let ends = (read(low), read(high));
        let (low, high) = (ends.0?, ends.1?);
        let step = match fields.get("step") {
            Some(node) => Some(fields::conform(node, &number, "`step`", self.found)?),
            None => None,
        };
        let float = |value: &Value| value.as_float().unwrap_or_default();
        Some(match whole {
            true => Domain::Int {
                low: low.as_int()?,
                high: high.as_int()?,
                log,
                step: step.as_ref().and_then(Value::as_int).unwrap_or(1),
            },
            false => Domain::Float {
                low: float(&low),
                high: float(&high),
                log,
                step: step.as_ref().map(float),
            },
        })
    }

    /// When a parameter is there, an expression over those before it and over values that all cells share; and
    /// as text with these values, since other values make another space.
    fn condition(
        &mut self,
        node: &Node,
        what: &str,
        before: &[Parameter],
    ) -> Option<(Condition, String)> {
        let text = fields::text(node, "`when`", self.found)?;
        let expression = match Expression::read(text, &node.place) {
            Ok(expression) => expression,
            Err(wrong) => {
                self.found.push(wrong);
                return None;
            }
        };
        let mut constants = Values::new();
        let of = |name: &str| before.iter().find(|parameter| parameter.name == name);
        for name in expression.names() {
            if of(name).is_some() {
                self.deciding.push(name.to_string());
                continue;
            }
            let constant = |column: &Column| {
                let constant = (!column.axis).then_some(column.constant);
                constant.filter(|constant| *constant != ABSENT)
            };
            let column = self
                .columns
                .index(name)
                .map(|index| self.columns.get(index));
            let value = column.and_then(|column| column.value(constant(column)?));
            let Some(value) = value else {
                self.found.push(
                    Diagnostic::error(format!("`{name}` says nothing about {what}"))
                        .at(&node.place, "no parameter that is searched before it")
                        .maybe_help(did_you_mean(
                            name,
                            before.iter().map(|parameter| parameter.name.as_str()),
                            "those before it",
                        )),
                );
                return None;
            };
            constants.insert(name.to_string(), value.clone());
        }
        // A trial could only pass over what is wrong with it.
        let points: HashMap<&str, Vec<Value>> = before
            .iter()
            .map(|parameter| (parameter.name.as_str(), parameter.domain.ends()))
            .collect();
        let uses = |name: &str| expression.names().iter().any(|used| **used == *name);
        for (name, values) in points.iter().filter(|(name, _)| uses(name)) {
            for value in values {
                let lookup = |other: &str| match points.get(other) {
                    Some(_) if other == *name => Some(value),
                    Some(values) => values.first(),
                    None => constants.get(other),
                };
                if let Err(message) = expression.holds(lookup) {
                    let title = format!("`{text}` is not a condition");
                    self.found
                        .push(Diagnostic::error(title).at(&node.place, message));
                    return None;
                }
            }
        }
        let mut text = text.to_owned();
        for (name, value) in &constants {
            let _ = write!(text, " {name}={value}");
        }
        let expression = Arc::new(expression);
        let condition = Condition::new(move |point: &Point| {
            let lookup = |name: &str| point.get(name).or_else(|| constants.get(name));
            expression.holds(lookup).unwrap_or(false)
        });
        Some((condition, text))
    }
}
