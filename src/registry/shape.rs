//! Shapes of observations, as people read them.

/// `2 numbers`, `784 numbers (1 × 28 × 28)`
pub fn shape_text(shape: &[usize]) -> String {
    let count: usize = shape.iter().product();
    let numbers = crate::text::plural(count, "number");
    match shape.len() > 1 {
        false => numbers,
        true => {
            let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
            format!("{numbers} ({})", sizes.join(" × "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_counted() {
        assert_eq!(shape_text(&[1]), "1 number");
        assert_eq!(shape_text(&[1, 28, 28]), "784 numbers (1 × 28 × 28)");
    }
}
