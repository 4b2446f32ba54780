//! The parameters of steps: templates filled in once for every distinct combination of the values
//! they use, checked against the kind, with its defaults.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use crate::manifest::Numbers;
use crate::manifest::Stage;
use crate::manifest::Template;
use crate::registry::Default;
use crate::registry::InvalidParam;
use crate::registry::Mismatch;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::ParamType;
use crate::registry::StageKind;
use crate::registry::Value;
use crate::registry::Values;
use crate::registry::memory;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;

/// How the parameters of a stage of one kind are made.
pub(super) struct ParamTemplate<'s> {
    stage: &'s Stage,
    kind: &'static dyn StageKind,
    rules: Vec<ParamRule<'s>>,
    /// The values made no sense together. Said once, not in every cell.
    invalid: bool,
    /// The machine lacks what the values ask for. Said once, not in every cell.
    unavailable: bool,
    /// Whether values were found to make sense together that differ from others only in what needs no further check.
    checked: AtomicBool,
}

struct ParamRule<'s> {
    param: Param,
    template: Option<&'s Template>,
    /// The value, where no cell changes it.
    fixed: Option<Value>,
    /// The value where the template gives none.
    default: Option<Value>,
    /// Said once, not in every cell.
    broken: bool,
}

impl<'s> ParamTemplate<'s> {
    /// Checks what is the same in all cells.
    pub(super) fn new(
        stage: &'s Stage,
        kind: &'static dyn StageKind,
        found: &mut Diagnostics,
    ) -> Self {
        let mut rules = Vec::new();
        for param in kind.params() {
            let argument = stage
                .with
                .iter()
                .find(|argument| *argument.name == *param.name);
            let default = match &param.default {
                Default::Value(value) => {
                    Some(conform(kind, &param, value.clone()).unwrap_or_else(|_| {
                        unreachable!("BUG: the default of `{}` does not fit its type", param.name)
                    }))
                }
                Default::Absent | Default::Required => None,
            };
            let mut rule = ParamRule {
                default,
                template: argument.map(|argument| &argument.value),
                fixed: None,
                broken: argument.is_some_and(|argument| argument.value.is_broken()),
                param,
            };
            let literal = match rule.template {
                // A key without a value is a key left out.
                Some(template) => template.literal().filter(|value| **value != Value::Null),
                None => None,
            };
            if let (Some(template), Some(value)) = (rule.template, literal) {
                match conform(kind, &rule.param, value.clone()) {
                    Ok(value) => rule.fixed = Some(value),
                    Err(mismatch) => {
                        found.push(wrong(kind, &rule.param, &template.place, mismatch));
                        rule.broken = true;
                    }
                }
            }
            rules.push(rule);
        }
        ParamTemplate {
            stage,
            kind,
            rules,
            invalid: false,
            unavailable: false,
            checked: AtomicBool::new(false),
        }
    }

