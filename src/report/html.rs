//! Writing HTML and SVG so that nothing can be forgotten to be escaped: only text fixed in the
//! program enters unescaped.

use serde::Serialize;

use crate::text::printable;

/// A page being written.
#[derive(Default)]
pub(super) struct Html {
    out: String,
}

/// Attributes of an element; names are fixed, values are escaped.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a str)];

impl Html {
    /// Markup of the program's own.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.out.push_str(markup);
        self
    }

    /// An opening tag.
    pub(super) fn open(&mut self, tag: &'static str, attributes: Attributes) -> &mut Self {
        self.out.push('<');
        self.out.push_str(tag);
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            self.escaped(value);
            self.out.push('"');
        }
        self.out.push('>');
        self
    }

    /// A closing tag.
    pub(super) fn close(&mut self, tag: &'static str) -> &mut Self {
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push('>');
        // A line per block keeps the file readable and its differences small.
        if matches!(
            tag,
            "p" | "tr" | "section" | "li" | "figure" | "div" | "g" | "h2" | "h3" | "details"
        ) {
            self.out.push('\n');
        }
        self
    }

    /// Text.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.escaped(text);
        self
    }

    /// An element that holds only text.
    pub(super) fn leaf(
        &mut self,
        tag: &'static str,
        attributes: Attributes,
        text: &str,
    ) -> &mut Self {
        self.open(tag, attributes).text(text).close(tag)
    }

    /// Data for the script.
    pub(super) fn data(&mut self, class: &'static str, data: &impl Serialize) -> &mut Self {
        let json = serde_json::to_string(data).expect("plain data is JSON");
        self.open("script", &[("type", "application/json"), ("class", class)]);
        // Nothing in it may end the element or begin another; in JSON these stand in texts only.
        let json = printable(&json).replace('<', "\\u003c");
        self.out.push_str(&json);
        self.close("script").raw("\n")
    }

    /// The finished page.
    pub(super) fn finish(self) -> String {
        self.out
    }

    fn escaped(&mut self, text: &str) {
        for c in printable(text).chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\'' => self.out.push_str("&#39;"),
                c => self.out.push(c),
            }
        }
    }
}

/// A picture of points inside the page: `data:image/png;base64,…`.
pub(super) fn image_uri(format: &str, bytes: &[u8]) -> String {
    use base64::Engine;
    // Whatever else stands there must not end the attribute.
    let format: String = format.chars().filter(char::is_ascii_alphanumeric).collect();
    let bytes = base64::engine::general_purpose::STANDARD.encode(bytes);
    format!("data:image/{format};base64,{bytes}")
}

/// A text inside the page: `data:image/svg+xml,…`.
pub(super) fn data_uri(media_type: &str, text: &str) -> String {
    let mut uri = format!("data:{media_type};charset=utf-8,");
    percent_coded(text, b"-_.~!*();:@$,/ =", &mut uri);
    uri
}

/// The way to a file beside the page.
pub(super) fn href(path: &str) -> String {
    let mut uri = String::new();
    percent_coded(path, b"-_.~/", &mut uri);
    uri
}

fn percent_coded(text: &str, also_plain: &[u8], uri: &mut String) {
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || also_plain.contains(&byte);
        if plain {
            uri.push(char::from(byte));
        } else {
            uri.push('%');
            for nibble in [byte >> 4, byte & 15] {
                uri.push(char::from(b"0123456789ABCDEF"[usize::from(nibble)]));
            }
        }
    }
}
