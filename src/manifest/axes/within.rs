//! Axes over single values within a parameter that is a map: `optim.lr: [0.1, 0.01]`.

use crate::manifest::columns::Column;
use crate::manifest::fields;
use crate::registry::ParamType;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Place;
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
        match self.type_within(base, way, place) {
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