    /// The parameters in a cell where there is nothing to say about them.
    pub(super) fn make_silently<'v>(
        &self,
        lookup: &dyn Fn(&str) -> Option<&'v Value>,
    ) -> Option<Values> {
        let given = self.rules.iter().filter(|one| one.may_have_value());
        let mut values = Values::with_capacity(given.count());
        let mut alike = true;
        for rule in &self.rules {
            if rule.broken {
                return None;
            }
            let value = rule.value(self.stage, self.kind, lookup, &|_| None);
            let value = value.ok()?;
            if rule.fixed.is_none() && rule.template.is_some() {
                let free = |value: &Value| self.kind.needs_no_check(rule.param.name, value);
                alike &= value.as_ref().is_some_and(free);
            }
            if let Some(value) = value {
                values.insert(rule.param.name.to_owned(), value);
            }
        }
        if !(alike && self.checked.load(Ordering::Relaxed)) {
            self.kind.check(&values).ok()?;
            self.checked.fetch_or(alike, Ordering::Relaxed);
        }
        let fit = self.kind.unavailable(&values).is_none() && self.too_much(&values).is_none();
        fit.then_some(values)
    }

    /// The parameters as a program is given them, where numbers are written in another way than they
    /// are shown. Values of files are by value, as they are in the key.
    pub(super) fn written<'v>(
        &self,
        values: &Values,
        lookup: &dyn Fn(&str) -> Option<&'v Value>,
        written: &dyn Fn(&str) -> Option<&'v str>,
        typed: &dyn Fn(&str) -> Option<Value>,
    ) -> Option<Values> {
        if !self.kind.starts_processes() {
            return None;
        }
        let mut result = None;
        let rules = self.rules.iter().filter(|rule| rule.fixed.is_none());
        for rule in rules.filter(|rule| !self.kind.tells_types(rule.param.name)) {
            let Some(template) = rule.template else {
                continue;
            };
            let mut any = template.has_numbers();
            template.visit(&mut |one| {
                any |= one.way(lookup).is_some_and(|way| written(&way).is_some());
            });
            if !any {
                continue;
            }
            let texts = |text: &str| written(text).map(Value::from);
            if let Ok(Some(value)) = template.fill_with(lookup, Numbers::written(&texts, typed))
                && let Ok(value) = conform(self.kind, &rule.param, value)
                && values.get(rule.param.name) != Some(&value)
            {
                let result = result.get_or_insert_with(|| values.clone());
                result.insert(rule.param.name.to_owned(), value);
            }
        }
        result
    }

    /// Tells `1.0` from `1` in what becomes a file of values, and so in its key: programs take the one for a
    /// share and the other for a count. `typed` has the values that are written so, as [`Template::fill_with`]
    /// asks for them.
    pub(super) fn tell_types<'v>(
        &self,
        values: &mut Values,
        lookup: &dyn Fn(&str) -> Option<&'v Value>,
        typed: &dyn Fn(&str) -> Option<Value>,
    ) {
        let rules = self.rules.iter().filter(|rule| rule.fixed.is_none());
        for rule in rules.filter(|rule| self.kind.tells_types(rule.param.name)) {
            if let Some(template) = rule.template
                && let Ok(Some(value)) = template.fill_with(lookup, Numbers::typed(typed))
                && let Ok(value) = conform(self.kind, &rule.param, value)
            {
                values.insert(rule.param.name.to_owned(), value);
            }
        }
    }

    /// The parameters in a cell; none where there is something wrong, which is said once.
    pub(super) fn make<'v>(
        &mut self,
        lookup: &dyn Fn(&str) -> Option<&'v Value>,
        source_of: &dyn Fn(&str) -> Option<Place>,
        found: &mut Diagnostics,
    ) -> Option<Values> {
        let mut values = Values::new();
        let mut good = true;
        for rule in &mut self.rules {
            if rule.broken {
                good = false;
                continue;
            }
            match rule.value(self.stage, self.kind, lookup, source_of) {
                Ok(Some(value)) => {
                    values.insert(rule.param.name.to_owned(), value);
                }
                Ok(None) => {}
                Err(diagnostic) => {
                    found.push(*diagnostic);
                    rule.broken = true;
                    good = false;
                }
            }
        }
        if !good || self.invalid {
            return None;
        }
        if let Err(invalid) = self.kind.check(&values) {
            self.invalid = true;
            let title = format!(
                "wrong value of `{}` of `{}`",
                invalid.param,
                self.kind.name()
            );
            found.push(self.invalid_at(Diagnostic::error(title), invalid, source_of));
            return None;
        }
        if let Some(invalid) = self.too_much(&values) {
            self.invalid = true;
            let title = format!(
                "stage `{}` takes more memory than there is",
                self.stage.name
            );
            found.push(self.invalid_at(Diagnostic::error(title), invalid, source_of));
            return None;
        }
        if !self.unavailable
            && let Some(invalid) = self.kind.unavailable(&values)
        {
            self.unavailable = true;
            let title = format!("steps of `{}` will fail on this machine", self.stage.name);
            found.push(self.invalid_at(Diagnostic::warning(title), invalid, source_of));
        }
        Some(values)
    }
}

