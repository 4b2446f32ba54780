//! Numbers in the columns of siunitx.

/// The kind of a column with these numbers: their digits before and after the point.
pub(super) fn column<'c>(cells: impl Iterator<Item = &'c str>) -> String {
    let (mut before, mut after, mut sign) = (1, 0, "");
    for centre in cells {
        let number = centre
            .trim_start_matches("{\\boldmath")
            .trim_matches(['$', '{', '}']);
        let number = number.replace("\\,", "");
        let digits = number.trim_start_matches('-');
        // One with a power of its own stands beside them.
        if !digits.starts_with(|c: char| c.is_ascii_digit()) || digits.contains('\\') {
            continue;
        }
        if number.starts_with('-') {
            sign = "-";
        }
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        before = before.max(whole.len());
        after = after.max(part.len());
    }
    format!("S[table-format={sign}{before}.{after}]")
}

/// A cell for a column of siunitx: the number alone, marked by what stands before it.
pub(super) fn cell(cell: &str) -> String {
    let plain = |text: &str| text.trim_matches(['$', '{', '}']).to_owned();
    // It sets thousands apart itself.
    let cell = &cell.replace("\\,", "");
    if let Some(bold) = cell
        .strip_prefix("{\\boldmath$")
        .filter(|bold| !bold.contains('\\'))
    {
        return format!("\\bfseries {}", plain(bold));
    }
    // What is underlined is no number to siunitx: it stands where its column ends.
    match cell.starts_with('$') && !cell.contains('\\') {
        true => plain(cell),
        false => format!("\\multicolumn{{1}}{{r}}{{{cell}}}"),
    }
}
