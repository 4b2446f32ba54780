//! A table as it prints: the Markdown that tables are written in, as HTML.

use super::html::Html;

/// Writes the rows between bars as a table and every other line as a note.
pub(super) fn write(markdown: &str, name: &str, html: &mut Html) {
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        if !line.starts_with('|') {
            if !line.trim().is_empty() {
                html.open("p", &[("class", "note")]);
                inline(line, html);
                html.close("p");
            }
            continue;
        }
        let ways: Vec<&str> = match lines.next() {
            Some(rule) => cells(rule)
                .iter()
                .map(|cell| {
                    if cell.ends_with(':') {
                        "number"
                    } else {
                        "text"
                    }
                })
                .collect(),
            None => return,
        };
        html.open(
            "div",
            &[
                ("class", "scroll"),
                ("tabindex", "0"),
                ("role", "region"),
                ("aria-label", &format!("{name} as it prints")),
            ],
        );
        html.open("table", &[("class", "printed")]);
        html.open("thead", &[]);
        row(line, &ways, "th", html);
        html.close("thead").open("tbody", &[]);
        while let Some(line) = lines.next_if(|line| line.starts_with('|')) {
            row(line, &ways, "td", html);
        }
        html.close("tbody").close("table").close("div");
    }
}

fn row(line: &str, ways: &[&str], tag: &'static str, html: &mut Html) {
    html.open("tr", &[]);
    let ways = ways.iter().chain(std::iter::repeat(&"text"));
    for (cell, way) in cells(line).iter().zip(ways) {
        html.open(tag, &[("class", way)]);
        inline(cell, html);
        html.close(tag);
    }
    html.close("tr");
}

/// The texts between the bars that are not escaped.
fn cells(line: &str) -> Vec<&str> {
    let mut cells = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        if c == '|' && !escaped {
            cells.push(line[start..at].trim());
            start = at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    // What stands before the first bar is no cell.
    if !cells.is_empty() {
        cells.remove(0);
    }
    cells
}

/// Bold, underlined and raised text; a backslash takes the next character as it is.
fn inline(text: &str, html: &mut Html) {
    const MARKS: [(&str, &str); 4] = [
        ("<u>", "<u>"),
        ("</u>", "</u>"),
        ("<sup>", "<sup>"),
        ("</sup>", "</sup>"),
    ];
    let mut rest = text;
    let mut bold = false;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("**") {
            html.raw(if bold { "</strong>" } else { "<strong>" });
            bold = !bold;
            rest = after;
            continue;
        }
        if let Some((mark, markup)) = MARKS.iter().find(|(mark, _)| rest.starts_with(mark)) {
            html.raw(markup);
            rest = &rest[mark.len()..];
            continue;
        }
        let taken = match rest.strip_prefix('\\') {
            Some(after) => after.chars().next().unwrap_or(c),
            None => c,
        };
        let skipped = usize::from(c == '\\' && rest.len() > 1);
        html.text(taken.encode_utf8(&mut [0; 4]));
        rest = &rest[skipped + taken.len_utf8()..];
    }
    if bold {
        html.raw("</strong>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(markdown: &str) -> String {
        let mut html = Html::default();
        write(markdown, "t", &mut html);
        html.finish()
    }

    #[test]
    fn a_table_and_its_note_become_html() {
        let html = written(
            "| a\\|b | x |\n| --- | ---: |\n| c | **1 ± 2**·10<sup>3</sup> |\n\nbold: best",
        );
        assert!(html.contains("<th class=\"text\">a|b</th><th class=\"number\">x</th>"));
        assert!(html.contains("<strong>1 ± 2</strong>·10<sup>3</sup></td>"));
        assert!(html.contains("<p class=\"note\">bold: best</p>"));
    }

    #[test]
    fn other_markup_is_text() {
        let html = written("| \\<script> <i> | \\\\ |\n|---|---|\n| x\\");
        assert!(html.contains("&lt;script&gt; &lt;i&gt;"), "{html}");
        assert!(html.contains("<th class=\"text\">\\</th>"), "{html}");
        assert!(!html.contains("<i>"));
        // Torn text makes a torn table, never a panic.
        for torn in ["|", "| a", "| a |\n|", "\\", "**", "| \\"] {
            written(torn);
        }
    }
}
