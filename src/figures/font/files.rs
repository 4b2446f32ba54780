//! Font files that a figure is given, for as long as it is drawn.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use resvg::usvg::fontdb::Database;

use super::FigureError;

/// A face of a font.
pub(in crate::figures) struct Face {
    /// Before the numbers of its glyphs in a document: the same for the same file.
    pub prefix: String,
    pub family: String,
    /// 400 is regular, 700 bold.
    pub weight: u16,
    pub data: &'static [u8],
    pub(super) shapes: rustybuzz::Face<'static>,
}

impl Face {
    pub(in crate::figures) fn units_per_em(&self) -> f64 {
        f64::from(self.shapes.units_per_em())
    }
}

/// Every font file that was ever given, by its content: faces live as long as the program, as its own
/// ones do.
static KNOWN: Mutex<Option<HashMap<Vec<u8>, &'static Face>>> = Mutex::new(None);

thread_local! {
    /// Of the figure that is drawn now.
    static GIVEN: RefCell<Vec<&'static Face>> = const { RefCell::new(Vec::new()) };
}

/// The faces that the figure was given, in their order.
pub(in crate::figures) fn given() -> Vec<&'static Face> {
    GIVEN.with_borrow(Vec::clone)
}

/// Draws with font files, by their names and contents.
///
/// # Errors
/// A file that is no font.
pub(in crate::figures) fn with<T>(
    files: &[(String, Vec<u8>)],
    draw: impl FnOnce() -> T,
) -> Result<T, FigureError> {
    let faces = files.iter().map(|(name, data)| face(name, data));
    let faces: Vec<&'static Face> = faces.collect::<Result<_, _>>()?;
    let _given = match faces.is_empty() {
        true => None,
        false => Some(Given(GIVEN.replace(faces))),
    };
    Ok(draw())
}

/// Puts back what was given before, also where drawing panics.
struct Given(Vec<&'static Face>);

impl Drop for Given {
    fn drop(&mut self) {
        GIVEN.set(std::mem::take(&mut self.0));
    }
}

fn face(name: &str, data: &[u8]) -> Result<&'static Face, FigureError> {
    let refused = || FigureError::Font(name.to_owned());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    if let Some(face) = known.get(data) {
        return Ok(face);
    }
    let mut database = Database::new();
    database.load_font_data(data.to_vec());
    let info = database.faces().next().ok_or_else(refused)?;
    let (family, _) = info.families.first().ok_or_else(refused)?;
    let (family, weight) = (family.clone(), info.weight.0);
    let lasting: &'static [u8] = Box::leak(data.to_vec().into_boxed_slice());
    let face = Face {
        prefix: format!("f{}g", &blake3::hash(data).to_hex()[..6]),
        family,
        weight,
        data: lasting,
        shapes: rustybuzz::Face::from_slice(lasting, 0).ok_or_else(refused)?,
    };
    let face: &'static Face = Box::leak(Box::new(face));
    known.insert(data.to_vec(), face);
    Ok(face)
}
