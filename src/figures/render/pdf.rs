//! SVG to PDF with its fonts embedded.

use std::sync::Arc;

use krilla::Document;
use krilla::SerializeSettings;
use krilla::configure::ConfigurationBuilder;
use krilla::configure::PdfVersion;
use krilla::geom::Size;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla_svg::SurfaceExt;
use krilla_svg::SvgSettings;
use resvg::usvg::Options;
use resvg::usvg::Tree;
use resvg::usvg::fontdb::Database;

use crate::figures::FigureError;
use crate::figures::canvas::Canvas;
use crate::figures::font;

/// The fonts of the figure and no other.
fn fonts() -> Database {
    let mut fonts = Database::new();
    for face in font::all() {
        fonts.load_font_data(face.data.to_vec());
    }
    fonts
}

/// Writes an SVG whose text is text as one page.
pub(super) fn write(
    svg: &str,
    canvas: &Canvas,
    (title, about): (&str, &str),
) -> Result<Vec<u8>, FigureError> {
    let options = Options {
        fontdb: Arc::new(fonts()),
        ..Options::default()
    };
    let drawing = |error: String| FigureError::Drawing(error);
    let tree = Tree::from_str(svg, &options).map_err(|error| drawing(error.to_string()))?;
    let (width, height) = (canvas.width as f32, canvas.height as f32);
    let too_large = || FigureError::TooLarge {
        width: canvas.width / 72.0,
        height: canvas.height / 72.0,
    };
    let size = Size::from_wh(width, height).ok_or_else(too_large)?;
    let page = PageSettings::from_wh(width, height).ok_or_else(too_large)?;

    // What every LaTeX of today includes without a warning.
    let version = ConfigurationBuilder::new().with_version(PdfVersion::Pdf15);
    let configuration = version
        .finish()
        .map_err(|error| drawing(format!("{error:?}")))?;
    let settings = SerializeSettings {
        configuration,
        ..SerializeSettings::default()
    };
    let mut document = Document::new_with(settings);
    let mut page = document.start_page_with(page);
    let mut surface = page.surface();
    surface
        .draw_svg(&tree, size, SvgSettings::default())
        .ok_or_else(|| drawing("the PDF writer refused the drawing".to_owned()))?;
    surface.finish();
    page.finish();
    // No date: the same drawing is the same file.
    document.set_metadata(
        Metadata::new()
            .title(title.to_owned())
            .description(about.to_owned())
            .creator("sweepline".to_owned()),
    );
    document
        .finish()
        .map_err(|error| drawing(format!("{error:?}")))
}
