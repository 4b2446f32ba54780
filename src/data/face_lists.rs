//! The two lists of CelebA: attributes and partition of each picture.

use std::collections::BTreeMap;

use super::FormatError;

/// Which attributes each picture has.
pub(super) struct Attributes {
    pub names: Vec<String>,
    /// 0 or 1 per attribute, by the picture's file name.
    pub rows: BTreeMap<String, Vec<u8>>,
}

/// Reads `list_attr_celeba.txt`: the number of pictures, the names of the attributes, then −1 or 1
/// per attribute for each picture.
pub(super) fn attributes(text: &str) -> Result<Attributes, FormatError> {
    let mut lines = (1..).zip(text.lines());
    let (_, first) = lines.next().unwrap_or((1, ""));
    let count: usize = first.trim().parse().map_err(|_| FormatError::Line {
        line: 1,
        why: "it is not the number of pictures".to_owned(),
    })?;
    let (_, names) = lines.next().unwrap_or((2, ""));
    let names: Vec<String> = names.split_whitespace().map(str::to_owned).collect();
    let mut rows = BTreeMap::new();
    for (line, text) in lines.filter(|(_, text)| !text.trim().is_empty()) {
        let wrong = |why: String| FormatError::Line { line, why };
        let mut fields = text.split_whitespace();
        let picture = fields.next().unwrap_or_default();
        let values: Vec<u8> = fields
            .map(|field| match field {
                "1" => Ok(1),
                "-1" => Ok(0),
                other => Err(wrong(format!("`{other}` is neither 1 nor -1"))),
            })
            .collect::<Result<_, _>>()?;
        if values.len() != names.len() {
            let (found, expected) = (values.len(), names.len());
            return Err(wrong(format!("{found} values for {expected} attributes")));
        }
        rows.insert(picture.to_owned(), values);
    }
    if rows.len() != count {
        return Err(FormatError::Line {
            line: 1,
            why: format!("{count} pictures are announced, {} are listed", rows.len()),
        });
    }
    Ok(Attributes { names, rows })
}

/// Reads `list_eval_partition.txt`: 0, 1 or 2 for train, valid or test after each file name.
pub(super) fn partition(text: &str) -> Result<Vec<(String, u8)>, FormatError> {
    let lines = (1..).zip(text.lines());
    lines
        .filter(|(_, text)| !text.trim().is_empty())
        .map(|(line, text)| {
            let fields: Vec<&str> = text.split_whitespace().collect();
            match fields[..] {
                [picture, part @ ("0" | "1" | "2")] => {
                    Ok((picture.to_owned(), part.as_bytes()[0] - b'0'))
                }
                _ => Err(FormatError::Line {
                    line,
                    why: "it is not a file name and 0, 1 or 2".to_owned(),
                }),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read() {
        let read = attributes("2\nA B \na.jpg -1  1\nb.jpg  1 -1\n").expect("it is well formed");
        assert_eq!(read.names, ["A", "B"]);
        assert_eq!(read.rows["a.jpg"], [0, 1]);
        let parts = partition("a.jpg 0\nb.jpg 2\n").expect("it is well formed");
        assert_eq!(parts, [("a.jpg".into(), 0), ("b.jpg".into(), 2)]);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let message = |text| {
            attributes(text)
                .map(|_| ())
                .expect_err("it is wrong")
                .to_string()
        };
        assert_eq!(message(""), "line 1: it is not the number of pictures");
        assert_eq!(
            message("1\nA\na.jpg 0\n"),
            "line 3: `0` is neither 1 nor -1"
        );
        assert_eq!(
            message("1\nA\na.jpg 1 1\n"),
            "line 3: 2 values for 1 attributes"
        );
        assert_eq!(
            message("2\nA\na.jpg 1\n"),
            "line 1: 2 pictures are announced, 1 are listed"
        );
        let error = partition("a.jpg 0\nb.jpg 3\n").expect_err("there are three parts");
        assert_eq!(
            error.to_string(),
            "line 2: it is not a file name and 0, 1 or 2"
        );
    }
}
