//! Axes over single values within a parameter that is a map: `optim.lr: [0.1, 0.01]`.

use crate::manifest::columns::ABSENT;
use crate::manifest::columns::Column;
use crate::manifest::fields;
use crate::registry::ParamType;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Place;
use crate::text::closest;
use crate::text::did_you_mean;

use super::reader::Reader;

impl Reader<'_> {
    /// Whether this can be given several values: a name, or the way to a value within a parameter, which is a
    /// column of its own then. Says so where it cannot.
    pub(super) fn nameable(&mut self, name: &str, what: &str, place: &Place) -> bool {
        let Some((base, way)) = name.split_once('.') else {
            return fields::name(name, what, place, self.found);
        };
        if self.columns.index(name).is_some() {
            return true;
        }
        let declared = match self.declares_itself(base) {
            true => self.made(base, way, place),
            false => self.type_within(base, way, place),
        };
        match declared {
            Ok((base, ty)) => {
                let mut column = Column::new(name, ty, place.clone());
                column.within = Some((base, way.split('.').map(str::to_owned).collect()));
                self.columns.add(column);
                true
            }
            Err(wrong) => {
                self.found.push(*wrong);
                false
            }
        }
    }

    /// Whether a parameter is what axes over values within it make it, as nobody gives it a value.
    fn declares_itself(&self, base: &str) -> bool {
        let column = self.columns.index(base).map(|base| self.columns.get(base));
        let without_value = |column: &Column| {
            column.ty == ParamType::Any && column.constant() == ABSENT && column.values().is_empty()
        };
        !self.closed && column.is_none_or(without_value) && !self.is_slip(base)
    }

    /// Whether a parameter that holds others is called nearly so.
    fn is_slip(&self, base: &str) -> bool {
        let holds =
            |column: &&Column| matches!(column.value(column.constant()), Some(Value::Map(_)));
        let known = self.columns.iter().filter(holds);
        closest(base, known.map(|column| &*column.name)).is_some()
    }

    /// The parameter of values that declare themselves.
    fn made(
        &mut self,
        base: &str,
        way: &str,
        place: &Place,
    ) -> Result<(usize, ParamType), Box<Diagnostic>> {
        let mut parts = std::iter::once(base).chain(way.split('.'));
        if let Some(wrong) = parts.find(|part| !fields::is_name(part)) {
            return Err(Box::new(
                Diagnostic::error(format!("`{base}.{way}` cannot name an axis"))
                    .at(place, format!("`{wrong}` is no name")),
            ));
        }
        let base = Column::new(base, ParamType::Any, place.clone());
        Ok((self.columns.add(base), ParamType::Any))
    }

    /// The parameter that a value is within, and the type that the value has there.
    fn type_within(
        &self,
        base: &str,
        way: &str,
        place: &Place,
    ) -> Result<(usize, ParamType), Box<Diagnostic>> {
        let whole = format!("{base}.{way}");
        let Some(index) = self.columns.index(base) else {
            let unknown = Diagnostic::error(format!("unknown parameter `{base}`"))
                .at(
                    place,
                    format!("there is no `{base}` for `{way}` to be within"),
                )
                .help(format!(
                    "give it a value under `params`: `{base}: {{{way}: …}}`"
                ));
            return Err(Box::new(unknown));
        };
        let column = self.columns.get(index);
        let mut ty = column.ty.clone();
        let mut value = column.value(column.constant());
        let mut before = base.to_owned();
        for part in way.split('.') {
            ty = match ty {
                ParamType::Map(inner) => *inner,
                _ => ParamType::Any,
            };
            let open = !matches!(ty, ParamType::Any);
            value = match value {
                Some(Value::Map(entries)) => match entries.get(part) {
                    None if !open => {
                        let known = entries.keys().map(String::as_str);
                        return Err(Box::new(
                            Diagnostic::error(format!("unknown parameter `{whole}`"))
                                .at(place, format!("there is no `{part}` in `{before}`"))
                                .maybe_help(did_you_mean(part, known, "there are")),
                        ));
                    }
                    inner => inner,
                },
                None if open => None,
                None if self.columns.names().any(|name| is_within(name, base)) => {
                    let known = self.columns.names().filter(|name| is_within(name, base));
                    let unknown = Diagnostic::error(format!("unknown parameter `{whole}`"))
                        .at(place, format!("there is no `{part}` in `{before}`"))
                        .maybe_help(did_you_mean(&whole, known, "there are"));
                    return Err(Box::new(unknown));
                }
                other => {
                    let what = other.map_or("nothing", Value::type_name);
                    return Err(Box::new(
                        Diagnostic::error(format!("`{before}` has no values within"))
                            .at(place, format!("`{before}` is {what}, not a map")),
                    ));
                }
            };
            before = format!("{before}.{part}");
        }
        Ok((index, ty))
    }
}

/// Whether a name is the way to a value within a parameter.
fn is_within(name: &str, base: &str) -> bool {
    let rest = name.strip_prefix(base);
    rest.is_some_and(|rest| rest.starts_with('.'))
}