impl ParamTemplate<'_> {
    /// What makes the step larger than this machine. Commands know their own sizes.
    fn too_much(&self, values: &Values) -> Option<InvalidParam> {
        if matches!(self.kind.outputs(), Outputs::Declared) {
            return None;
        }
        let (param, bytes) = memory::at_least(values)?;
        let all = memory::of_this_machine();
        (bytes > all).then(|| InvalidParam {
            param,
            message: format!("takes {} of memory or more", memory::shown(bytes)),
            help: format!("this machine has {}", memory::shown(all)),
        })
    }

    /// What is said of a value, at its place and where it comes from.
    fn invalid_at(
        &self,
        said: Diagnostic,
        invalid: InvalidParam,
        source_of: &dyn Fn(&str) -> Option<Place>,
    ) -> Diagnostic {
        let mut rules = self.rules.iter();
        let rule = rules.find(|rule| rule.param.name == invalid.param);
        let template = rule.and_then(|rule| rule.template);
        let place = template.map_or(&self.stage.uses.place, |template| &template.place);
        let said = said.at(place, invalid.message).help(invalid.help);
        match template {
            Some(template) => with_sources(said, template, source_of),
            None => said,
        }
    }
}

impl ParamRule<'_> {
    fn may_have_value(&self) -> bool {
        self.template.is_some() || self.default.is_some()
    }

    fn value<'v>(
        &self,
        stage: &Stage,
        kind: &dyn StageKind,
        lookup: &dyn Fn(&str) -> Option<&'v Value>,
        source_of: &dyn Fn(&str) -> Option<Place>,
    ) -> Result<Option<Value>, Box<Diagnostic>> {
        if let Some(fixed) = &self.fixed {
            return Ok(Some(fixed.clone()));
        }
        let given = match self.template {
            Some(template) => template.fill(lookup)?.filter(|value| *value != Value::Null),
            None => None,
        };
        if let (Some(value), Some(template)) = (given, self.template) {
            return conform(kind, &self.param, value)
                .map(Some)
                .map_err(|mismatch| {
                    let mut wrong = wrong(kind, &self.param, &template.place, mismatch);
                    // Quoting helps where the value was written alone, a choice that is meant always.
                    if !matches!(self.param.ty, ParamType::Choice(_)) {
                        wrong.helps.clear();
                    }
                    Box::new(with_sources(wrong, template, source_of))
                });
        }
        match &self.param.default {
            Default::Value(_) | Default::Absent => Ok(self.default.clone()),
            Default::Required => {
                let name = self.param.name;
                let wrong =
                    Diagnostic::error(format!("`{}` needs the parameter `{name}`", kind.name()));
                Err(Box::new(match self.template {
                    Some(template) => wrong.at(&template.place, "has no value in some cells"),
                    None => wrong
                        .at(&stage.uses.place, "a parameter is missing")
                        .help(format!("`with: {{{name}: …}}`: {}", self.param.doc)),
                }))
            }
        }
    }
}

/// The value of a parameter in its canonical form. Maps are in the order in which they are written where a program
/// sees it, and elsewhere two orders are one value.
fn conform(kind: &dyn StageKind, param: &Param, value: Value) -> Result<Value, Mismatch> {
    let value = param.ty.conform(value)?;
    Ok(match value {
        Value::Map(entries) if kind.keeps_order(param.name) => Value::Map(entries.sorted()),
        Value::List(_) if kind.keeps_order(param.name) => value,
        value => value.sorted(),
    })
}

/// Where the value was written matters as much as where it is used.
fn with_sources(
    mut said: Diagnostic,
    template: &Template,
    source_of: &dyn Fn(&str) -> Option<Place>,
) -> Diagnostic {
    for name in template.names() {
        if let Some(place) = source_of(&name) {
            said = said.also(&place, format!("`{name}` has its value here"));
        }
    }
    said
}

fn wrong(kind: &dyn StageKind, param: &Param, place: &Place, mismatch: Mismatch) -> Diagnostic {
    Diagnostic::error(format!(
        "wrong value of `{}` of `{}`",
        param.name,
        kind.name()
    ))
    .at(place, mismatch.message)
    .maybe_help(mismatch.help)
}
